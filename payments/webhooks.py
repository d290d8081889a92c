"""Stripe's door: what it signed is kept and answered at once; `payments.webhooks` says what each event means."""

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


@csrf_exempt
@require_POST
@transaction.non_atomic_requests
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200 for every verified event; those of our account and mode are kept, known or not. 400 for anything else."""
    try:
        event = gateway.verify(request.body, request.headers.get("Stripe-Signature", ""))
    except NotConfigured as error:
        return JsonResponse(body("not_configured", error.detail), status=503)
    except gateway.Forged as error:
        return JsonResponse(body("bad_signature", str(error)), status=400)
    if is_ours(event):
        inbox.receive(SOURCE, event.id, event.type, event.payload)
    return JsonResponse({"received": True})


log = logging.getLogger(__name__)
SOURCE = "stripe"
DISPUTES = ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
INTENTS = ("succeeded", "payment_failed", "processing", "requires_action", "canceled")


@inbox.handles(
    SOURCE,
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
def on_session(event: InboundEvent) -> inbox.Apply:
    facts = gateway.session(_about(event))
    return lambda: settlement.settle(facts, who=SOURCE)


@inbox.handles(SOURCE, *(f"payment_intent.{what}" for what in INTENTS))
def on_intent(event: InboundEvent) -> inbox.Apply:
    """A second witness: the order's open session is read. A failed try is not final, so it is only noted."""
    number = str((event.subject.get("metadata") or {}).get("order") or "")
    order = Order.objects.filter(number=number).first()
    if order is None:
        return lambda: Result(Outcome.IGNORED, "It names no order of this shop.")
    if event.type == "payment_intent.succeeded" and order.state == OrderState.AWAITING_PAYMENT:
        return settle_from_sessions(order)
    return partial(_noted, order, event)


def settle_from_sessions(order: Order) -> inbox.Apply:
    rows = CheckoutSession.objects.filter(order=order).exclude(stripe_session_id=None)
    found = [gateway.session(str(row.stripe_session_id)) for row in rows]
    paid = next((facts for facts in found if facts.paid), None)
    if paid is None:
        return lambda: Result(Outcome.HANDLED, "The session says that nothing is paid yet.")
    return lambda: settlement.settle(paid, who=SOURCE)


def _noted(order: Order, event: InboundEvent) -> Result:
    if event.type not in {"payment_intent.payment_failed", "payment_intent.canceled"}:
        return Result(Outcome.HANDLED, "Nothing new.")
    error = event.subject.get("last_payment_error") or {}
    why = str(error.get("decline_code") or error.get("code") or "") if isinstance(error, dict) else ""
    lifecycle.note(order, who=SOURCE, what="payment try failed", why=why[:60])
    return Result(Outcome.HANDLED, "The failed try is noted in the history of the order.")


@inbox.handles(SOURCE, "refund.created", "refund.updated", "refund.failed", "charge.refund.updated")
def on_refund(event: InboundEvent) -> inbox.Apply:
    facts = gateway.refund(_about(event))
    return lambda: refunds.apply(facts)


@inbox.handles(SOURCE, "charge.refunded")
def on_charge_refunded(event: InboundEvent) -> inbox.Apply:
    """It names no refund: all of the payment's are read, so that none is missed whose own event was lost."""
    found = gateway.refunds_of(str(event.subject.get("payment_intent") or ""))

    def apply() -> Result:
        if not found:
            return Result(Outcome.IGNORED, "Stripe lists no refund.")
        news = [result for result in map(refunds.apply, found) if result.outcome == Outcome.HANDLED]
        return news[0] if news else Result(Outcome.DUPLICATE, "Every refund is known.")

    return apply


@inbox.handles(SOURCE, *(f"charge.dispute.{what}" for what in DISPUTES))
def on_dispute(event: InboundEvent) -> inbox.Apply:
    facts = gateway.dispute(_about(event))
    return lambda: disputes.book(facts)


@inbox.handles(SOURCE, "radar.early_fraud_warning.created", "radar.early_fraud_warning.updated")
def on_warning(event: InboundEvent) -> inbox.Apply:
    facts = gateway.warning(_about(event))
    return lambda: disputes.warn(facts)


@inbox.handles(SOURCE, "review.opened", "review.closed")
def on_review(event: InboundEvent) -> inbox.Apply:
    """Stripe's own people-in-the-loop (Radar for Teams): nothing is printed while somebody is to look."""
    intent = str(event.subject.get("payment_intent") or "")
    return partial(_review, intent, str(event.subject.get("reason") or ""), opened=event.type == "review.opened")


def _review(intent: str, reason: str, *, opened: bool) -> Result:
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


def _about(event: InboundEvent) -> str:
    return str(event.subject.get("id") or "")


def is_ours(event: Event) -> bool:
    """Of this account and of its mode: a test must never print, nor what a connected account sold."""
    if event.payload.get("api_version") != gateway.API_VERSION:
        log.warning(
            "Stripe's event %s is of another API version: set the endpoint's to %s", event.id, gateway.API_VERSION
        )
    return event.live == settings.STRIPE_LIVE and not event.payload.get("account")


def import_event(event: Event) -> bool:
    """An event that Stripe has and our inbox may not have: kept as if it had come. False when it had."""
    if not is_ours(event):
        return False
    return inbox.receive(SOURCE, event.id, event.type, event.payload)
