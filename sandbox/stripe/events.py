"""Events: kept for events.list and posted, signed, to every endpoint that listens."""

import hashlib
import hmac
import json
from contextvars import ContextVar
from typing import Any

from sandbox import clock, deliveries, settings, store
from sandbox.store import Document
from sandbox.stripe import API_VERSION, ids
from sandbox.stripe.kinds import ENDPOINT, EVENT

# Which API call the present events come from; nobody's when a person presses a button.
NOBODY: Document = {"id": None, "idempotency_key": None}
cause: ContextVar[Document] = ContextVar("cause", default=NOBODY)

DEFAULT_URL = f"{settings.SHOP_URL}/api/webhooks/stripe"
DEFAULT_SECRET = "whsec_sandbox"  # noqa: S105 -- signs where none is set  # pragma: allowlist secret


def secret() -> str:
    """The shop may hold several while it rolls them; the first one signs."""
    return settings.STRIPE_WEBHOOK_SECRETS[0].strip() if settings.STRIPE_WEBHOOK_SECRETS else DEFAULT_SECRET


def _listeners(kind: str) -> list[Document]:
    """Registered endpoints, and the shop's own address as long as nobody registered it."""
    made = [one for one in store.listing(ENDPOINT) if one["status"] == "enabled"]
    if not any(one["url"].rstrip("/") == DEFAULT_URL for one in store.listing(ENDPOINT)):
        made.append({"id": "", "url": DEFAULT_URL, "enabled_events": ["*"]})
    return [one for one in made if {"*", kind} & set(one["enabled_events"])]


def record(kind: str, thing: Document, *, livemode: bool, previous: dict[str, Any] | None = None) -> list[str]:
    """Tells the list of events and all listeners that this happened; joins the caller's transaction.

    Gives the ids of its deliveries. `previous` are the old values of what changed.
    """
    listeners = _listeners(kind)
    event: Document = {
        "id": ids.new("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": clock.now(),
        "data": {"object": thing} if previous is None else {"object": thing, "previous_attributes": previous},
        "livemode": livemode,
        "pending_webhooks": len(listeners),
        "request": cause.get(),
        "type": kind,
    }
    store.write(EVENT, event["id"], event)
    return [number for one in listeners for number in _post(event, one)]


def _post(event: Document, endpoint: Document) -> list[str]:
    return deliveries.deliver(
        sender="stripe",
        url=endpoint["url"],
        body=json.dumps(event, indent=2, ensure_ascii=False).encode(),
        event_id=event["id"],
        about=event["type"],
        key=endpoint["id"],
    )


def sign(body: bytes, endpoint_id: str) -> dict[str, str]:
    """Headers of one try: the time is part of what is signed."""
    endpoint = store.read(ENDPOINT, endpoint_id) if endpoint_id else None
    key = endpoint["secret"] if endpoint else secret()
    now = clock.now()
    digest = hmac.new(key.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={now},v1={digest}", "User-Agent": "Stripe/1.0 (sandbox)"}


def undelivered() -> set[str]:
    """Ids of events that not every listener has taken."""
    return {row["event_id"] for row in deliveries.listing() if row["state"] != "delivered"}
