"""Stripe, orders and Printify side by side: each difference named, what can be mended mended (D20, E8, I1, I2)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from ilytat.integrations import attention
from ilytat.integrations.models import Alert, InboundEvent
from orders import lifecycle
from orders.models import Fulfilment
from payments import cancellation, reconciliation
from payments.models import Payment, ReconcileRun, Refund
from tests import factories
from tests.orders.conftest import Upstream
from tests.payloads import payload
from tests.payments.conftest import (
    API,
    INTENT,
    Till,
    awaits_production,
    event_body,
    handle,
    kept,
    opened,
    paid_session,
    printing_began,
    waiting,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def quiet(till: Till, upstream: Upstream) -> Till:
    """Nothing is new anywhere."""
    _told(till)
    till.lists()
    upstream.listed()
    return till


def _told(till: Till, *events: dict[str, Any]) -> None:
    till.mock.upsert("GET", f"{API}/events", json={"object": "list", "data": list(events), "has_more": False})


def _kinds(*, explained: bool) -> list[str]:
    return list(
        ReconcileRun.objects.latest("pk").differences.filter(explained=explained).values_list("kind", flat=True)
    )


def test_books_that_agree_say_so(quiet: Till, capsys: pytest.CaptureFixture[str]) -> None:
    awaits_production(quiet)
    call_command("reconcile")
    assert capsys.readouterr().out.strip().endswith("0 unexplained")
    assert not ReconcileRun.objects.get().differences.exists()


def test_an_event_that_never_came_is_taken_in_once(quiet: Till) -> None:
    _told(quiet, payload("stripe/event", type="refund.created", data={"object": {"id": "re_1"}}))
    reconciliation.run()
    assert _kinds(explained=True) == ["event missed"]
    assert InboundEvent.objects.get().state == "new"
    reconciliation.run()
    assert _kinds(explained=True) == []


def test_a_refund_nobody_told_of_is_booked(quiet: Till) -> None:
    awaits_production(quiet)
    quiet.refund(metadata={}, id="re_there")
    reconciliation.run()
    assert _kinds(explained=True) == ["refund unknown"]
    assert Refund.objects.get().origin == "dashboard"


def test_a_fee_that_came_late_is_booked(quiet: Till) -> None:
    awaits_production(quiet)
    Payment.objects.update(fee=None)
    quiet.mock.add("GET", f"{API}/payment_intents/{INTENT}", json=payload("stripe/intent"))
    reconciliation.run()
    assert (_kinds(explained=True), Payment.objects.get().fee) == (["fee unknown"], 116)


def test_what_nothing_explains_waits_for_a_person(quiet: Till) -> None:
    job = awaits_production(quiet)
    Payment.objects.update(captured=1)
    factories.paid_order()
    Fulfilment.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(hours=2))
    reconciliation.run()
    assert _kinds(explained=False) == ["amount differs", "not submitted", "paid without money"]
    assert "3 differences" in Alert.objects.get(key=reconciliation.ALERT).message
    source = attention._sources["differences"]
    assert len(list(source.rows())) == 3


@pytest.mark.parametrize(
    ("external", "status", "explained"),
    [("BY-HAND", "on-hold", True), ("", "in-production", True), ("OURS", "on-hold", False), ("OURS", "canceled", True)],
)
def test_strangers_at_printify_are_named(
    quiet: Till, upstream: Upstream, external: str, status: str, *, explained: bool
) -> None:
    """Ours: the number of an order that has another draft."""
    job = awaits_production(quiet)
    Fulfilment.objects.update(printify_order_id="another")
    number = job.external_id if external == "OURS" else external
    upstream.listed(upstream.order(status, metadata={"shop_order_id": number}))
    reconciliation.run()
    assert _kinds(explained=explained) == ["stranger"]
    assert not Alert.objects.filter(key__startswith="unknown-order:").exists()


def test_what_is_canceled_here_and_alive_there_is_told(quiet: Till, upstream: Upstream) -> None:
    job = awaits_production(quiet)
    found = upstream.order("in-production", metadata={"shop_order_id": job.external_id})
    Fulfilment.objects.update(state="canceled", printify_order_id=found["id"])
    upstream.listed(found)
    reconciliation.run()
    assert _kinds(explained=False) == ["alive at Printify"]


def test_a_provider_that_is_down_is_named_and_the_rest_is_compared(quiet: Till) -> None:
    quiet.mock.upsert("GET", f"{API}/events", status=500)
    made = reconciliation.run()
    assert made.problems[0].startswith("events: ")
    assert "printify orders" in made.looked


def test_what_cannot_be_told_yet_is_named_and_the_rest_is_compared(quiet: Till) -> None:
    """A refund at Stripe for money that a wish of ours is just asking for: the next run finds it again."""
    awaits_production(quiet)
    wish = cancellation.request_refund(
        Payment.objects.get(), 2974, reason="requested_by_customer", requested_by="staff"
    )
    Refund.objects.filter(pk=wish.pk).update(first_try=timezone.now())
    quiet.refund(metadata={}, id="re_there", amount=2974)
    made = reconciliation.run()
    assert made.problems == ["refunds: a refund of ours for the same money as re_there"]
    assert "printify orders" in made.looked


def test_payments_of_the_other_mode_are_not_asked_for_with_this_key(quiet: Till) -> None:
    awaits_production(quiet)
    Payment.objects.update(live=True, fee=None)
    made = reconciliation.run()
    assert (made.looked["fees"], made.looked["payments"], made.problems) == (0, 0, [])


@pytest.mark.parametrize("how", ["accepted", "rests"])
def test_an_amount_that_a_person_knows_of_is_explained(quiet: Till, how: str) -> None:
    order = waiting()
    opened(order)
    quiet.session(paid_session(order, amount_total=1))
    handle(kept(event_body(id="evt_paid")))
    if how == "accepted":
        order.refresh_from_db()
        assert lifecycle.accept(order, who="eva")
        order.events.update(why="Other words, which decide nothing.")
    reconciliation.run()
    assert (_kinds(explained=True), _kinds(explained=False)) == (["amount differs"], [])


def test_trouble_that_only_the_comparison_saw_is_told_like_any(quiet: Till, upstream: Upstream) -> None:
    job = printing_began(awaits_production(quiet))
    found = upstream.order("canceled", metadata={"shop_order_id": job.external_id})
    Fulfilment.objects.update(printify_order_id=found["id"], upstream_status="in-production")
    upstream.listed(found)
    reconciliation.run()
    job.refresh_from_db()
    assert job.state == "attention"
    assert Alert.objects.filter(key=f"fulfilment:{job.external_id}", closed_at=None).count() == 1
