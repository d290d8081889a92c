"""Receive Stripe's webhooks, and handle each type of event.

The endpoint verifies the signature, stores the event in the inbox and answers. The handlers run later: each reads the
current object from Stripe, outside a transaction, and returns the function that applies it inside one.
"""

import logging
from functools import partial

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ilytat.integrations import alerts, inbox
from ilytat.integrations.api_errors import body
from ilytat.integrations.errors import NotConfigured, Outcome, Result
from ilytat.integrations.models import InboundEvent
from orders import lifecycle
from orders.models import HoldReason, Order
from orders.states import OrderState
from payments import disputes, gateway, refunds, settlement
from payments.models import CheckoutSession, Payment
from payments.stripe_objects import Event

SOURCE = "stripe"
DISPUTE_EVENTS = ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
INTENT_EVENTS = ("succeeded", "payment_failed", "processing", "requires_action", "canceled")

log = logging.getLogger(__name__)


@csrf_exempt
@require_POST
@transaction.non_atomic_requests
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Answer 200 to every verified event and 400 to anything else. Events of our account and mode are stored."""
    try:
        event = gateway.verify(request.body, request.headers.get("Stripe-Signature", ""))
    except NotConfigured as error:
        return JsonResponse(body("not_configured", error.detail), status=503)
    except gateway.Forged as error:
        return JsonResponse(body("bad_signature", str(error)), status=400)
    if is_ours(event):
        inbox.receive(SOURCE, event.id, event.type, event.payload)
    return JsonResponse({"received": True})


def is_ours(event: Event) -> bool:
    """Return whether the event is of our own account and mode. A test payment must never be printed."""
    if event.payload.get("api_version") != gateway.API_VERSION:
        log.warning(
            "Stripe's event %s is of another API version: set the endpoint's to %s", event.id, gateway.API_VERSION
        )
    return event.live == settings.STRIPE_LIVE and not event.payload.get("account")


def import_event(event: Event) -> bool:
    """Store an event read from Stripe as if it had been delivered. Return False when the inbox has it already."""
    if not is_ours(event):
        return False
    return inbox.receive(SOURCE, event.id, event.type, event.payload)


@inbox.handles(
    SOURCE,
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
def on_session(event: InboundEvent) -> inbox.Apply:
    facts = gateway.session(_object_id(event))
    return lambda: settlement.settle(facts, who=SOURCE)


@inbox.handles(SOURCE, *(f"payment_intent.{name}" for name in INTENT_EVENTS))
def on_intent(event: InboundEvent) -> inbox.Apply:
    """Read the order's sessions when its payment succeeded, in case the session's own event was lost."""
    number = str((event.subject.get("metadata") or {}).get("order") or "")
    order = Order.objects.filter(number=number).first()
    if order is None:
        return lambda: Result(Outcome.IGNORED, "It names no order of this shop.")
    if event.type == "payment_intent.succeeded" and order.state == OrderState.AWAITING_PAYMENT:
        return settle_from_sessions(order)
    return partial(_note_failed_payment, order, event)


def settle_from_sessions(order: Order) -> inbox.Apply:
    attempts = CheckoutSession.objects.filter(order=order).exclude(stripe_session_id=None)
    sessions = [gateway.session(str(attempt.stripe_session_id)) for attempt in attempts]
    paid = next((facts for facts in sessions if facts.paid), None)
    if paid is None:
        return lambda: Result(Outcome.HANDLED, "The session says that nothing is paid yet.")
    return lambda: settlement.settle(paid, who=SOURCE)


def _note_failed_payment(order: Order, event: InboundEvent) -> Result:
    # Not final: the buyer may pay with another card in the same session.
    if event.type not in {"payment_intent.payment_failed", "payment_intent.canceled"}:
        return Result(Outcome.HANDLED, "Nothing new.")
    error = event.subject.get("last_payment_error") or {}
    why = str(error.get("decline_code") or error.get("code") or "") if isinstance(error, dict) else ""
    lifecycle.note(order, who=SOURCE, what="payment try failed", why=why[:60])
    return Result(Outcome.HANDLED, "The failed try is noted in the history of the order.")


@inbox.handles(SOURCE, "refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
def on_refund(event: InboundEvent) -> inbox.Apply:
    facts = gateway.refund(_object_id(event))
    return lambda: refunds.apply(facts)


@inbox.handles(SOURCE, "charge.refunded")
def on_charge_refunded(event: InboundEvent) -> inbox.Apply:
    """Apply all refunds of the payment, because this event names none of them."""
    payment_refunds = gateway.refunds_of(str(event.subject.get("payment_intent") or ""))

    def apply() -> Result:
        if not payment_refunds:
            return Result(Outcome.IGNORED, "Stripe lists no refund.")
        results = [refunds.apply(facts) for facts in payment_refunds]
        handled = [result for result in results if result.outcome == Outcome.HANDLED]
        return handled[0] if handled else Result(Outcome.DUPLICATE, "Every refund is known.")

    return apply


@inbox.handles(SOURCE, *(f"charge.dispute.{name}" for name in DISPUTE_EVENTS))
def on_dispute(event: InboundEvent) -> inbox.Apply:
    facts = gateway.dispute(_object_id(event))
    return lambda: disputes.book(facts)


@inbox.handles(SOURCE, "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated")
def on_warning(event: InboundEvent) -> inbox.Apply:
    facts = gateway.warning(_object_id(event))
    return lambda: disputes.warn(facts)


@inbox.handles(SOURCE, "review.opened", "review.closed")
def on_review(event: InboundEvent) -> inbox.Apply:
    """Hold printing while a payment is under review in Radar for Fraud Teams."""
    intent = str(event.subject.get("payment_intent") or "")
    return partial(_apply_review, intent, str(event.subject.get("reason") or ""), opened=event.type == "review.opened")


def _apply_review(intent: str, reason: str, *, opened: bool) -> Result:
    payment = Payment.objects.select_related("order").filter(payment_intent_id=intent).first()
    if payment is None:
        raise inbox.NotYetKnown(f"payment {intent} of a review")
    key, order = f"review:{intent}", payment.order
    lifecycle.note(order, who=SOURCE, what="review opened" if opened else "review closed", why=reason)
    if not opened:
        alerts.close_alert(key)
        return Result(Outcome.HANDLED, "The review is closed.")
    stopped = disputes.stop(payment, HoldReason.REVIEW, reference=intent, why=reason)
    alerts.open_alert(key, f"Stripe asks for a review of order {order.number}.", next_step=f"{stopped} Decide there.")
    return Result(Outcome.HANDLED, f"A review is open. {stopped}")


def _object_id(event: InboundEvent) -> str:
    return str(event.subject.get("id") or "")
