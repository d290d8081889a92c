"""Setup checks: Printify's webhooks, what its token may do, and whether our images can be read from outside."""

from collections import Counter
from collections.abc import Callable
from urllib.parse import urljoin

import requests
from django.conf import settings
from django.core.files.storage import default_storage

from catalog import webhook_subscriptions
from catalog.models import ProductImage
from catalog.printify.client import printify
from catalog.webhook_subscriptions import PROBE_TOPIC, SOURCE
from ilytat.integrations import failure_texts, inbox
from ilytat.integrations.client import PROBE
from ilytat.integrations.errors import FORBIDDEN, KeyRejected, NotConfigured
from ilytat.integrations.models import InboundEvent
from ilytat.integrations.readiness import Finding, last_event_text

TIMEOUT_SECONDS = (3, 5)  # connect, read
NO_TOKEN = Finding(
    "down", "PRINTIFY_API_KEY is not set.", "Create a token at Printify, as the README says, and set it."
)
ROUND_TRIP_SECONDS = 20


def printify_webhooks() -> Finding:
    """One subscription a topic at our address, no more and no fewer, recognized as `register_webhooks` does."""
    url, expected = webhook_subscriptions.url(), Counter(inbox.types(SOURCE))
    try:
        subscriptions = webhook_subscriptions.own_subscriptions()
    except NotConfigured:
        return NO_TOKEN
    subscribed = Counter(str(hook.get("topic")) for hook in subscriptions)
    differences = {
        "missing": expected - subscribed,
        "twice or unused": subscribed - expected,
        "registered at": {str(hook.get("url")) for hook in subscriptions} - {url},
    }
    if parts := [f"{label} {', '.join(sorted(names))}" for label, names in differences.items() if names]:
        return Finding("down", f"Printify's webhooks at {url}: {'; '.join(parts)}.", "Run manage.py register_webhooks.")
    if not settings.PRINTIFY_WEBHOOK_SECRET:
        fix = "Set it to a long random text and run manage.py register_webhooks --renew printify."
        return Finding("down", "PRINTIFY_WEBHOOK_SECRET is not set: every event is refused.", fix)
    events = InboundEvent.objects.filter(source=SOURCE)
    return Finding("ok", f"{len(expected)} topics at {url}; {last_event_text(events)}")


def printify_round_trip() -> Finding:
    """Let Printify send a test event and wait for it.

    On request only: an event that is not answered makes Printify block its topic for an hour (Printify contract,
    section 9).
    """
    url = webhook_subscriptions.url()
    try:
        subscriptions = webhook_subscriptions.own_subscriptions()
    except NotConfigured:
        return NO_TOKEN
    ids = {str(hook.get("topic")): str(hook.get("id")) for hook in subscriptions if hook.get("url") == url}
    if PROBE_TOPIC not in ids:
        return Finding("down", f"Printify sends no {PROBE_TOPIC} to {url}.", "Run manage.py register_webhooks.")
    if webhook_subscriptions.send_test_event(ids[PROBE_TOPIC], wait_seconds=ROUND_TRIP_SECONDS):
        return Finding("ok", f"a test event from Printify arrived at {url}")
    detail = f"No test event from Printify arrived at {url} within {ROUND_TRIP_SECONDS} s."
    fix = "Check that the address is reachable from outside, then run manage.py register_webhooks --renew printify."
    return Finding("down", detail, fix)


def printify_scopes() -> Finding:
    """Read once with each scope. Whether it may write shows only at the first write, so the fix names those too."""
    try:
        api = printify()
    except NotConfigured:
        return NO_TOKEN
    probes: dict[str, Callable[[], object]] = {
        "shops.read": api.shops,
        "products.read": lambda: api.product_page(1, lane=PROBE),
        "orders.read": lambda: api.order_page(1, lane=PROBE),
        "webhooks.read": lambda: api.webhooks(lane=PROBE),
    }
    lacking = [scope for scope, probe in probes.items() if _is_forbidden(probe)]
    if lacking:
        fix = "Create a token with every scope that the README lists, and set PRINTIFY_API_KEY to it."
        return Finding("down", f"Printify's token lacks {', '.join(lacking)}.", fix)
    return Finding("ok", "reading works; write scopes show at the first order")


def _is_forbidden(probe: Callable[[], object]) -> bool:
    """Raises the other errors."""
    try:
        probe()
    except KeyRejected as error:
        if error.status == FORBIDDEN:
            return True
        raise
    return False


def media() -> Finding:
    """Read a product's image at its public address, as browsers and Stripe's page do."""
    image = ProductImage.objects.exclude(digest="").exclude(files={}).order_by("-pk").first()
    name = next(iter(image.files.values()), "") if image else ""
    if not name:
        return Finding("warn", "Not checked: no product has an image yet.", "Run manage.py refresh_catalog.")
    url = urljoin(settings.SITE_URL, default_storage.url(str(name)))
    try:
        with requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True) as response:
            problem = "" if response.status_code == requests.codes.ok else f"{url} answers {response.status_code}."
    except requests.RequestException as error:
        problem = failure_texts.no_answer(url, error)
    if problem:
        fix = "Let the web server serve MEDIA_ROOT below /media/, or check MEDIA_PUBLIC_URL and the bucket's rights."
        return Finding("down", f"Images cannot be read from outside: {problem}", fix)
    return Finding("ok", f"an image was read at {url}")
