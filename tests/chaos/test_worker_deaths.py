"""Workers die with their whole machine between every two steps of an order (RELIABILITY B7 to B15 and B18)."""

from dataclasses import dataclass

import pytest

from tests.chaos.failpoint import Failpoint
from tests.chaos.outcome import MAILS, column, ends_well, mails, order_state, printing, upstream
from tests.shopper import Shopper
from tests.stack import Stack

CREATE = "printify.orders.create"
PRODUCE = "printify.orders.send_to_production"
QUEUES = "ilytat.integrations.jobs"
PRINTIFY = "catalog.printify.client:Printify"


@dataclass(frozen=True)
class Left:
    """What a death leaves: the order's state, the fulfilment's ([] for none yet), drafts and prints at Printify."""

    order: str
    printing: tuple[str, ...]
    drafts: int
    prints: int


UNPAID = Left("awaiting_payment", (), 0, 0)
PAID = Left("paid", ("new",), 0, 0)
POSTED = Left("paid", ("new",), 1, 0)
CREATED = Left("paid", ("created",), 1, 0)
SENT = Left("paid", ("created",), 1, 1)
PRINTING = Left("paid", ("in_production",), 1, 1)

DEATHS = {
    "B7 message heard, row not claimed": (Failpoint(f"{QUEUES}:work_due", "before", "inbox"), UNPAID, "always"),
    "B7 row claimed, nothing asked": (Failpoint(f"{QUEUES}:_attempt", "before", "inbox"), UNPAID, ""),
    "B8 paid, before the commit": (Failpoint("orders.emails:order_confirmed", "after"), UNPAID, "servers"),
    "B8 committed, before the next row": (Failpoint(f"{QUEUES}:_attempt", "after", "inbox"), PAID, ""),
    "B9 intent written, not posted": (Failpoint(f"{PRINTIFY}.create_order", "before"), PAID, "servers"),
    "B11 accepted, its id not saved": (Failpoint(f"{PRINTIFY}.create_order", "after"), POSTED, "always"),
    "B12 id saved, production not asked": (Failpoint(f"{QUEUES}:_attempt", "after", "fulfilment"), CREATED, ""),
    "B12 wish written, production not asked": (
        Failpoint(f"{PRINTIFY}.send_to_production", "before"),
        CREATED,
        "servers",
    ),
    "B13 production begun, not saved": (Failpoint(f"{PRINTIFY}.send_to_production", "after"), SENT, "servers"),
    "B13 saved, before the next row": (Failpoint(f"{QUEUES}:_attempt", "after", "fulfilment", nth=2), PRINTING, ""),
}


@pytest.mark.parametrize(
    ("point", "left"),
    [pytest.param(p, left, id=name, marks=pytest.mark.sample(run)) for name, (p, left, run) in DEATHS.items()],
)
def test_a_worker_dies(shop: Stack, point: Failpoint, left: Left) -> None:
    shop.kill_worker()
    shop.start_worker(point=point)
    number = Shopper(shop).buy()
    shop.died("worker", point)
    drafts = upstream(shop, number)
    found = Left(
        order_state(shop, number), tuple(printing(shop, number)), len(drafts), sum(d["productions"] for d in drafts)
    )
    assert found == left
    shop.start_worker()
    ends_well(shop, number)


@pytest.mark.parametrize(
    ("when", "left"),
    [
        pytest.param("before", 0, id="B14", marks=pytest.mark.sample("servers")),
        pytest.param("after", 1, id="B15", marks=pytest.mark.sample("servers")),
    ],
)
def test_a_worker_dies_around_the_handing_over_of_a_mail(shop: Stack, when: str, left: int) -> None:
    point = Failpoint("notifications.delivery:send_message", "before" if when == "before" else "after", "OutgoingEmail")
    shop.kill_worker()
    shop.start_worker(point=point)
    number = Shopper(shop).buy()
    shop.died("worker", point)
    assert column(shop, "SELECT reference, state FROM notifications_outgoingemail", number) == ["new"]
    assert len(mails(shop, number)) == left
    shop.start_worker()
    ends_well(shop, number)
    assert len(mails(shop, number)) == MAILS + left, "what was not noted leaves once more"


@pytest.mark.parametrize(
    "step",
    [pytest.param(CREATE, id="B10", marks=pytest.mark.sample("servers")), pytest.param(PRODUCE, id="B13")],
)
def test_a_worker_dies_while_it_waits_for_the_answer(shop: Stack, step: str) -> None:
    fault = shop.sandbox.arm(step, "accept_then_hang", params={"seconds": 4})
    number = Shopper(shop).buy()
    shop.wait_for(lambda: shop.sandbox.fired(fault), what="the call")
    shop.wait_for(lambda: [d for d in upstream(shop, number) if step == CREATE or d["productions"]], what="acceptance")
    shop.kill_worker()
    shop.start_worker()
    ends_well(shop, number)


@pytest.mark.sample("servers")
def test_a_deploy_ends_workers_in_the_middle_of_a_task(shop: Stack) -> None:
    """B18: SIGTERM lets the step end; what is left is for the next worker."""
    fault = shop.sandbox.arm(CREATE, "accept_then_hang", params={"seconds": 2})
    number = Shopper(shop).buy()
    shop.wait_for(lambda: upstream(shop, number), what="the draft")
    shop.stop("worker")
    assert shop.sandbox.fired(fault) == 1
    shop.start_worker()
    ends_well(shop, number)
