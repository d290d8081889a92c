"""After a backup was restored: what is known outside only is named, stands before staff, is not touched (I1, I4)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations import alerts, attention, inbox
from ilytat.integrations.models import Alert, InboundEvent
from orders.models import EarlierDraft, Fulfilment, Order
from payments import reconciliation
from payments.models import Difference, ReconcileRun, Refund, StepOutcome
from tests.orders.conftest import Upstream
from tests.payloads import payload
from tests.payments.conftest import API, Till, awaits_production, event_body, handle, kept, paid_session, waiting

pytestmark = pytest.mark.django_db
AFTER = "K7M2PQ4X"  # an order placed after the backup


@pytest.fixture
def quiet(till: Till, upstream: Upstream) -> Till:
    """Nothing is new anywhere."""
    _told(till)
    till.lists()
    upstream.listed()
    return till


def _told(till: Till, *events: dict[str, Any]) -> None:
    till.mock.upsert("GET", f"{API}/events", json={"object": "list", "data": list(events), "has_more": False})


def _compared() -> list[Difference]:
    reconciliation.run()
    return list(ReconcileRun.objects.latest("pk").differences.all())


def _waits(source: str) -> list[attention.Row]:
    found = ATTENTION_SOURCES[source]
    return list(found.rows())


def _lines(number: str) -> list[dict[str, Any]]:
    [line] = payload("printify/order")["line_items"]
    return [line | {"metadata": line["metadata"] | {"external_id": f"{number}-1"}}]


@pytest.mark.parametrize("external", [AFTER, f"{AFTER}-2"])
@pytest.mark.parametrize("status", ["on-hold", "in-production", "fulfilled"])
def test_an_order_of_ours_that_only_printify_knows_waits_for_a_person_once(
    quiet: Till, upstream: Upstream, external: str, status: str
) -> None:
    upstream.listed(upstream.order(status, metadata={"shop_order_id": external}))
    for _run in range(2):
        [found] = _compared()
        assert (found.kind, found.explained) == ("order unknown here", False)
        assert "was a backup restored?" in found.explanation
        [row] = _waits("incidents")
        assert (external in row.what, row.actions, _waits("differences")) == (True, ("close",), [])
    assert (Alert.objects.get().count, Alert.objects.get().key) == (1, f"unknown-order:{external}")
    assert not [call for call in quiet.mock.calls if call.request.method == "POST"], "nothing is canceled"


def test_what_staff_have_dealt_with_is_explained_and_not_asked_again(quiet: Till, upstream: Upstream) -> None:
    upstream.listed(upstream.order("in-production", metadata={"shop_order_id": AFTER}))
    _compared()
    alerts.close_alert(f"unknown-order:{AFTER}")
    [found] = _compared()
    assert (found.explained, found.action) == (True, "staff have dealt with it")
    assert _waits("incidents") == []


@pytest.mark.parametrize("missing", ["printing", "revision"])
def test_a_known_order_whose_printing_is_not_known_is_not_to_be_canceled(
    quiet: Till, upstream: Upstream, missing: str
) -> None:
    order = awaits_production(quiet).order if missing == "revision" else waiting()
    external = f"{order.number}-2" if missing == "revision" else order.number
    upstream.listed(upstream.order("on-hold", metadata={"shop_order_id": external}, line_items=_lines("other")))
    [found] = [x for x in _compared() if x.kind != "paid without money"]
    assert (found.kind, found.explained) == ("order unknown here", False)
    assert "let it be printed" in found.action


def test_its_lines_say_that_it_is_ours_when_its_number_could_be_anybodys(quiet: Till, upstream: Upstream) -> None:
    upstream.listed(upstream.order(metadata={"shop_order_id": "1001"}, line_items=_lines("1001")))
    assert _compared()[0].kind == "order unknown here"
    upstream.listed(upstream.order(metadata={"shop_order_id": "1001"}, line_items=_lines("")))
    assert _compared()[0].explanation.startswith("Made by hand")


def test_an_earlier_draft_is_no_unknown_order(quiet: Till, upstream: Upstream) -> None:
    job = awaits_production(quiet)
    EarlierDraft.objects.create(fulfilment=job, external_id=job.external_id)
    Fulfilment.objects.update(external_id=f"{job.external_id}-2", revision=2)
    upstream.listed(upstream.order(metadata={"shop_order_id": job.external_id}))
    assert _compared()[0].kind == "stranger"


def test_once_its_events_are_worked_on_nobody_needs_to_look(quiet: Till, upstream: Upstream) -> None:
    order = waiting()
    upstream.listed(upstream.order("on-hold", metadata={"shop_order_id": order.number}))
    _compared()
    assert len(_waits("incidents")) == 1
    quiet.session(paid_session(order))
    handle(kept(event_body()))
    _compared()
    assert _waits("incidents") == []


def _paid_there(till: Till, **changes: Any) -> dict[str, Any]:
    about = paid_session(Order(number=AFTER, subtotal=2499, shipping=475, total=2974, currency="USD"))
    return till.session(about | changes)


def test_money_of_an_order_that_is_missing_waits_for_a_person_and_is_not_given_back(quiet: Till) -> None:
    about = _paid_there(quiet)
    _told(quiet, payload("stripe/event", type="checkout.session.completed", data={"object": about}))
    [missed, lost] = sorted(_compared(), key=lambda row: row.kind)
    assert (missed.kind, lost.kind, lost.reference) == ("event missed", "order unknown here", AFTER)
    assert "$29.74" in lost.explanation
    event = InboundEvent.objects.get()
    InboundEvent.objects.update(attempts=inbox.UNKNOWN_OBJECT_TRIES - 1)
    assert handle(event).state == "attention"
    [row] = _waits("events")
    assert AFTER in row.why
    assert "$29.74. Was a backup restored?" in row.why
    assert (_waits("differences"), _waits("incidents"), Refund.objects.count()) == ([], [], 0)
    _told(quiet)
    assert [row.kind for row in _compared()] == ["order unknown here"], "named for as long as it rests"


def test_what_staff_ignore_and_what_is_not_ours_is_not_named(quiet: Till) -> None:
    kept(event_body(about=_paid_there(quiet), id="evt_ignored"))
    InboundEvent.objects.update(state="ignored")
    kept(event_body(about=_paid_there(quiet, client_reference_id=None), id="evt_other_shop"))
    kept(event_body(about=_paid_there(quiet, payment_status="unpaid"), id="evt_unpaid"))
    known = waiting()
    kept(event_body(about=_paid_there(quiet, client_reference_id=known.number), id="evt_known"))
    assert _compared() == []


@pytest.mark.parametrize(("days", "asked_days"), [(None, 3), (6, 6), (45, 30)])
def test_stripe_is_asked_since_the_last_run_of_the_restored_books(
    quiet: Till, monkeypatch: pytest.MonkeyPatch, days: int | None, asked_days: int
) -> None:
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    if days:
        then = now - timedelta(days=days)
        for at, outcome in ((then, StepOutcome.DONE), (now, StepOutcome.UNAVAILABLE)):
            run = ReconcileRun.objects.create(started_at=at, ended_at=at)
            run.steps.create(name="events", outcome=outcome, started_at=at)
    reconciliation.run()
    [asked, *_rest] = quiet.asked("GET", "/events")
    since = now - timedelta(days=asked_days) - (reconciliation.OVERLAP if days == asked_days else timedelta())
    assert f"created%5Bgte%5D={int(since.timestamp())}" in str(asked.url).replace("[", "%5B").replace("]", "%5D")
