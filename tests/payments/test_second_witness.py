"""What a payment's own events add to those of its session: a second witness, and notes of what was tried (C2, C6)."""

from typing import Any

import pytest

from ilytat.integrations.models import Alert, InboundEvent
from orders.models import Fulfilment, Order
from tests.payments.conftest import (
    INTENT,
    SESSION,
    Till,
    event_body,
    handle,
    kept,
    opened,
    paid_session,
    session_of,
    waiting,
)
from tests.results import result_of

pytestmark = pytest.mark.django_db


def _told(what: str, number: str, **intent: Any) -> InboundEvent:
    about = {"id": INTENT, "metadata": {"order": number}} | intent
    return handle(kept(event_body(f"payment_intent.{what}", about)))


def _notes(order: Order) -> list[tuple[str, str, str]]:
    return list(order.events.filter(what="payment try failed").values_list("who", "what", "why"))


def test_a_payment_alone_pays_its_order_when_the_sessions_event_was_lost(till: Till) -> None:
    order = waiting()
    opened(order, state="expired")
    opened(order, number=3, stripe_session_id=None, state="expired", url="")
    opened(order, number=2)
    till.session(session_of(order, status="expired"))
    till.session(paid_session(order, number=2))
    assert _told("succeeded", order.number).outcome == "handled"
    order.refresh_from_db()
    assert order.state == "paid"
    assert order.events.filter(new="paid", who="stripe").exists()


def test_a_payment_whose_session_is_not_done_yet_waits_for_it(till: Till) -> None:
    order = waiting()
    opened(order)
    till.session(session_of(order))
    assert result_of(_told("succeeded", order.number)) == ("handled", "The session says that nothing is paid yet.")
    order.refresh_from_db()
    assert order.state == "awaiting_payment"


@pytest.mark.parametrize("state", ["paid", "expired", "canceled", "attention"])
def test_of_an_order_past_waiting_nobody_is_asked(till: Till, state: str) -> None:
    order = waiting(state=state)
    opened(order)
    assert result_of(_told("succeeded", order.number)) == ("handled", "Nothing new.")
    assert not till.mock.calls


@pytest.mark.parametrize("number", ["", "NOSUCH"])
def test_a_payment_of_no_order_of_ours_is_left_alone(till: Till, number: str) -> None:
    opened(waiting())
    assert result_of(_told("succeeded", number)) == ("ignored", "It names no order of this shop.")
    assert not till.mock.calls


def test_a_payment_without_any_notes_is_left_alone() -> None:
    assert result_of(_told("succeeded", "", metadata=None)) == ("ignored", "It names no order of this shop.")


@pytest.mark.parametrize("what", ["payment_failed", "canceled"])
@pytest.mark.parametrize(
    ("error", "why"),
    [
        ({"decline_code": "insufficient_funds", "code": "card_declined"}, "insufficient_funds"),
        ({"code": "expired_card"}, "expired_card"),
        ({"code": "x" * 99}, "x" * 60),
        ({}, ""),
        (None, ""),
        ("card_declined", ""),
    ],
)
def test_a_try_that_failed_is_noted_with_the_banks_reason_and_decides_nothing(what: str, error: Any, why: str) -> None:
    order = waiting()
    assert result_of(_told(what, order.number, last_payment_error=error)) == (
        "handled",
        "The failed try is noted in the history of the order.",
    )
    assert _notes(order) == [("stripe", "payment try failed", why)]
    order.refresh_from_db()
    assert order.state == "awaiting_payment"


@pytest.mark.parametrize("what", ["processing", "requires_action"])
def test_a_step_on_the_way_is_not_even_noted(what: str) -> None:
    order = waiting()
    assert result_of(_told(what, order.number)) == ("handled", "Nothing new.")
    assert _notes(order) == []


# --- a review --------------------------------------------------------------------------------------------


def _reviewed(what: str, intent: str = INTENT) -> InboundEvent:
    about = {"id": "prv_1", "payment_intent": intent, "reason": "rule"}
    return handle(kept(event_body(f"review.{what}", about, id=f"evt_{what}")))


def test_a_review_holds_the_printing_until_staff_release_it(till: Till) -> None:
    order = waiting()
    opened(order)
    till.session(paid_session(order))
    handle(kept(event_body(about={"id": SESSION})))
    assert _reviewed("opened").outcome == "handled"
    job = Fulfilment.objects.get(order=order)
    alert = Alert.objects.get(key=f"review:{INTENT}")
    assert (len(job.open_holds), alert.closed_at) == (1, None)
    assert alert.next_step == "Printing is held. Decide there."
    assert _reviewed("closed").outcome == "handled"
    alert.refresh_from_db()
    job.refresh_from_db()
    assert alert.closed_at is not None
    assert job.open_holds, "what Stripe's people found is for staff to read"
    told = order.events.filter(what__startswith="review").order_by("pk")
    assert list(told.values_list("what", "why")) == [("review opened", "rule"), ("review closed", "rule")]


def test_a_review_of_a_payment_not_known_yet_waits() -> None:
    event = _reviewed("opened", intent="pi_unknown")
    assert event.state == "new"
    assert "pi_unknown" in event.last_error
