"""The shop's web server dies between every two steps of a purchase and of a webhook (RELIABILITY B1 to B6)."""

from contextlib import suppress

import pytest
import requests

from tests.chaos.failpoint import Failpoint
from tests.chaos.outcome import column, ends_well, order_state
from tests.shopper import Shopper
from tests.stack import Stack

GATEWAY = "payments.gateway:create_session"
RECEIVE = "ilytat.integrations.inbox:receive"
TOLD = "SELECT source, event_id FROM integrations_inboundevent"


def _dies_at_checkout(shop: Stack, shopper: Shopper, point: Failpoint) -> None:
    shop.kill("web")
    shop.start_web(point)
    with pytest.raises(requests.RequestException):
        shopper.to_stripe()
    shop.died("web", point)


def _only_order(shop: Stack, before: set[str]) -> str:
    (number,) = _orders(shop) - before
    return number


def _orders(shop: Stack) -> set[str]:
    return {number for (number,) in shop.sql("SELECT number FROM orders_order")}


@pytest.mark.sample("always")
def test_order_committed_and_stripe_not_asked(shop: Stack) -> None:
    """B1: it awaits payment; pressing again goes on with the same order under the same key."""
    before, shopper = _orders(shop), Shopper(shop)
    _dies_at_checkout(shop, shopper, Failpoint(GATEWAY, "before"))
    number = _only_order(shop, before)
    assert order_state(shop, number) == "awaiting_payment"
    shop.start_web()
    session_id = shopper.agree()
    assert shopper.number(session_id) == number
    shopper.pay(session_id)
    ends_well(shop, number)


@pytest.mark.sample("servers")
def test_session_made_and_its_id_not_saved(shop: Stack) -> None:
    """B2: the buyer may pay a session we never heard of; the money finds its order."""
    before, shopper = _orders(shop), Shopper(shop)
    _dies_at_checkout(shop, shopper, Failpoint(GATEWAY, "after"))
    number = _only_order(shop, before)
    sessions = (
        "SELECT o.number, s.stripe_session_id FROM payments_checkoutsession s JOIN orders_order o ON o.id = s.order_id"
    )
    assert column(shop, sessions, number) == [None]
    shop.start_web()
    (session,) = [row for row in shop.sandbox.state()["sessions"] if row["client_reference_id"] == number]
    shopper.pay(session["id"])
    ends_well(shop, number)


def test_session_made_and_its_id_not_saved_and_pressed_again(shop: Stack) -> None:
    """B2: the same key gives back the same session."""
    before, shopper = _orders(shop), Shopper(shop)
    _dies_at_checkout(shop, shopper, Failpoint(GATEWAY, "after"))
    number = _only_order(shop, before)
    shop.start_web()
    shopper.pay(shopper.agree())
    assert len([row for row in shop.sandbox.state()["sessions"] if row["client_reference_id"] == number]) == 1
    ends_well(shop, number)


@pytest.mark.sample("servers")
def test_web_dies_when_the_buyer_has_left_for_stripe(shop: Stack) -> None:
    """B3: nothing is lost, and Stripe tries again what nobody answered."""
    shopper = Shopper(shop)
    session_id = shopper.to_stripe()
    shop.kill("web")
    shopper.pay(session_id)
    shop.start_web()
    ends_well(shop, shopper.number(session_id))


@pytest.mark.parametrize(
    ("point", "kept"),
    [
        pytest.param(Failpoint(RECEIVE, "before", "stripe"), False, id="B4", marks=pytest.mark.sample("always")),
        pytest.param(Failpoint(RECEIVE, "after", "stripe"), True, id="B5", marks=pytest.mark.sample("servers")),
        pytest.param(Failpoint("ilytat.integrations.jobs:_send", "before", "inbox"), True, id="B6"),
    ],
)
def test_web_dies_around_the_keeping_of_a_webhook(shop: Stack, point: Failpoint, *, kept: bool) -> None:
    """Stripe had no 200, so it sends again; that finds the row, if there was one. The worker rests meanwhile."""
    shop.kill_worker()
    shopper = Shopper(shop)
    session_id = shopper.to_stripe()
    number = shopper.number(session_id)
    shop.kill("web")
    shop.start_web(point)
    before = len(shop.sql(TOLD))
    with suppress(requests.RequestException):
        shopper.pay(session_id)
    shop.died("web", point)
    assert bool(len(shop.sql(TOLD)) - before) == kept
    assert order_state(shop, number) == "awaiting_payment"
    shop.start_web()
    shop.start_worker()
    ends_well(shop, number)
    (total, different), *_ = shop.sql("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM integrations_inboundevent")
    assert total == different, "one row an event"


def test_a_message_that_nobody_heard_is_not_needed(shop: Stack) -> None:
    """B6: the event is kept, its message is lost, and Stripe, which had its 200, is silent. The sweep finds it."""
    shop.kill_worker()
    shop.stop("beat")
    number = Shopper(shop).buy()
    shop.wait_for(
        lambda: [d for d in shop.sandbox.state()["deliveries"] if d["state"] == "delivered"], what="the event"
    )
    shop.flush_broker()
    shop.start_beat()
    shop.start_worker()
    ends_well(shop, number)


@pytest.mark.sample("servers")
def test_the_machine_loses_power(shop: Stack) -> None:
    """B19: every process at once, and all that the broker held. The database is what remains."""
    shop.sandbox.arm("printify.orders.create", "500", times=1)
    numbers = [Shopper(shop).buy(nth=i) for i in range(2)]
    for name in ("worker", "web", "beat"):
        shop.kill(name)
    shop.flush_broker()
    shop.start_web()
    shop.start_beat()
    shop.start_worker()
    ends_well(shop, *numbers)
