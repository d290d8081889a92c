"""Banks against a payment: printing stops, staff know by when, outcomes are booked, nothing is paid twice (C5, C13)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ilytat.accounts import privacy as wishes
from ilytat.integrations import jobs
from ilytat.integrations.models import Alert, InboundEvent
from notifications.models import OutgoingEmail
from orders import lifecycle, refunding
from orders.models import Fulfilment, Shipment
from payments import cancellation, disputes, ledger, refunds
from payments.models import Dispute, FraudWarning, Payment, Refund
from tests.payloads import payload
from tests.payments.conftest import (
    API,
    INTENT,
    Till,
    awaits_production,
    event_body,
    form,
    handle,
    kept,
    opened,
    paid_session,
    printing_began,
    waiting,
)
from tests.results import result_of

pytestmark = pytest.mark.django_db
DISPUTED = "charge.dispute.created"
WARNED = "radar.early_fraud_warning.created"
TAKEN = [{"amount": -2974, "fee": 1500, "net": -4474}]
GIVEN = [*TAKEN, {"amount": 2974, "fee": 0, "net": 2974}]


def _tell(type_: str, found: dict[str, Any], number: int = 1) -> InboundEvent:
    return handle(kept(event_body(type_, {"id": found["id"]}, id=f"evt_{type_}_{number}")))


def _again(job: Fulfilment) -> Fulfilment:
    return Fulfilment.objects.select_related("order").get(pk=job.pk)


def test_a_dispute_holds_printing_and_says_by_when_to_answer(till: Till) -> None:
    job = awaits_production(till)
    event = _tell(DISPUTED, till.dispute(balance_transactions=TAKEN))
    assert result_of(event) == ("handled", "Dispute status: needs_response.")
    row = Dispute.objects.get()
    assert (row.amount, row.net, row.fee, row.refundable, row.closed_at) == (2974, -4474, 1500, False, None)
    assert _again(job).open_holds
    alert = Alert.objects.get()
    assert job.order.number in alert.message
    assert f"Answer by {row.due_by:%Y-%m-%d}" in alert.message
    assert alert.next_step.startswith("Printing is held.")


def test_what_is_printing_already_is_said_so(till: Till) -> None:
    job = printing_began(awaits_production(till))
    _tell(DISPUTED, till.dispute())
    assert Alert.objects.get().next_step.startswith("Printing had begun.")
    assert not _again(job).open_holds


def test_the_events_of_one_dispute_are_one_incident(till: Till) -> None:
    awaits_production(till)
    found = till.dispute(balance_transactions=TAKEN)
    outcomes = [_tell(f"charge.dispute.{what}", found).outcome for what in ("funds_withdrawn", "created", "updated")]
    assert outcomes == ["handled", "duplicate", "duplicate"]
    assert Alert.objects.count() == 1


@pytest.mark.parametrize(("type_", "make"), [(DISPUTED, "dispute"), (WARNED, "warning"), ("refund.created", "refund")])
def test_news_that_is_faster_than_the_payment_waits_for_it(till: Till, type_: str, make: str) -> None:
    found = getattr(till, make)()
    event = _tell(type_, found)
    assert event.state == "new"
    awaits_production(till)
    assert handle(event).outcome == "handled"


@pytest.mark.parametrize(
    ("status", "words"), [("won", "comes back"), ("lost", "are gone"), ("warning_closed", "asks no more")]
)
def test_the_outcome_is_booked_and_told(till: Till, status: str, words: str) -> None:
    job = awaits_production(till)
    _tell(DISPUTED, till.dispute(balance_transactions=TAKEN))
    moved = GIVEN if status == "won" else TAKEN
    _tell("charge.dispute.closed", till.dispute(status=status, balance_transactions=moved))
    row = Dispute.objects.get()
    assert (row.status, row.closed_at is not None) == (status, True)
    assert row.net == (-1500 if status == "won" else -4474)
    assert Alert.objects.filter(closed_at=None).get().next_step.count(words) == 1
    assert job.order.events.filter(what="dispute").count() == 2


def test_what_is_over_stays_over(till: Till) -> None:
    awaits_production(till)
    _tell("charge.dispute.closed", till.dispute(status="lost"))
    assert result_of(_tell("charge.dispute.updated", till.dispute(status="under_review"))) == (
        "late",
        "The dispute is over.",
    )
    assert Dispute.objects.get().status == "lost"


@pytest.mark.parametrize(
    ("over", "again"),
    [("lost", "appeal_needs_response"), ("won", "appeal_under_review"), ("warning_closed", "needs_response")],
)
def test_an_appeal_and_a_dispute_after_an_inquiry_open_it_anew(till: Till, over: str, again: str) -> None:
    awaits_production(till)
    _tell("charge.dispute.closed", till.dispute(status=over))
    assert Dispute.objects.get().closed_at
    assert result_of(_tell("charge.dispute.updated", till.dispute(status=again))) == (
        "handled",
        f"Dispute status: {again}.",
    )
    row = Dispute.objects.get()
    assert (row.status, row.closed_at) == (again, None)
    assert Alert.objects.filter(key=f"dispute:{row.stripe_dispute_id}", closed_at=None).exists()
    with pytest.raises(refunding.Disputed):
        cancellation.request_refund(Payment.objects.get(), 1, reason="requested_by_customer", requested_by="staff")


def test_a_dispute_after_a_refund_is_booked_beside_it(till: Till) -> None:
    """C13: the buyer has been paid back and asks the bank as well; the evidence says so, nothing goes back twice."""
    job = printing_began(awaits_production(till))
    cancellation.request_refund(Payment.objects.get(), 1000, reason="requested_by_customer", requested_by="staff")
    Refund.objects.update(state="succeeded", stripe_refund_id="re_1")
    lifecycle.note(job.order, who="staff", what="refunded", why="1000 USD")
    _tell(DISPUTED, till.dispute(balance_transactions=TAKEN))
    assert (Dispute.objects.get().net, Payment.objects.get().refund_reserved) == (-4474, 1000)
    assert "refunded" in disputes.evidence_package(Dispute.objects.get())["uncategorized_text"]
    spent = ledger.margin_for_order(job.order)
    assert (spent.refunded, spent.disputes) == (1000, 4474)


def test_a_status_of_tomorrow_is_open_and_told(till: Till) -> None:
    awaits_production(till)
    _tell(DISPUTED, till.dispute(status="arbitration"))
    assert "'arbitration' is new to us" in Alert.objects.get().message


def test_a_disputed_payment_is_not_refunded_as_well(till: Till) -> None:
    awaits_production(till)
    wished = cancellation.request_refund(
        Payment.objects.get(), 100, reason="requested_by_customer", requested_by="staff"
    )
    _tell(DISPUTED, till.dispute())
    with pytest.raises(refunding.Disputed):
        cancellation.request_refund(Payment.objects.get(), 1, reason="requested_by_customer", requested_by="staff")
    jobs.work_one(refunds.queue, wished.pk)
    wished.refresh_from_db()
    assert wished.state == "attention", "also one that was wished for before"
    assert not till.asked("POST", "/refunds")


def test_an_inquiry_may_be_ended_by_a_refund(till: Till) -> None:
    awaits_production(till)
    _tell(DISPUTED, till.dispute(status="warning_needs_response", is_charge_refundable=True))
    assert "An inquiry" in Alert.objects.get().message
    assert (
        cancellation.request_refund(Payment.objects.get(), 2974, reason="fraudulent", requested_by="staff").state
        == "new"
    )


def test_a_fraud_warning_holds_and_leaves_the_choice_to_staff(till: Till) -> None:
    job = awaits_production(till)
    assert _tell(WARNED, till.warning()).outcome == "handled"
    assert (bool(_again(job).open_holds), FraudWarning.objects.get().actionable) == (True, True)
    assert "cancel and refund" in Alert.objects.get().next_step
    assert _tell(WARNED, till.warning(), 2).outcome == "duplicate"
    _tell("radar.early_fraud_warning.updated", till.warning(actionable=False))
    assert not Alert.objects.filter(closed_at=None).exists()


def test_a_dispute_after_a_fraud_warning_knows_that_printing_is_held(till: Till) -> None:
    awaits_production(till)
    _tell(WARNED, till.warning())
    _tell(DISPUTED, till.dispute())
    assert all(step.startswith("Printing is held.") for step in Alert.objects.values_list("next_step", flat=True))


def test_a_doubt_about_what_never_came_to_printing_says_so(till: Till) -> None:
    order = waiting()
    opened(order)
    till.session(paid_session(order, amount_total=1))
    handle(kept(event_body(id="evt_paid")))
    _tell(DISPUTED, till.dispute())
    assert Alert.objects.get(key__startswith="dispute").next_step.startswith("Nothing is being printed.")


@pytest.mark.parametrize(("type_", "open_alerts"), [("review.opened", 1), ("review.closed", 0)])
def test_a_review_at_stripe_holds_while_it_is_open(till: Till, type_: str, open_alerts: int) -> None:
    job = awaits_production(till)
    handle(kept(event_body(type_, {"id": "prv_1", "payment_intent": INTENT, "reason": "rule"})))
    assert bool(_again(job).open_holds) is bool(open_alerts)
    assert Alert.objects.filter(closed_at=None).count() == open_alerts


def test_evidence_is_built_from_our_own_data_and_staged_unsent(till: Till) -> None:
    job = printing_began(awaits_production(till))
    Shipment.objects.create(fulfilment=job, carrier="usps", number="9400", url="https://carrier.example/9400")
    OutgoingEmail.objects.filter(kind="order_confirmed").update(
        state="sent", sent_at=timezone.now(), subject="Your order is confirmed"
    )
    lifecycle.note(job.order, who="shop", what="address check", why="kept as typed")
    found = till.dispute()
    _tell(DISPUTED, found)
    till.mock.add("POST", f"{API}/disputes/{found['id']}", json=payload("stripe/dispute"))
    pack = disputes.stage(Dispute.objects.get(), who="staff")
    assert (pack["shipping_carrier"], pack["shipping_tracking_number"]) == ("USPS", "9400")
    for words in ("kept as typed", "Your order is confirmed", "9400: shipped", f"Order {job.order.number}"):
        assert words in pack["uncategorized_text"]
    assert "/pages/returns/" in pack["refund_policy_disclosure"]
    sent = form(till.asked("POST", f"/disputes/{found['id']}")[0])
    assert sent["submit"] == "false"
    assert sent["evidence[customer_name]"] == job.order.name
    row = Dispute.objects.get()
    assert row.staged_at
    assert row.evidence == pack


def test_the_evidence_of_an_erased_order_leaves_out_email_address_and_parcels_and_staff_are_told(
    till: Till, admin_client: Client
) -> None:
    job = printing_began(awaits_production(till))
    Shipment.objects.create(fulfilment=job, carrier="usps", number="9400", url="https://carrier.example/9400")
    Fulfilment.objects.update(state="delivered")
    OutgoingEmail.objects.update(state="sent", sent_at=timezone.now())
    assert wishes.ask(job.order.email).state == "done"
    _tell(DISPUTED, till.dispute())
    dispute = Dispute.objects.get()
    pack = disputes.evidence_package(dispute)
    left_out = {"customer_name", "customer_email_address", "shipping_address", "shipping_tracking_number"}
    assert not left_out & pack.keys()
    assert "product_description" in pack
    assert "erased" not in "".join(pack.values())
    till.mock.add("POST", f"{API}/disputes/{dispute.stripe_dispute_id}", json=payload("stripe/dispute"))
    page = admin_client.get(reverse("admin:payments_dispute_change", args=[dispute.pk])).content.decode()
    staged = admin_client.post(reverse("admin:payments_dispute_stage", args=[dispute.pk]), follow=True)
    assert "data were erased: there is no email, address or tracking number" in page
    assert "data were erased: email, address and parcels are left out" in staged.content.decode()


def test_no_text_of_the_evidence_is_longer_than_stripe_takes(till: Till) -> None:
    job = awaits_production(till)
    lifecycle.note(job.order, who="shop", what="note", why="x" * 30_000)
    _tell(DISPUTED, till.dispute())
    assert max(map(len, disputes.evidence_package(Dispute.objects.get()).values())) == disputes.MAX_EVIDENCE_CHARACTERS


def test_staff_are_reminded_once_before_the_bank_stops_listening(till: Till) -> None:
    awaits_production(till)
    _tell(DISPUTED, till.dispute())
    assert disputes.remind() == 0, "not yet"
    Dispute.objects.update(due_by=timezone.now() + timedelta(days=1))
    assert (disputes.remind(), disputes.remind()) == (1, 0)
    assert Alert.objects.filter(key__startswith="dispute-due").count() == 1
