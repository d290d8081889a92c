"""Setup checks: Printify's webhooks, what its token may do, and whether our images can be read from outside."""

from collections import Counter
from collections.abc import Callable
from urllib.parse import urljoin

import requests
from django.conf import settings
from django.core.files.storage import default_storage
from django.urls import reverse

from catalog import printify
from catalog.models import ProductImage
from ilytat.integrations import inbox
from ilytat.integrations.errors import KeyRejected, NotConfigured
from ilytat.integrations.providers import FORBIDDEN
from ilytat.integrations.readiness import Finding, register

TIMEOUT_SECONDS = (3, 5)  # connect, read
NO_TOKEN = Finding(
    "down", "PRINTIFY_API_KEY is not set.", "Create a token at Printify, as the README says, and set it."
)


@register("printify-webhooks")
def printify_webhooks() -> Finding:
    """One subscription a topic at our address, no more and no fewer."""
    url, wanted = settings.SITE_URL + reverse("printify_webhook"), Counter(inbox.types("printify"))
    try:
        hooks = printify.client().webhooks()
    except NotConfigured:
        return NO_TOKEN
    subscribed = Counter(str(hook.get("topic")) for hook in hooks if hook.get("url") == url)
    missing, extra = sorted(wanted - subscribed), sorted(subscribed - wanted)
    if missing or extra:
        parts = [
            f"missing {', '.join(missing)}" if missing else "",
            f"twice or unused {', '.join(extra)}" if extra else "",
        ]
        detail = f"Printify's webhooks at {url}: {'; '.join(part for part in parts if part)}."
        return Finding("down", detail, "Run manage.py register_webhooks.")
    if not settings.PRINTIFY_WEBHOOK_SECRET:
        fix = "Set it to a long random text and run manage.py register_webhooks --renew."
        return Finding("down", "PRINTIFY_WEBHOOK_SECRET is not set: every event is refused.", fix)
    return Finding("ok", f"{len(wanted)} topics at {url}")


@register("printify-scopes")
def printify_scopes() -> Finding:
    """Read once with each scope. Whether it may write shows only at the first write, so the fix names those too."""
    try:
        client = printify.client()
    except NotConfigured:
        return NO_TOKEN
    probes: dict[str, Callable[[], object]] = {
        "shops.read": client.shops,
        "products.read": lambda: client.product_page(1),
        "orders.read": lambda: client.order_page(1),
        "webhooks.read": client.webhooks,
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


@register("media")
def media() -> Finding:
    """Read a product's image at its public address, as browsers and Stripe's page do."""
    image = ProductImage.objects.exclude(digest="").exclude(files={}).order_by("-pk").first()
    name = next(iter(image.files.values()), "") if image else ""
    if not name:
        return Finding("warn", "Not checked: no product has an image yet.", "Run manage.py refresh_catalog.")
    url = urljoin(settings.SITE_URL, default_storage.url(str(name)))
    try:
        with requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True) as response:
            status = str(response.status_code)
    except requests.RequestException as error:
        status = type(error).__name__
    if status != "200":
        fix = "Let the web server serve MEDIA_ROOT below /media/, or check MEDIA_PUBLIC_URL and the bucket's rights."
        return Finding("down", f"Images cannot be read from outside: {url} answers {status}.", fix)
    return Finding("ok", url)
