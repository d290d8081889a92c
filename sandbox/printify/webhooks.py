"""Subscriptions: one topic and one address each. The secret is never shown again."""

import json
import uuid
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

from sandbox import settings, store
from sandbox.printify import auth, events, paginator, refusals

KIND = events.SUBSCRIPTION
PAGE_DEFAULT, PAGE_MOST = 10, 100


def _shown(subscription: store.Document) -> dict[str, Any]:
    return {name: subscription[name] for name in ("topic", "url", "shop_id", "id")}


def _find(webhook_id: str) -> store.Document:
    subscription = store.read(KIND, webhook_id)
    if subscription is None:
        raise refusals.not_found()
    return subscription


def _url(sent: dict[str, Any]) -> str:
    url = sent.get("url")
    if not isinstance(url, str) or urlsplit(url).scheme not in {"http", "https"}:
        raise refusals.field("url", "must be a valid URL")
    return url


@auth.route("webhooks.list")
def listing(request: HttpRequest) -> Any:
    """A bare array, of ten where no limit is given."""
    rows = [_shown(subscription) for subscription in reversed(store.listing(KIND))]
    return paginator.bare(request, rows, default=PAGE_DEFAULT, most=PAGE_MOST)


@auth.route("webhooks.create")
def create(request: HttpRequest) -> Any:
    """A second subscription of the same topic and address is made without complaint: not documented."""
    sent = auth.body(request)
    if sent.get("topic") not in events.TOPICS:
        raise refusals.field("topic", "is not a known topic")
    subscription = {
        "topic": sent["topic"],
        "url": _url(sent),
        "shop_id": str(settings.PRINTIFY_SHOP_ID),
        "id": refusals.new_id(),
        "secret": str(sent.get("secret") or ""),
    }
    store.write(KIND, subscription["id"], subscription)
    return _shown(subscription)


@auth.route("webhooks.update")
def update(request: HttpRequest, webhook_id: str) -> Any:
    """Only the address can change."""
    with store.change():
        subscription = {**_find(webhook_id), "url": _url(auth.body(request))}
        store.write(KIND, webhook_id, subscription)
    return _shown(subscription)


@auth.route("webhooks.delete")
def delete(request: HttpRequest, webhook_id: str) -> Any:
    url = urlsplit(_find(webhook_id)["url"])
    host = request.GET.get("host", "")
    if not host:
        raise refusals.field("host")
    if host not in {url.hostname, url.netloc}:
        raise refusals.field("host", "does not match the address of the webhook")
    store.remove(KIND, webhook_id)
    return {"id": webhook_id}


@auth.route("webhooks.simulate")
def simulate(request: HttpRequest, webhook_id: str) -> Any:
    """Any JSON comes back as the resource of a signed event."""
    try:
        resource = json.loads(request.body or b"{}")
    except ValueError:
        raise refusals.failure(refusals.BODY, "The request body is not JSON.") from None
    events.send(_find(webhook_id), resource, event_id=str(uuid.uuid4()))
    return HttpResponse(status=204)
