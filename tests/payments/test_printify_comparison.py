"""Printify's orders against ours: all of them since the last complete run, and what they cost (E8, F11, I1)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.utils import timezone

from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations import alerts
from ilytat.integrations.models import Alert
from orders.models import Fulfilment
from payments import ledger, reconciliation
from payments.ledger import book_credit
from payments.models import Difference, ReconcileRun, StepOutcome
from tests.orders.conftest import SHOP, Upstream
from tests.payloads import payload
from tests.payments.conftest import API, Till, awaits_production, printing_began

pytestmark = pytest.mark.django_db
UNKNOWN = "K7M2PQ4X"  # has the form of our numbers
Order = dict[str, Any]


@pytest.fixture
def quiet(till: Till, upstream: Upstream) -> Till:
    """Nothing is new anywhere."""
    till.mock.upsert("GET", f"{API}/events", json={"object": "list", "data": [], "has_more": False})
    till.lists()
    upstream.listed()
    return till


def listed_order(number: int, external_id: str = "BY-HAND", *, hours_ago: float, **changes: Any) -> Order:
    created = str(timezone.now() - timedelta(hours=hours_ago))
    metadata = {"shop_order_id": external_id}
    return payload("printify/order", id=f"order-{number}", metadata=metadata, created_at=created, **changes)


def page_by_page(till: Till, orders: list[Order]) -> None:
    """From now on the order list answers ten of these at a time."""

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        page = int(parse_qs(urlsplit(str(request.url)).query)["page"][0])
        last = -(-len(orders) // 10)
        data = {"data": orders[page * 10 - 10 : page * 10], "last_page": last, "total": len(orders)}
        return 200, {}, json.dumps(payload("printify/order_page", **data))

    till.mock.remove("GET", f"{SHOP}/orders.json")
    till.mock.add_callback("GET", f"{SHOP}/orders.json", answer)


def pages_read(till: Till) -> int:
    return len(till.asked("GET", "/orders.json"))


def compared() -> list[Difference]:
    return list(reconciliation.run().differences.all())


def unexplained(kind: str) -> list[Difference]:
    return [row for row in compared() if not row.explained and row.kind == kind]


# --- how far it reads -----------------------------------------------------------------------------------------


def test_an_unknown_order_on_the_last_of_twelve_pages_is_found(quiet: Till) -> None:
    orders = [listed_order(number, hours_ago=number) for number in range(119)]
    page_by_page(quiet, [*orders, listed_order(119, UNKNOWN, hours_ago=119)])
    run = reconciliation.run()
    [lost] = run.differences.filter(explained=False)
    assert (lost.kind, lost.printify_order_id) == ("order unknown here", "order-119")
    assert (run.looked["printify orders"], pages_read(quiet)) == (120, 12)


def test_the_next_run_reads_to_the_mark_of_the_last_complete_one(quiet: Till) -> None:
    """Page 6 is the first that is older than the mark as a whole; what it does not reach is not lost from view."""
    page_by_page(quiet, [listed_order(number, hours_ago=number + 2) for number in range(300)])
    first = reconciliation.run()
    before = pages_read(quiet)
    second = reconciliation.run()
    assert (before, pages_read(quiet) - before) == (30, 5)
    mark = second.steps.get(name="printify").since
    assert mark == first.steps.get(name="printify").started_at - reconciliation.OVERLAP


def test_the_first_run_reads_thirty_days(quiet: Till) -> None:
    page_by_page(quiet, [listed_order(number, hours_ago=24 * number) for number in range(100)])
    reconciliation.run()
    assert pages_read(quiet) == 5, "31 orders are young enough, and the newest 50 are always read"
    page_by_page(quiet, [listed_order(number, hours_ago=12 * number - 1) for number in range(100)])
    Difference.objects.all().delete()
    ReconcileRun.objects.all().delete()
    reconciliation.run()
    assert pages_read(quiet) == 5 + 8, "61 orders are young enough; page 8 is the first of older ones"


def test_a_walk_that_was_cut_short_does_not_move_the_mark(quiet: Till, upstream: Upstream) -> None:
    page_by_page(quiet, [listed_order(number, hours_ago=number + 2) for number in range(300)])
    reconciliation.run()
    at = ReconcileRun.objects.get().steps.get(name="printify").started_at
    quiet.mock.upsert("GET", f"{SHOP}/orders.json", status=500)
    broken = reconciliation.run()
    assert broken.steps.get(name="printify").outcome == StepOutcome.UNAVAILABLE
    upstream.listed()
    assert reconciliation.run().steps.get(name="printify").since == at - reconciliation.OVERLAP


def test_a_list_with_a_hole_is_reported_and_does_not_move_the_mark(quiet: Till) -> None:
    quiet.mock.upsert("GET", f"{SHOP}/orders.json", json=payload("printify/order_page", total=1))
    run = reconciliation.run()
    assert run.problems == ["printify: Printify counts 1 orders and listed 0."]
    assert run.steps.get(name="printify").outcome == StepOutcome.INCOMPLETE
    assert Alert.objects.filter(key=reconciliation.UNFINISHED_ALERT, closed_at=None).exists()


def test_an_open_difference_is_compared_again_though_no_page_reaches_it(quiet: Till, upstream: Upstream) -> None:
    """A canceled order that lives on at Printify stays in the queue until it is canceled there."""
    job = awaits_production(quiet)
    alive = upstream.order("on-hold", metadata={"shop_order_id": job.external_id})
    Fulfilment.objects.update(state="canceled", printify_order_id=alive["id"])
    upstream.listed(alive)
    assert len(unexplained("alive at Printify")) == 1
    upstream.listed()
    for _ in range(2):
        assert len(unexplained("alive at Printify")) == 1
    assert len(list(ATTENTION_SOURCES["differences"].rows())) == 1
    upstream.order("canceled", metadata={"shop_order_id": job.external_id})
    assert unexplained("alive at Printify") == []


def test_an_open_difference_survives_a_run_that_could_not_ask(quiet: Till, upstream: Upstream) -> None:
    job = awaits_production(quiet)
    alive = upstream.order("on-hold", metadata={"shop_order_id": job.external_id})
    Fulfilment.objects.update(state="canceled", printify_order_id=alive["id"])
    upstream.listed(alive)
    compared()
    detail = f"{SHOP}/orders/{alive['id']}.json"
    quiet.mock.upsert("GET", detail, status=500)
    assert compared() == []
    upstream.order("on-hold", metadata={"shop_order_id": job.external_id})
    upstream.listed()
    assert len(unexplained("alive at Printify")) == 1


@pytest.mark.parametrize(("status", "code"), [(404, None), (400, 8104)])
def test_an_order_that_is_gone_at_printify_is_asked_for_once_more(
    quiet: Till, upstream: Upstream, status: int, code: int | None
) -> None:
    stranger = listed_order(1, awaits_production(quiet).external_id, hours_ago=1)
    Fulfilment.objects.update(printify_order_id="another")
    upstream.listed(stranger)
    assert len(unexplained("stranger")) == 1
    upstream.listed()
    quiet.mock.add("GET", f"{SHOP}/orders/order-1.json", status=status, json={"code": code})
    for _ in range(2):
        assert compared() == []
    assert len(quiet.asked("GET", "/orders/order-1.json")) == 1


# --- what it costs --------------------------------------------------------------------------------------------


@pytest.fixture
def charged(quiet: Till, upstream: Upstream) -> Callable[..., Fulfilment]:
    """An order in production whose goods (11.00) and shipping (4.75) were expected; Printify charges as given."""

    def make(*, booked: int, **totals: int) -> Fulfilment:
        job = Fulfilment.objects.select_related("order").first() or printing_began(awaits_production(quiet))
        Fulfilment.objects.update(printify_order_id="p1", upstream_status="in-production", upstream_cost=booked)
        found = upstream.order("in-production", order_id="p1", metadata={"shop_order_id": job.external_id}, **totals)
        upstream.listed(found)
        return job

    return make


def test_a_charge_that_was_booked_and_expected_is_no_difference(charged: Callable[..., Fulfilment]) -> None:
    charged(booked=1575, total_price=1100, total_shipping=475, total_tax=0)
    assert compared() == []


@pytest.mark.parametrize(
    ("booked", "totals", "text"),
    [
        (1575, (1100, 475, 101), "Printify charged $16.76 for order {}, $1.01 of it tax, $15.75 was booked"),
        (1575, (1200, 576, 0), "Printify charged $17.76 for order {}, $15.75 was booked"),
        (1776, (1200, 576, 0), "Printify charged $17.76 for order {}, $17.76 was booked, $15.75 was expected"),
        (0, (1100, 576, 0), "Printify charged $16.76 for order {}, $15.75 was expected"),
        (0, (998, 475, 0), "Printify charged $14.73 for order {}, $15.75 was expected"),
    ],
)
def test_a_charge_over_the_tolerance_is_reported_and_booked(
    charged: Callable[..., Fulfilment], booked: int, totals: tuple[int, int, int], text: str
) -> None:
    job = charged(booked=booked, **dict(zip(("total_price", "total_shipping", "total_tax"), totals, strict=True)))
    [difference] = unexplained("charge differs")
    assert difference.explanation.startswith(text.format(job.order.number))
    assert ledger.margin_for_order(job.order).printify == sum(totals)
    [row] = ATTENTION_SOURCES["incidents"].rows()
    assert text.format(job.order.number) in row.what
    assert list(ATTENTION_SOURCES["differences"].rows()) == [], "one place in the queue is enough"


@pytest.mark.parametrize(("booked", "totals"), [(1575, (1100, 475, 100)), (0, (1100, 575, 0)), (0, (1100, 475, 300))])
def test_a_charge_within_the_tolerance_is_booked_silently(
    charged: Callable[..., Fulfilment], booked: int, totals: tuple[int, int, int]
) -> None:
    """Printify's tax was never ours to foresee."""
    job = charged(booked=booked, **dict(zip(("total_price", "total_shipping", "total_tax"), totals, strict=True)))
    assert compared() == []
    assert ledger.margin_for_order(job.order).printify == sum(totals)


