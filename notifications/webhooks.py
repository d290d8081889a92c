"""SendGrid's signed event webhook: verified on the raw bytes, stored once, answered; handled by the inbox's workers."""

import hashlib
import json
import time
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from sendgrid.helpers.eventwebhook import EventWebhook, EventWebhookHeader

from ilytat.integrations import alerts, inbox
from ilytat.integrations.client import parse
from ilytat.integrations.email import normalized_or_blank
from ilytat.integrations.errors import Outcome, Result
from ilytat.integrations.models import InboundEvent
from notifications import consent, outbox
from notifications.models import OutgoingEmail, Suppression

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


SOURCE = "sendgrid"
# Why SendGrid drops a mail: these speak of the address, all others of our account or of the mail.
ADDRESS_REASONS = ("bounced address", "invalid", "unsubscribed address", "spam reporting address")


@inbox.handles(SOURCE, "delivered")
def delivered(event: InboundEvent) -> inbox.Apply:
    return partial(_fate, event.payload, OutgoingEmail.Fate.DELIVERED)


@inbox.handles(SOURCE, "bounce")
def bounce(event: InboundEvent) -> inbox.Apply:
    """A "blocked" bounce is the mailbox's passing trouble; only a hard one closes the address."""
    if event.payload.get("type") == "blocked":
        return partial(_fate, event.payload, OutgoingEmail.Fate.BLOCKED)
    return partial(_suppress, event.payload, "bounce", OutgoingEmail.Fate.BOUNCED)


@inbox.handles(SOURCE, "dropped")
def dropped(event: InboundEvent) -> inbox.Apply:
    if str(event.payload.get("reason", "")).lower().startswith(ADDRESS_REASONS):
        return partial(_suppress, event.payload, "dropped", OutgoingEmail.Fate.DROPPED)
    return partial(_dropped_by_account, event.payload)


@inbox.handles(SOURCE, "spamreport")
def spamreport(event: InboundEvent) -> inbox.Apply:
    return partial(_suppress, event.payload, "spamreport", OutgoingEmail.Fate.COMPLAINED)


@inbox.handles(SOURCE, "unsubscribe", "group_unsubscribe")
def unsubscribe(event: InboundEvent) -> inbox.Apply:
    """Of marketing only: an order's mails still arrive, and the provider's own list may have swallowed the wish."""
    return partial(_leave, event.payload)


def _leave(payload: dict[str, Any]) -> Result:
    reader = consent.of(_address(payload))
    if reader is None:
        return Result(Outcome.IGNORED, "Nobody with this address gets our newsletter.")
    key = str(payload.get("dedupe_key", "")).split(":")
    campaign = key[0] == "campaign" and len(key) > 1
    consent.leave(reader, where=f"campaign {key[1]}" if campaign else "mail provider")
    return Result(Outcome.HANDLED, "The reader has left the newsletter.")


def _suppress(payload: dict[str, Any], reason: str, fate: str) -> Result:
    address = _address(payload)
    if not address:
        return Result(Outcome.IGNORED, "It names no address.")
    row = Suppression(email=address, reason=reason)
    Suppression.objects.bulk_create([row], ignore_conflicts=True)
    reader = consent.of(address)
    if reader and reason == "spamreport":
        consent.leave(reader, where="marked as spam")
    for mail in _mails(payload):
        outbox.undeliverable(mail)
    return Result(Outcome.HANDLED, f"The address is not written to again. {_fate(payload, fate).detail}")


def _dropped_by_account(payload: dict[str, Any]) -> Result:
    reason = str(payload.get("reason", "no reason given"))
    alerts.open_alert(
        "mail:dropped",
        f"SendGrid drops our mails: {reason}",
        next_step="Look at SendGrid's account page, then send the dropped mails again from the admin.",
    )
    return _fate(payload, OutgoingEmail.Fate.DROPPED)


def _fate(payload: dict[str, Any], fate: str) -> Result:
    """Events come late and out of order: a bounce after "delivered" counts, a "delivered" after a bounce does not."""
    rows = _mails(payload)
    if fate == OutgoingEmail.Fate.DELIVERED:
        rows = rows.filter(fate__in=("", OutgoingEmail.Fate.BLOCKED))
    reason = str(payload.get("reason") or payload.get("response") or "")[:300]
    changed = rows.update(fate=fate, fate_reason=reason, fate_at=timezone.now())
    if not changed:
        return Result(Outcome.IGNORED, f"No mail was changed ({fate}).")
    return Result(Outcome.HANDLED, f"Mail {fate}.")


def _mails(payload: dict[str, Any]) -> QuerySet[OutgoingEmail]:
    """The mail the event is about; it speaks only for the address it went to."""
    key = str(payload.get("dedupe_key") or "none")
    return OutgoingEmail.objects.filter(dedupe_key=key, to=_address(payload))


def _address(payload: dict[str, Any]) -> str:
    return normalized_or_blank(str(payload.get("email", "")))
