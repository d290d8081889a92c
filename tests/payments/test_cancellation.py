"""One way to cancel; a refund of everything stops the printing in the same transaction (C4, K3, K4, K10)."""

import json
import uuid
from datetime import timedelta

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import jobs
from ilytat.integrations.models import Alert
from notifications.models import OutgoingEmail
from orders import changes, claims, lifecycle, refunding
from orders.attention import cancel_for_shop
from orders.lifecycle import ProductionStarted
from orders.models import Fulfilment, HoldReason
from orders.models.claim import ClaimKind
from orders.registry import queue as printing
from payments import cancellation, disputes, refunds
from payments.models import Dispute, Payment, Refund
from payments.stripe_objects import RefundFacts, WarningFacts
from tests.orders.conftest import ORDER_ID, SHOP, Upstream, changed, created
from tests.payloads import payload
from tests.payments.conftest import Till, awaits_production, printing_began

pytestmark = pytest.mark.django_db


def refund(amount: int, payment: Payment | None = None) -> Refund:
    return cancellation.request_refund(
        payment or Payment.objects.get(), amount, reason="requested_by_customer", requested_by="eva"
    )


def states(job: Fulfilment) -> tuple[str, str]:
    job = Fulfilment.objects.select_related("order").get(pk=job.pk)
    return job.order.state, job.state


def canceled_emails() -> list[str]:
    return [email.context["refund"] for email in OutgoingEmail.objects.filter(kind="order_canceled")]


# --- Full refunds -----------------------------------------------------------------------------------------


def test_a_full_refund_within_the_grace_period_cancels_before_stripe_is_asked(till: Till) -> None:
    job = awaits_production(till)
    requested = refund(2974)
    assert (requested.state, states(job)) == ("new", ("canceled", "canceling"))
    assert canceled_emails() == ["$29.74"]


def test_the_partial_refund_that_takes_the_rest_cancels(till: Till) -> None:
    job = awaits_production(till)
    refund(1000)
    assert states(job) == ("paid", "new")
    refund(1974)
    assert states(job) == ("canceled", "canceling")
    assert canceled_emails() == ["$19.74"]


def test_a_full_refund_after_printing_began_tells_staff_at_once(till: Till) -> None:
    job = printing_began(awaits_production(till))
    refund(2974)
    assert states(job) == ("paid", "in_production")
    assert "its printing has begun" in Alert.objects.get(key=f"refunded-printing:{job.order.number}").message
    assert canceled_emails() == []


@pytest.mark.parametrize("state", ["shipped", "delivered"])
def test_a_full_refund_of_what_has_left_is_no_alarm(till: Till, state: str) -> None:
    changed(printing_began(awaits_production(till)), state=state)
    refund(2974)
    assert not Alert.objects.exists()