def test_a_charge_is_asked_about_until_staff_close_it_and_again_when_it_changes(
    charged: Callable[..., Fulfilment],
) -> None:
    charged(booked=0, total_price=1300)
    for _ in range(2):
        assert len(unexplained("charge differs")) == 1
    assert Alert.objects.filter(key__startswith="printify-charge:").count() == 1
    alerts.close_alert("printify-charge:p1:1775")
    [row] = compared()
    assert (row.explained, row.action) == (True, "staff have dealt with it")
    charged(booked=1775, total_price=1500)
    assert len(unexplained("charge differs")) == 1


def test_a_change_is_booked_and_told_of_in_one_transaction(
    charged: Callable[..., Fulfilment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the two would leave a booked cost that nobody had looked at."""
    job = charged(booked=1474, total_price=1100)

    def crash(*_args: object, **_named: object) -> None:
        raise RuntimeError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(alerts, "open_alert", crash)
        patch.setattr(reconciliation, "_tell", lambda _run: None)
        assert reconciliation.run().steps.get(name="printify").outcome == StepOutcome.FAILED
    job.refresh_from_db()
    assert job.upstream_cost == 1474
    assert len(unexplained("charge differs")) == 1


def test_a_credit_explains_what_was_charged_too_much(charged: Callable[..., Fulfilment]) -> None:
    job = charged(booked=0, total_price=1300)
    assert len(unexplained("charge differs")) == 1
    book_credit(job.order, 200, reference="PR-1", booked_by="eva", form_token="t1")
    assert compared() == []


def test_a_credit_does_not_make_an_expected_charge_too_low(charged: Callable[..., Fulfilment]) -> None:
    job = charged(booked=1575, total_price=1100, total_shipping=475, total_tax=0)
    book_credit(job.order, 550, reference="PR-1", booked_by="eva", form_token="t1")
    assert compared() == []


@pytest.mark.parametrize("state", ["on-hold", "canceled", "pending"])
def test_a_draft_is_not_charged_for(quiet: Till, upstream: Upstream, state: str) -> None:
    job = awaits_production(quiet)
    found = upstream.order(state, metadata={"shop_order_id": job.external_id}, total_price=9900)
    Fulfilment.objects.update(printify_order_id=found["id"], upstream_status=state, state="created")
    upstream.listed(found)
    assert not [row for row in compared() if row.kind == "charge differs"]


def test_what_is_expected_counts_quoted_shipping_and_only_known_costs(quiet: Till) -> None:
    order = awaits_production(quiet).order
    order.quote, order.shipping = {"parcels": [[99, 475]]}, 0
    assert reconciliation.expected_charge(order) == (1575, 1575), "free for the buyer, not for us"
    order.lines.update(unit_cost=0)
    assert reconciliation.expected_charge(order) == (0, 0)
