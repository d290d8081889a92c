"""Refunds that Stripe tells of: ours that fail later, and those somebody made in its dashboard (A13, C3, C4, F5)."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone

from ilytat.integrations import jobs
from ilytat.integrations.models import Alert, InboundEvent
from notifications import tasks
from notifications.models import OutgoingEmail
from orders.models import Fulfilment
from payments import cancellation, refunds
from payments.models import Payment, Refund
from tests.payloads import payload
from tests.payments.conftest import INTENT, Till, awaits_production, event_body, handle, kept, printing_began
from tests.results import result_of

pytestmark = pytest.mark.django_db
THERE: dict[str, Any] = {"metadata": {}, "id": "re_dashboard1"}


def _tell(type_: str, found: dict[str, Any], number: int = 1) -> InboundEvent:
    about = {"id": found["id"], "payment_intent": INTENT}
    return handle(kept(event_body(type_, about, id=f"evt_{type_}_{number}")))


def _ours(till: Till, amount: int = 1000) -> Refund:
    """A refund of ours that Stripe says succeeded."""
    refund = cancellation.request_refund(
        Payment.objects.get(), amount, reason="requested_by_customer", requested_by="staff"
    )
    till.refunds(json=payload("stripe/refund", amount=amount))
    jobs.work_one(refunds.queue, refund.pk)
    refund.refresh_from_db()
    return refund


def _ledger() -> tuple[int, list[str]]:
    return Payment.objects.get().refund_reserved, list(Refund.objects.values_list("state", flat=True))


@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "charge.refunded"])
def test_a_refund_of_the_dashboard_is_booked_once_whatever_tells_of_it(till: Till, type_: str) -> None:
    job = awaits_production(till)
    found = till.refund(**THERE)
    assert result_of(_tell(type_, found)) == ("handled", "The refund was made in Stripe's dashboard.")
    for other in ("refund.created", "charge.refunded"):
        assert _tell(other, found, 2).outcome == "duplicate"
    assert _ledger() == (1000, ["succeeded"])
    assert (Refund.objects.get().origin, Refund.objects.get().amount) == ("dashboard", 1000)
    job.refresh_from_db()
    assert job.open_holds, "a part came back without a word to us"
    assert Alert.objects.get().next_step.startswith("Printing is held")
    assert OutgoingEmail.objects.filter(kind="refund_sent").count() == 1


def test_all_of_it_given_back_in_the_dashboard_calls_the_order_off(till: Till) -> None:
    job = awaits_production(till)
    _tell("refund.created", till.refund(**THERE, amount=2974))
    job.order.refresh_from_db()
    job.refresh_from_db()
    assert (job.order.state, job.state) == ("canceled", "canceling")
    assert OutgoingEmail.objects.filter(kind="order_canceled").count() == 1


def test_all_of_it_given_back_while_printing_marks_the_order_refunded(till: Till) -> None:
    job = printing_began(awaits_production(till))
    _tell("refund.created", till.refund(**THERE, amount=2974))
    job.order.refresh_from_db()
    assert job.order.state == "refunded"
    assert Fulfilment.objects.get().state == "in_production", "the parcel is still watched"


def test_our_own_refunds_event_books_nothing_twice(till: Till) -> None:
    awaits_production(till)
    _ours(till)
    found = till.refund()
    assert result_of(_tell("refund.created", found)) == ("duplicate", "The refund is known.")
    assert _ledger() == (1000, ["succeeded"])


def test_an_event_that_overtakes_our_own_worker_leaves_it_the_booking(till: Till) -> None:
    awaits_production(till)
    refund = cancellation.request_refund(
        Payment.objects.get(), 1000, reason="requested_by_customer", requested_by="staff"
    )
    found = till.refund(metadata={"refund": refund.idempotency_key})
    assert _tell("refund.created", found).outcome == "late"
    assert _ledger() == (1000, ["new"])


def test_a_success_that_fails_later_gives_the_reserve_back_and_tells_staff(till: Till) -> None:
    job = awaits_production(till)
    refund = _ours(till)
    found = till.refund(status="failed", failure_reason="lost_or_stolen_card")
    assert result_of(_tell("refund.failed", found)) == ("handled", "Refund failed.")
    assert result_of(_tell("refund.failed", found, 2)) == ("duplicate", "The refund is known.")
    assert _ledger() == (0, ["failed"])
    assert "lost_or_stolen_card" in Alert.objects.get(key=f"refund:{refund.pk}").message
    assert job.order.events.filter(what="refund failed").count() == 1


def test_a_full_refund_that_fails_after_the_order_was_refunded_asks_for_a_person(till: Till) -> None:
    job = printing_began(awaits_production(till))
    _ours(till, 2974)
    job.order.refresh_from_db()
    assert job.order.state == "refunded"
    _tell("refund.failed", till.refund(amount=2974, status="failed"))
    job.order.refresh_from_db()
    assert job.order.state == "attention"


def test_the_banks_reference_is_kept_for_a_buyer_who_misses_the_money(till: Till) -> None:
    awaits_production(till)
    _ours(till)
    card = {"type": "refund", "reference": "7493", "reference_status": "available"}
    _tell("refund.updated", till.refund(destination_details={"type": "card", "card": card}))
    assert Refund.objects.get().reference == "7493"


def test_a_wish_of_ours_gives_way_to_what_the_dashboard_gave_already(till: Till) -> None:
    awaits_production(till)
    cancellation.request_refund(Payment.objects.get(), 2974, reason="requested_by_customer", requested_by="staff")
    assert _tell("refund.created", till.refund(**THERE, amount=2974)).outcome == "handled"
    assert _ledger() == (2974, ["failed", "succeeded"])


def test_a_wish_that_is_being_asked_for_is_waited_for(till: Till) -> None:
    awaits_production(till)
    wish = cancellation.request_refund(
        Payment.objects.get(), 2974, reason="requested_by_customer", requested_by="staff"
    )
    Refund.objects.filter(pk=wish.pk).update(first_try=timezone.now())
    event = _tell("refund.created", till.refund(**THERE, amount=2974))
    assert event.state == "new"
    assert _ledger() == (2974, ["new"])


def test_a_refund_that_failed_before_we_knew_of_it_reserves_nothing(till: Till) -> None:
    awaits_production(till)
    _tell("refund.failed", till.refund(**THERE, status="failed"))
    assert _ledger() == (0, ["failed"])
    assert Alert.objects.filter(key=f"refund:{Refund.objects.get().pk}").exists()


def _staff_mails() -> list[tuple[str, str]]:
    staff = OutgoingEmail.objects.filter(kind__in=("refund_failed", "staff_alert")).order_by("kind", "to")
    return list(staff.values_list("kind", "to"))


def test_staff_get_one_mail_of_a_failed_refund_with_order_amount_and_next_step(
    till: Till, settings: LazySettings
) -> None:
    settings.STAFF_ALERTS_TO = ["one@ilytat.test", "two@ilytat.test"]
    order = awaits_production(till).order
    _ours(till)
    found = till.refund(status="failed", failure_reason="lost_or_stolen_card")
    _tell("refund.failed", found)
    _tell("refund.updated", found, 2)
    tasks.mail_alerts()
    assert _staff_mails() == [("refund_failed", "one@ilytat.test"), ("refund_failed", "two@ilytat.test")]
    mail = OutgoingEmail.objects.filter(kind="refund_failed")[0]
    assert (mail.reference, mail.context["amount"]) == (order.number, "$10.00")
    assert mail.context["reason"] == "lost_or_stolen_card"
    assert "another way" in mail.context["next_step"]
    assert mail.context["url"].endswith(f"/money/{order.pk}/") or str(order.pk) in mail.context["url"]


def test_a_refund_that_stripe_refuses_is_the_same_mail_and_one_an_incident(till: Till, settings: LazySettings) -> None:
    settings.STAFF_ALERTS_TO = ["one@ilytat.test"]
    awaits_production(till)
    refund = cancellation.request_refund(
        Payment.objects.get(), 1000, reason="requested_by_customer", requested_by="staff"
    )
    till.refunds(status=400, json={"error": {"type": "invalid_request_error", "message": "No such charge."}})
    for told in (1, 2):  # a person tried again in between: another incident
        jobs.work_one(refunds.queue, refund.pk)
        tasks.mail_alerts()
        tasks.mail_alerts()
        assert _staff_mails() == [("refund_failed", "one@ilytat.test")] * told
        refunds.retry(refund)


def test_a_charge_without_refunds_is_no_news(till: Till) -> None:
    awaits_production(till)
    till.lists()
    assert _tell("charge.refunded", {"id": "ch_1"}).outcome == "ignored"


def _resting(state: str, amount: int = 1000) -> Refund:
    """A wish whose answer was lost for good: its worker gave up, or a person let go of it."""
    refund = cancellation.request_refund(
        Payment.objects.get(), amount, reason="requested_by_customer", requested_by="staff"
    )
    Refund.objects.filter(pk=refund.pk).update(state="attention", last_error="unknown", first_try=timezone.now())
    refunds.on_attention(refund)
    if state == "failed":
        assert refunds.abandon(refund)
    refund.refresh_from_db()
    return refund


@pytest.mark.parametrize("state", ["attention", "failed"])
@pytest.mark.parametrize("type_", ["refund.created", "charge.refunded"])
def test_a_refund_whose_answer_was_lost_is_found_again(till: Till, state: str, type_: str) -> None:
    awaits_production(till)
    refund = _resting(state)
    found = till.refund(metadata={"refund": refund.idempotency_key})
    assert result_of(_tell(type_, found)) == ("handled", "Refund succeeded.")
    assert _ledger() == (1000, ["succeeded"])
    refund.refresh_from_db()
    assert (refund.stripe_refund_id, refund.last_error) == (found["id"], "")
    told = Alert.objects.filter(key=f"refund:{refund.pk}", closed_at=None)
    assert told.exists() is (state == "failed"), "who let go of it may have paid another way"
    assert OutgoingEmail.objects.filter(kind="refund_sent").count() == 1
    assert _tell(type_, found, 2).outcome == "duplicate"
    assert OutgoingEmail.objects.filter(kind="refund_sent").count() == 1


def test_what_was_let_go_of_and_promised_anew_gives_way_to_what_was_made(till: Till) -> None:
    awaits_production(till)
    let_go = _resting("failed", 2974)
    again = cancellation.request_refund(
        Payment.objects.get(), 2974, reason="requested_by_customer", requested_by="staff"
    )
    _tell("refund.created", till.refund(metadata={"refund": let_go.idempotency_key}, amount=2974))
    again.refresh_from_db()
    assert _ledger() == (2974, ["succeeded", "failed"])
    assert "dashboard" in again.last_error


def test_while_the_same_money_is_being_asked_for_the_found_refund_waits(till: Till) -> None:
    awaits_production(till)
    let_go = _resting("failed", 2974)
    again = cancellation.request_refund(
        Payment.objects.get(), 2974, reason="requested_by_customer", requested_by="staff"
    )
    Refund.objects.filter(pk=again.pk).update(first_try=timezone.now())
    event = _tell("refund.created", till.refund(metadata={"refund": let_go.idempotency_key}, amount=2974))
    assert event.state == "new"
    assert _ledger() == (2974, ["failed", "new"])


def test_a_lost_refund_that_is_found_to_have_failed_gives_the_reserve_back_once(till: Till) -> None:
    awaits_production(till)
    refund = _resting("attention")
    found = till.refund(metadata={"refund": refund.idempotency_key}, status="failed")
    for number in (1, 2):
        _tell("refund.failed", found, number)
    assert _ledger() == (0, ["failed"])
    assert "failed at Stripe" in Alert.objects.get(key=f"refund:{refund.pk}", closed_at=None).message


def test_a_found_refund_of_everything_calls_the_order_off(till: Till) -> None:
    job = awaits_production(till)
    refund = _resting("attention", 2974)
    _tell("refund.created", till.refund(metadata={"refund": refund.idempotency_key}, amount=2974))
    job.order.refresh_from_db()
    assert job.order.state == "canceled"
