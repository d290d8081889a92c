"""Events of Printify: one small envelope, sent to every subscription to its topic. It never carries the object."""

import hashlib
import hmac
import json
import uuid
from typing import Any

from sandbox import clock, deliveries, settings, store

SUBSCRIPTION = "printify.webhook"
TOPICS = (
    "shop:disconnected",
    "product:created",
    "product:updated",
    "product:deleted",
    "product:publish:started",
    "order:created",
    "order:updated",
    "order:sent-to-production",
    "order:shipment:created",
    "order:shipment:delivered",
    "personalization-preview-task:processed",
    "support-request:updated",
)


def shop(**more: Any) -> dict[str, Any]:
    return {"shop_id": settings.PRINTIFY_SHOP_ID, **more}


def emit(topic: str, kind: str, resource_id: str | int, data: dict[str, Any] | None) -> None:
    """Joins the caller's transaction, so an event never tells of what did not happen."""
    resource = {"id": resource_id, "type": kind, "data": data}
    event_id = str(uuid.uuid4())
    for subscription in reversed(store.listing(SUBSCRIPTION)):
        if subscription["topic"] == topic:
            send(subscription, resource, event_id=event_id)


def send(subscription: store.Document, resource: Any, *, event_id: str) -> None:
    topic = subscription["topic"]
    event = {"id": event_id, "type": topic, "created_at": clock.stamp(), "resource": resource}
    deliveries.deliver(
        sender="printify",
        url=subscription["url"],
        body=json.dumps(event, separators=(",", ":")).encode(),
        event_id=event_id,
        about=topic,
        key=subscription["id"],
    )


def signature(body: bytes, subscription_id: str) -> dict[str, str]:
    """Over the raw body, and only where the subscription was given a secret. It carries no time.

    The other two headers are those of a genuine delivery of 2023; they are not documented.
    """
    subscription = store.read(SUBSCRIPTION, subscription_id) or {}
    headers = {"User-Agent": "Printify-Webhooks v1.0.1", "X-Pfy-EventId": json.loads(body)["id"]}
    if subscription.get("secret"):
        digest = hmac.new(subscription["secret"].encode(), body, hashlib.sha256).hexdigest()
        headers["X-Pfy-Signature"] = f"sha256={digest}"
    return headers


deliveries.register_signer("printify", signature)
