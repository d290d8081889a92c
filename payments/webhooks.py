"""Stripe's webhooks: the HTTP door, and what each event means. State comes from the re-read object, not the event."""

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ilytat.integrations import alerts, inbox
from ilytat.integrations.api_errors import body
from ilytat.integrations.errors import NotConfigured
from ilytat.integrations.models import InboundEvent
from orders import lifecycle
from orders.models import Fulfilment
from payments import gateway, settlement
from payments.models import Payment

SOURCE = "stripe"
MAX_BODY = 256 * 1024


@csrf_exempt
@require_POST
@transaction.non_atomic_requests
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """200 for every verified event of our mode, known or not; 400 and nothing kept for anything else."""
    if int(request.headers.get("Content-Length") or 0) > MAX_BODY:
        return JsonResponse(body("too_large", "The body is too large."), status=413)
    try:
        event = gateway.verify(request.body, request.headers.get("Stripe-Signature", ""))
    except NotConfigured as error:
        return JsonResponse(body("not_configured", error.detail), status=503)
    except gateway.Forged as error:
        return JsonResponse(body("bad_signature", str(error)), status=400)
    if event.live == settings.STRIPE_LIVE:
        inbox.receive(SOURCE, event.id, event.type, event.payload)
    return JsonResponse({"received": True})


@inbox.handles(
    SOURCE,
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
def on_session(event: InboundEvent) -> inbox.Apply:
    facts = gateway.session(str(event.subject["id"]))
    return lambda: settlement.settle(facts, who="stripe")


@inbox.handles(SOURCE, "charge.dispute.created", "radar.early_fraud_warning.created", "charge.refunded")
def on_doubt(event: InboundEvent) -> inbox.Apply:
    """A dispute, a fraud warning, money given back: nothing is printed for it until a person has looked."""
    intent = str(event.subject.get("payment_intent") or "")
    return lambda: _doubt(intent, event.type)


def _doubt(intent: str, what: str) -> str:
    payment = Payment.objects.select_related("order").filter(payment_intent_id=intent).first()
    if payment is None:
        raise inbox.NotYetKnown(f"payment {intent}")
    if not payment.applied:
        return "handled: surplus, which goes back anyway"
    fulfilment = Fulfilment.objects.select_related("order").filter(order=payment.order).first()
    lifecycle.note(payment.order, who=SOURCE, what=what)
    step = _stopped(fulfilment, what) if fulfilment else "Nothing is being printed."
    alerts.open_alert(f"{what}:{intent}", f"{what} for order {payment.order.number}.", next_step=step)
    return "handled"


def _stopped(fulfilment: Fulfilment, why: str) -> str:
    """Hold it, and how that stands now: another doubt may have held it before."""
    lifecycle.hold(fulfilment, who=SOURCE, why=why)
    fulfilment.refresh_from_db()
    return "Printing is held." if fulfilment.hold else "Printing had begun."