def test_a_full_refund_while_production_is_asked_for_in_vain_stops_the_next_try(
    upstream: Upstream, settings: Settings
) -> None:
    """The worker has marked the row, staff refund everything, and Printify answers that it did nothing."""
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    job = created()
    payment = Payment.objects.create(order=job.order, payment_intent_id="pi_1", captured=2974, currency="USD")
    upstream.order("on-hold")

    def answer(_request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        refund(2974, payment)
        raise requests.ConnectTimeout

    upstream.mock.add_callback("POST", f"{SHOP}/orders/{ORDER_ID}/send_to_production.json", answer)
    for _look in range(2):
        Fulfilment.objects.update(next_at=job.release_at, lease_until=None)
        jobs.work_one(printing, job.pk)
    assert len(upstream.asked("POST", "/send_to_production.json")) == 1
    assert Fulfilment.objects.get().sent_at is None
    assert [hold.reason for hold in Fulfilment.objects.get().open_holds] == [HoldReason.REFUND]


def test_production_asked_for_without_an_answer_is_not_asked_for_again_once_all_is_refunded(
    upstream: Upstream, settings: Settings
) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    job = created()
    changed(job, sent_at=timezone.now() - timedelta(hours=1))
    payment = Payment.objects.create(order=job.order, payment_intent_id="pi_1", captured=2974, currency="USD")
    refund(2974, payment)
    upstream.order("on-hold")
    jobs.work_one(printing, job.pk)
    assert upstream.asked("POST", "/send_to_production.json") == []
    job.refresh_from_db()
    assert (job.sent_at, [hold.reason for hold in job.open_holds]) == (None, [HoldReason.REFUND])


@pytest.mark.parametrize("reason", [HoldReason.FRAUD_WARNING, HoldReason.REVIEW, HoldReason.STAFF])
def test_a_hold_that_comes_while_production_is_asked_for_in_vain_stops_the_next_try(
    upstream: Upstream, settings: Settings, reason: HoldReason
) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    job = created()
    upstream.order("on-hold")

    def answer(_request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        assert not lifecycle.hold(job, reason, who="stripe", reference="x"), "whether it still stops it is unknown"
        return 400, {}, json.dumps({"status": "error", "code": 8502, "message": "Operation failed.", "errors": {}})

    upstream.mock.add_callback("POST", f"{SHOP}/orders/{ORDER_ID}/send_to_production.json", answer)
    for _look in range(2):
        Fulfilment.objects.update(next_at=job.release_at, lease_until=None)
        jobs.work_one(printing, job.pk)
    assert len(upstream.asked("POST", "/send_to_production.json")) == 1
    job.refresh_from_db()
    assert (job.sent_at, [hold.reason for hold in job.open_holds]) == (None, [reason])


def test_a_refund_in_full_by_the_dashboard_during_printing_leaves_a_true_history(till: Till) -> None:
    job = printing_began(awaits_production(till))
    refunds.apply(
        RefundFacts(id="re_1", status="succeeded", amount=2974, payment_intent=Payment.objects.get().payment_intent_id)
    )
    assert states(job) == ("refunded", "in_production")
    moves = job.order.events.filter(what="state").values_list("old", "new")
    assert list(moves)[-1] == ("paid", "refunded")


# --- One email ----------------------------------------------------------------------------------------------


def _make(till: Till, amount: int) -> None:
    """Stripe makes the refund that waits."""
    till.refunds(json=payload("stripe/refund", amount=amount))
    jobs.work_one(refunds.queue, Refund.objects.get(state="new").pk)


def emails() -> list[str]:
    rows = OutgoingEmail.objects.filter(kind__in=("order_canceled", "claim_answered", "refund_sent")).order_by("pk")
    return [f"{row.kind} {row.context.get('refund') or row.context.get('amount')}" for row in rows]


def test_a_cancelation_is_one_email_that_names_the_refund(till: Till) -> None:
    job = awaits_production(till)
    changes.cancel(job.order)
    _make(till, 2974)
    assert Refund.objects.get().state == "succeeded"
    assert emails() == ["order_canceled $29.74"]


def test_a_reprint_s_cancelation_is_one_email_too(till: Till) -> None:
    _job, again = _reprinted(till)
    cancellation.cancel(again.order, by="shop", who="eva", why="sold out")
    _make(till, Refund.objects.get().amount)
    assert [email.split()[0] for email in emails()] == ["order_canceled"]


def test_a_claim_s_refund_is_one_email_that_names_the_amount(till: Till) -> None:
    order = printing_began(awaits_production(till)).order
    lines = order.lines.all()
    claim = claims.receive(order, key=uuid.uuid4(), kind=ClaimKind.DAMAGED, lines=lines, words="Torn.", photos=[])
    assert claims.refund(claim, who="eva", amount=1000)
    _make(till, 1000)
    assert emails() == ["claim_answered $10.00"]


def test_a_full_refund_by_the_dashboard_that_cancels_is_one_email(till: Till) -> None:
    awaits_production(till)
    intent = Payment.objects.get().payment_intent_id
    refunds.apply(RefundFacts(id="re_1", status="succeeded", amount=2974, payment_intent=intent))
    assert emails() == ["order_canceled $29.74"]


def test_a_partial_refund_before_a_cancelation_has_its_own_email(till: Till) -> None:
    job = awaits_production(till)
    refund(1000)
    changes.cancel(job.order)
    till.refunds(json=payload("stripe/refund", amount=1000))
    jobs.work_one(refunds.queue, Refund.objects.get(amount=1000).pk)
    assert emails() == ["order_canceled $19.74", "refund_sent $10.00"]


def test_a_refund_asked_for_after_the_cancelation_has_its_own_email(till: Till) -> None:
    job = awaits_production(till)
    changes.cancel(job.order)
    Refund.objects.update(state="failed")
    Payment.objects.update(refund_reserved=0)
    refund(2974)
    _make(till, 2974)
    assert emails() == ["order_canceled $29.74", "refund_sent $29.74"]


# --- What is printed again --------------------------------------------------------------------------------


def _reprinted(till: Till) -> tuple[Fulfilment, Fulfilment]:
    """The fulfillments of an order that has left, and of its reprint, which waits."""
    job = changed(printing_began(awaits_production(till)), state="shipped")
    again = claims.make(job.order, job.order.lines.all(), who="eva")
    return job, Fulfilment.objects.select_related("order").get(order=again)


def test_nothing_is_printed_again_once_all_was_refunded(till: Till) -> None:
    job = changed(printing_began(awaits_production(till)), state="shipped")
    refund(2974)
    with pytest.raises(refunding.HoldStands, match="Nothing of the payment is left"):
        claims.make(job.order, job.order.lines.all(), who="eva")


def test_a_full_refund_while_a_reprint_waits_tells_staff_and_stops_it(till: Till, upstream: Upstream) -> None:
    _job, again = _reprinted(till)
    refund(2974)
    assert Alert.objects.filter(key__startswith="refunded-printing:").exists()
    again = changed(again, state="created", printify_order_id=ORDER_ID, next_at=again.release_at)
    upstream.order("on-hold")
    jobs.work_one(printing, again.pk)
    assert upstream.asked("POST", "/send_to_production.json") == []
    assert [hold.reason for hold in again.open_holds] == [HoldReason.REFUND]


def test_a_full_refund_while_a_reprint_of_a_reprint_is_printed_tells_staff(till: Till) -> None:
    job, again = _reprinted(till)
    last = claims.make(again.order, again.order.lines.all(), who="eva")
    changed(again, state="delivered", printify_order_id="p2")
    changed(Fulfilment.objects.get(order=last), state="in_production", printify_order_id="p3", sent_at=timezone.now())
    refund(2974)
    assert states(job) == ("paid", "shipped")
    assert Alert.objects.filter(key__startswith="refunded-printing:").exists()


def test_a_fraud_warning_holds_the_waiting_reprint_and_its_reprint_as_well(till: Till) -> None:
    _job, again = _reprinted(till)
    last = Fulfilment.objects.get(order=claims.make(again.order, again.order.lines.all(), who="eva"))
    intent = Payment.objects.get().payment_intent_id
    disputes.warn(WarningFacts(id="issfr_1", payment_intent=intent, fraud_type="stolen_card", actionable=True))
    for reprint in (again, last):
        assert [hold.reason for hold in reprint.open_holds] == [HoldReason.FRAUD_WARNING]


def test_production_holds_for_an_inquiry_that_no_hold_stands_for(
    till: Till, upstream: Upstream, settings: Settings
) -> None:
    """As the migration to hold rows may leave it; what staff have released is not held again."""
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    job = changed(awaits_production(till), state="created", printify_order_id=ORDER_ID, release_at=timezone.now())
    Dispute.objects.create(
        payment=Payment.objects.get(),
        stripe_dispute_id="du_1",
        status="warning_needs_response",
        amount=1,
        refundable=True,
    )
    upstream.order("on-hold")
    upstream.answers_production()
    jobs.work_one(printing, job.pk)
    hold = job.holds.get()
    assert (hold.reason, upstream.asked("POST", "/send_to_production.json")) == (HoldReason.DISPUTE, [])
    assert lifecycle.release(hold, who="eva")
    changed(job, next_at=job.release_at, lease_until=None)
    jobs.work_one(printing, job.pk)
    assert len(upstream.asked("POST", "/send_to_production.json")) == 1


# --- Canceling --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["buyer", "shop"])
def test_a_disputed_payment_is_never_canceled_over(till: Till, by: refunding.By) -> None:
    job = awaits_production(till)
    payment = Payment.objects.get()
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="needs_response", amount=2974)
    with pytest.raises(refunding.Disputed):
        cancellation.cancel(job.order, by=by, who="eva", why="wanted")
    assert (states(job), canceled_emails(), Refund.objects.count()) == (("paid", "new"), [], 0)


def test_after_a_lost_dispute_it_is_canceled_and_the_email_says_where_the_money_went(till: Till) -> None:
    job = awaits_production(till)
    payment = Payment.objects.get()
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="lost", amount=2974, currency="USD")
    assert cancellation.cancel(job.order, by="shop", who="eva", why="lost") == 0
    email = OutgoingEmail.objects.get(kind="order_canceled")
    assert (email.context["refund"], email.context["nothing"]) == ("", "taken by bank")


