"""The webhook endpoint that this shop has at Stripe: looked up, created and corrected."""

from django.conf import settings
from django.urls import reverse

from ilytat.integrations import inbox, webhook_subscriptions
from ilytat.integrations.errors import Refused
from payments import gateway
from payments.events import SOURCE
from payments.facts import EndpointFacts

ALL_EVENTS = "*"  # as Stripe names them


def url() -> str:
    return f"{settings.SITE_URL}{reverse('stripe_webhook')}"


def find() -> EndpointFacts | None:
    """Return the endpoint at our host and path, an enabled one first. Asks Stripe."""
    own_address = webhook_subscriptions.address(url())
    own = (row for row in gateway.webhook_endpoints() if webhook_subscriptions.address(row.url) == own_address)
    return min(own, key=lambda endpoint: not endpoint.enabled, default=None)


def difference(endpoint: EndpointFacts) -> str:
    """Say what `subscribe` would correct; empty when nothing."""
    has_all = ALL_EVENTS in endpoint.events
    missing, extra = (set(), set()) if has_all else (_events() - endpoint.events, endpoint.events - _events())
    parts = [
        f"its address is {endpoint.url}" if endpoint.url != url() else "",
        "" if endpoint.enabled else "it is disabled",
        f"missing events: {', '.join(sorted(missing))}" if missing else "",
        f"unused events: {', '.join(sorted(extra))}" if extra else "",
    ]
    return "; ".join(part for part in parts if part)


def events_text(endpoint: EndpointFacts) -> str:
    count = "all" if ALL_EVENTS in endpoint.events else len(endpoint.events)
    return f"{count} events at {endpoint.url}"


def _events() -> frozenset[str]:
    return frozenset(inbox.types(SOURCE))


@webhook_subscriptions.register("Stripe")
def subscribe(*, renew: bool) -> list[str]:
    """Create the endpoint or correct its events. The secret is shown by Stripe at creation only.

    `renew` deletes the endpoint first, for a new secret or API version; Stripe repeats for three days what is refused
    until the new secret is set.
    """
    if settings.STRIPE_API_BASE.startswith("https://") and not settings.SECURE:
        raise Refused("Stripe can only reach a public https address: set SITE_URL to it.")
    endpoint = find()
    if endpoint and renew:
        gateway.delete_webhook_endpoint(endpoint.id)
        endpoint = None
    if endpoint is None:
        secret = gateway.create_webhook_endpoint(url(), _events())
        return [
            f"{len(_events())} events at {url()}: created",
            f"STRIPE_WEBHOOK_SECRET={secret}",
            "Stripe shows this secret only now: set it, then restart the web processes.",
        ]
    if changes := difference(endpoint):
        gateway.update_webhook_endpoint(endpoint.id, url(), _events())
        return [f"corrected {url()}: {changes}"]
    return [f"{events_text(endpoint)}: no change"]
