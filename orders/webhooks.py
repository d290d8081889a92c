"""Printify's webhooks: the HTTP door for all its topics, and what the order topics mean.

The signature has no timestamp, so repeats are known by the event's id; state always comes from re-reading the order.
"""

import hashlib
import hmac
from dataclasses import replace

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from catalog.printify import fields
from catalog.printify.client import printify
from catalog.printify.orders import UpstreamOrder
from ilytat.integrations import inbox
from ilytat.integrations.api_errors import body
from ilytat.integrations.client import parse
from ilytat.integrations.errors import Outcome, Result
from ilytat.integrations.models import InboundEvent
from orders import fulfillment
from orders.models import EarlierDraft
from orders.states import FulfilmentState

SOURCE = "printify"


def signature(secret: str, raw: bytes) -> str:
    """Printify contract, section 9: sha256=<hex HMAC of the raw body>."""
    return "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


@csrf_exempt
@require_POST
@transaction.non_atomic_requests
def printify_webhook(request: HttpRequest) -> HttpResponse:
    """200 for every verified event, known or not; 400 and nothing kept for anything else."""
    if not settings.PRINTIFY_WEBHOOK_SECRET:
        return JsonResponse(body("not_configured", "PRINTIFY_WEBHOOK_SECRET is not set."), status=503)
    given = request.headers.get("X-Pfy-Signature", "")
    if not hmac.compare_digest(given.encode(), signature(settings.PRINTIFY_WEBHOOK_SECRET, request.body).encode()):
        return JsonResponse(body("bad_signature", "The signature does not match."), status=400)
    try:
        event = parse(request.body)
        event_id, type_ = str(event["id"]), str(event["type"])
    except (ValueError, KeyError, TypeError):
        return JsonResponse(body("bad_event", "The body is not an event."), status=400)
    inbox.receive(SOURCE, event_id[:255], type_[:100], event)
    return JsonResponse({"received": True})


def _skus(event: InboundEvent) -> dict[str, list[str]]:
    """What a shipment's event says is in the parcel; the rest is read from the order."""
    data = fields.part(event.subject, "data")
    number, skus = fields.part(data, "carrier").get("tracking_number"), data.get("skus")
    return {str(number): [str(sku) for sku in skus]} if number and isinstance(skus, list) else {}


def _with_moment(upstream: UpstreamOrder, event: InboundEvent) -> UpstreamOrder:
    """Add when the event's parcel was delivered, where the order says only that it was."""
    data = fields.part(event.subject, "data")
    number, at = fields.part(data, "carrier").get("tracking_number"), fields.moment(data, "delivered_at")
    parcels = (
        replace(parcel, delivered_at=at) if parcel.number == str(number) and parcel.delivered_at is None else parcel
        for parcel in upstream.parcels
    )
    return replace(upstream, parcels=tuple(parcels))


@inbox.handles(
    SOURCE,
    "order:created",
    "order:updated",
    "order:sent-to-production",
    "order:shipment:created",
    "order:shipment:delivered",
)
def on_order(event: InboundEvent) -> inbox.Apply:
    upstream = _with_moment(printify().order(str(event.subject.get("id") or "")), event)

    def apply() -> Result:
        ours = fulfillment.find_fulfillment(upstream)
        if ours is None and EarlierDraft.objects.filter(printify_order_id=upstream.id).exists():
            return Result(Outcome.LATE, "It is about an earlier draft, which was taken back.")
        if ours is None:
            return Result(Outcome.IGNORED, "It is not about an order of this shop.")
        if ours.printify_order_id is None:
            return Result(Outcome.LATE, "The worker that submits the order will read it.")
        before = ours.state
        result = fulfillment.record(ours, upstream, who="webhook", skus=_skus(event))
        if ours.state == FulfilmentState.ATTENTION != before:
            fulfillment.on_attention(ours)
        return result

    return apply
