"""Stripe, orders and Printify side by side: each difference named, what can be mended mended (D20, E8, I1, I2)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations import inbox
from ilytat.integrations.errors import Result
from ilytat.integrations.models import Alert, InboundEvent
from orders import lifecycle
from orders.models import Fulfilment
from payments import cancellation, gateway, reconciliation, refunds, tasks
from payments.models import Difference, Payment, ReconcileRun, ReconcileStep, Refund, StepOutcome
from payments.stripe_objects import RefundFacts
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
from tests.payments.world import Killed

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
    source = ATTENTION_SOURCES["differences"]
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
    assert made.problems == [f"refunds: {wish.payment.order.number}: a refund of ours for the same money as re_there"]
    assert "printify orders" in made.looked


def test_a_refund_that_cannot_be_booked_yet_keeps_no_other_payment_from_being_read(
    quiet: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [waiting() for _ in range(3)]
    for order in orders:
        Payment.objects.create(order=order, payment_intent_id=f"pi_{order.pk}", captured=2974, currency="USD", fee=0)
    book, blocked = refunds.apply, {f"pi_{order.pk}" for order in (orders[0], orders[2])}

    def book_one(refund: RefundFacts) -> Result:
        if refund.payment_intent in blocked:
            raise inbox.NotYetKnown(f"refund {refund.id}")
        return book(refund)

    monkeypatch.setattr(refunds, "apply", book_one)
    made_there: dict[str, Any] = {
        "status": "succeeded",
        "amount": 1000,
        "key": "",
        "reason": "",
        "failure": "",
        "reference": "",
    }
    monkeypatch.setattr(
        gateway,
        "refunds_of",
        lambda intent: [RefundFacts(id=f"re_{intent}", payment_intent=intent, **made_there)],
    )
    made = reconciliation.run()
    assert Refund.objects.get().payment.order == orders[1]
    step = made.steps.get(name="refunds")
    assert step.outcome == StepOutcome.INCOMPLETE
    assert all(f"{order.number}: refund re_pi_{order.pk}" in step.detail for order in (orders[0], orders[2]))
    blocked.clear()
    assert reconciliation.run().steps.get(name="refunds").outcome == StepOutcome.DONE
    assert Refund.objects.count() == 3


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


# --- limits, and runs that do not end -------------------------------------------------------------------------


def _unfinished() -> Alert | None:
    return Alert.objects.filter(key=reconciliation.UNFINISHED_ALERT, closed_at=None).first()


def _long_ago(run: ReconcileRun) -> None:
    """As if it had begun so long ago that its process must be dead."""
    at = timezone.now() - timedelta(seconds=reconciliation.DEAD_SECONDS + 1)
    ReconcileRun.objects.filter(pk=run.pk).update(started_at=at)


def _kill_in(monkeypatch: pytest.MonkeyPatch, step: str) -> ReconcileRun:
    """Begin a run whose process dies inside of `step`, after it has found one difference."""

    def die(run: ReconcileRun, _since: datetime) -> Iterator[Difference]:
        yield Difference(run=run, kind="found", reference="before the kill", explanation="x", action="y")
        raise Killed

    with monkeypatch.context() as patch:
        patch.setitem(reconciliation.STEPS, step, replace(reconciliation.STEPS[step], compare=die))
        with pytest.raises(Killed):
            reconciliation.run()
    return ReconcileRun.objects.latest("pk")


def _outcomes(run: ReconcileRun) -> dict[str, str]:
    return dict(run.steps.values_list("name", "outcome"))


def test_a_run_keeps_the_outcome_and_the_limit_of_each_step(quiet: Till) -> None:
    run = reconciliation.run()
    assert _outcomes(run) == dict.fromkeys(reconciliation.STEPS, StepOutcome.DONE)
    limits = {name: step.seconds for name, step in reconciliation.STEPS.items()}
    assert dict(run.steps.values_list("name", "limit_seconds")) == limits
    assert not run.steps.filter(ended_at=None).exists()


def test_a_run_that_was_killed_in_a_step_says_which_and_keeps_what_it_had_found(
    quiet: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _kill_in(monkeypatch, "refunds")
    assert run.ended_at is None
    assert _outcomes(run) == {"events": "done", "unknown": "done", "fees": "done", "refunds": "running"}
    assert run.differences.get().kind == "found"


def test_a_run_that_did_not_end_opens_an_alert_that_the_next_complete_run_closes(
    quiet: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    _long_ago(_kill_in(monkeypatch, "refunds"))
    tasks.reconcile()
    alert = _unfinished()
    assert alert is not None
    assert "did not end. Last step: refunds: running." in alert.message
    reconciliation.run()
    assert _unfinished() is None
    tasks.reconcile()
    assert _unfinished() is None, "what a complete run has made up for is not reported again"


def test_the_next_run_notices_that_the_last_one_did_not_end(quiet: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    _long_ago(_kill_in(monkeypatch, "events"))
    _kill_in(monkeypatch, "events")
    assert _unfinished() is not None, "no run has completed since"


def test_a_run_that_is_under_way_is_no_dead_one(quiet: Till) -> None:
    ReconcileRun.objects.create()
    tasks.reconcile()
    assert _unfinished() is None


def test_a_killed_step_does_not_move_its_mark(quiet: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    before = reconciliation.run().steps.get(name="refunds").started_at
    killed = _kill_in(monkeypatch, "refunds")
    after = reconciliation.run()
    assert after.steps.get(name="refunds").since == before - reconciliation.OVERLAP
    events_mark = killed.steps.get(name="events").started_at - reconciliation.OVERLAP
    assert after.steps.get(name="events").since == events_mark


@pytest.mark.parametrize("name", ["events", "refunds", "printify"])
def test_a_step_over_its_limit_stops_and_the_others_are_compared(
    quiet: Till, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Its time is over before its first call: not one goes out."""
    awaits_production(quiet)
    monkeypatch.setitem(reconciliation.STEPS, name, replace(reconciliation.STEPS[name], seconds=0))
    before = len(quiet.mock.calls)
    run = reconciliation.run()
    paths = [str(call.request.url).split("?")[0].rsplit("/", 1)[1] for call in list(quiet.mock.calls)[before:]]
    others = {"events": "events", "refunds": "refunds", "printify": "orders.json"}
    assert others.pop(name) not in paths
    assert set(others.values()) <= set(paths)
    assert _outcomes(run) == dict.fromkeys(reconciliation.STEPS, "done") | {name: "out_of_time"}
    assert run.problems == [f"{name}: It did not finish within 0 seconds."]
    alert = _unfinished()
    assert alert is not None
    assert f"{name}: It did not finish within 0 seconds." in alert.message
    monkeypatch.undo()
    reconciliation.run()
    assert _unfinished() is None


