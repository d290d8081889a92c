"""SendGrid's signed event webhook: verified on the raw bytes, stored once, answered; handled by the inbox's workers."""

import hashlib
import json
import time
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from ilytat.integrations import inbox
from ilytat.integrations.client import parse
from notifications.events import SOURCE

FRESH_SECONDS = 300


@csrf_exempt
@transaction.non_atomic_requests
@require_POST
def sendgrid_webhook(request: HttpRequest) -> HttpResponse:
    """200 kept; 400 forged, stale or altered (nothing is stored); 503 when this installation has no key."""
    verifier = _verifier()
    if verifier is None:
        return HttpResponse("no verification key", status=503)
    events = _events(request.body) if _genuine(verifier, request) else None
    if events is None:
        return HttpResponse("not genuine", status=400)
    for event in events:
        inbox.receive(SOURCE, _event_id(event), str(event.get("event", ""))[:100], event)
    return HttpResponse(status=200)


def _verifier() -> EventWebhook | None:
    key = settings.SENDGRID_WEBHOOK_PUBLIC_KEY
    try:
        return EventWebhook(key) if key else None
    except ValueError:  # not a key at all: as good as none
        return None


def _genuine(verifier: EventWebhook, request: HttpRequest) -> bool:
    signature = request.headers.get(EventWebhookHeader.SIGNATURE, "")
    timestamp = request.headers.get(EventWebhookHeader.TIMESTAMP, "")
    try:
        # The library does not look at the age: a recorded delivery would be good for ever.
        fresh = abs(time.time() - int(timestamp)) <= FRESH_SECONDS
        return fresh and bool(verifier.verify_signature(request.body.decode(), signature, timestamp))
    except ValueError:  # no number, no base64, no UTF-8
        return False


def _events(body: bytes) -> list[dict[str, Any]] | None:
    try:
        events = parse(body)
    except ValueError:
        return None
    good = isinstance(events, list) and all(isinstance(event, dict) for event in events)
    return events if good else None


def _event_id(event: dict[str, Any]) -> str:
    """SendGrid's own id; an event without one is known by its content."""
    given = event.get("sg_event_id")
    if isinstance(given, str) and given:
        return given[:255]
    return hashlib.sha256(json.dumps(event, sort_keys=True).encode()).hexdigest()