def test_canceling_tells_buyer_and_staff_the_refund_in_the_currency_that_was_paid(till: Till) -> None:
    job = awaits_production(till)
    Payment.objects.update(currency="JPY")
    assert cancel_for_shop(job.order, who="eva") == "Canceled. ¥2,974 is going back."
    assert canceled_emails() == ["¥2,974"]


def test_what_a_bank_took_of_a_payment_is_not_refunded_again(till: Till) -> None:
    awaits_production(till)
    payment = Payment.objects.get()
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="lost", amount=2000, currency="USD")
    with pytest.raises(refunding.TooMuch):
        refund(975)
    assert refund(974).amount == 974


def test_a_buyers_cancel_leaves_an_order_on_hold_alone(till: Till) -> None:
    job = awaits_production(till)
    lifecycle.hold(job, HoldReason.STAFF, who="eva")
    with pytest.raises(ProductionStarted):
        changes.cancel(job.order)
    assert (states(job), Refund.objects.count()) == (("paid", "new"), 0)


def test_an_order_canceled_before_is_too_late_to_cancel_also_when_its_draft_needs_a_person(till: Till) -> None:
    """Printify would not cancel the draft; canceling the order once more must not note that draft twice."""
    job = changed(awaits_production(till), state="created", printify_order_id="p1", last_try=timezone.now())
    refunding.cancel(job.order, by="shop", who="eva", why="test", held_too=True)
    changed(job, state="attention")
    with pytest.raises(ProductionStarted):
        refunding.cancel(job.order, by="shop", who="eva", why="test", held_too=True)
    assert states(job) == ("canceled", "attention")
    assert canceled_emails() == ["$29.74"]