def test_the_runs_page_names_the_step_that_did_not_finish(
    quiet: Till, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(reconciliation.STEPS, "events", replace(reconciliation.STEPS["events"], seconds=0))
    run = reconciliation.run()
    page = admin_client.get(f"/admin/payments/reconcilerun/{run.pk}/change/").content.decode()
    assert "stopped at its time limit" in page
    assert "It did not finish within 0 seconds." in page


def test_a_step_that_is_over_its_limit_between_two_differences_keeps_the_first(
    quiet: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(run: ReconcileRun, _since: datetime) -> Iterator[Difference]:
        for number in count():
            yield Difference(run=run, kind="found", reference=str(number), explanation="x", action="y")

    monkeypatch.setitem(reconciliation.STEPS, "money", reconciliation.Step(endless, 0))
    run = reconciliation.run()
    assert (run.differences.get().reference, _outcomes(run)["money"]) == ("0", "out_of_time")
    assert _outcomes(run)["printify"] == "done"


def test_a_mistake_of_ours_in_one_step_takes_nothing_from_the_others(
    quiet: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(run: ReconcileRun, _since: datetime) -> Iterator[Difference]:
        yield Difference(run=run, kind="found", explanation="x", action="y")
        raise ZeroDivisionError("a mistake\0")

    monkeypatch.setitem(reconciliation.STEPS, "events", reconciliation.Step(broken, 60))
    run = reconciliation.run()
    assert _outcomes(run) == dict.fromkeys(reconciliation.STEPS, "done") | {"events": "failed"}
    why = (
        "An unexpected error occurred (ZeroDivisionError). The log has the details under “reconciliation step failed”."
    )
    assert run.problems == [f"events: {why}"]
    assert _unfinished() is not None


def test_a_provider_that_keeps_a_step_from_ending_for_hours_is_reported(quiet: Till) -> None:
    quiet.mock.upsert("GET", f"{API}/events", status=500)
    reconciliation.run()
    assert _unfinished() is None, "its health check has an alert of its own"
    ReconcileStep.objects.update(started_at=timezone.now() - reconciliation.OVERDUE - timedelta(minutes=1))
    reconciliation.run()
    assert _unfinished() is not None


def test_celery_and_the_lease_leave_a_run_the_time_of_all_its_steps() -> None:
    allowed = sum(step.seconds for step in reconciliation.STEPS.values())
    soft, hard = tasks.compare.soft_time_limit or 0, tasks.compare.time_limit or 0
    assert allowed < soft < hard < reconciliation.DEAD_SECONDS < 3600


def test_the_queries_of_the_list_of_runs_do_not_grow_with_their_number(admin_client: Client) -> None:
    def show() -> int:
        with CaptureQueriesContext(connection) as queries:
            page = admin_client.get("/admin/payments/reconcilerun/").content.decode()
        assert '<td class="field-differences">3</td><td class="field-unexplained">2</td>' in page
        return len(queries)

    def run_with_differences() -> None:
        run = ReconcileRun.objects.create()
        for explained in (True, False, False):
            Difference.objects.create(run=run, kind="fee unknown", explained=explained)

    run_with_differences()
    queries = show()
    for _ in range(5):
        run_with_differences()
    assert show() == queries
