"""Webhook endpoints as a shop registers them. The secret is shown once, at creation."""

from typing import Any

from sandbox import clock, settings, store
from sandbox.store import Document
from sandbox.stripe import errors, events, ids
from sandbox.stripe.kinds import ENDPOINT
from sandbox.stripe.session_shapes import EXPAND
from sandbox.stripe.sessions import merged
from sandbox.stripe.shapes import Fields, Flag, Many, Metadata, Shape, Text, Url

COMMON: dict[str, Shape] = {
    "description": Text(),
    "enabled_events": Many(Text(), 500, 1),
    "expand": EXPAND,
    "metadata": Metadata(),
    "url": Url(),
}
CREATE = Fields({**COMMON, "api_version": Text(), "connect": Flag()}, ("enabled_events", "url"))
UPDATE = Fields({**COMMON, "disabled": Flag()})
DELETE = Fields({})


def create(params: dict[str, Any], *, livemode: bool) -> Document:
    endpoint = {
        "id": ids.new("we"),
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": clock.now(),
        "description": params.get("description"),
        "enabled_events": params["enabled_events"],
        "livemode": livemode,
        "metadata": params.get("metadata", {}),
        # A shop that already knows its secret keeps it: signatures made with another would all be refused.
        "secret": events.secret() if settings.STRIPE_WEBHOOK_SECRETS else ids.webhook_secret(),
        "status": "enabled",
        "url": params["url"],
    }
    store.write(ENDPOINT, endpoint["id"], endpoint)
    return endpoint


def find(name: str) -> Document:
    """Raises ApiError 404."""
    endpoint = store.read(ENDPOINT, name)
    if endpoint is None:
        raise errors.absent("webhook endpoint", name, "webhook_endpoint", status=404)
    return endpoint


def update(endpoint: Document, params: dict[str, Any]) -> Document:
    for name in ("description", "enabled_events", "url"):
        if name in params:
            endpoint[name] = params[name]
    endpoint["metadata"] = merged(endpoint["metadata"], params.get("metadata", {}))
    if "disabled" in params:
        endpoint["status"] = "disabled" if params["disabled"] else "enabled"
    store.write(ENDPOINT, endpoint["id"], endpoint)
    return shown(endpoint)


def delete(endpoint: Document) -> Document:
    store.remove(ENDPOINT, endpoint["id"])
    return {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}


def shown(endpoint: Document) -> Document:
    return {key: value for key, value in endpoint.items() if key != "secret"}
