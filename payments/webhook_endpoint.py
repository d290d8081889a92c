"""The webhook endpoint that this shop has at Stripe: looked up, created and corrected."""

from django.conf import settings
from django.urls import reverse

from ilytat.integrations import inbox, webhook_subscriptions
from ilytat.integrations.errors import Refused
from payments import gateway
from payments.events import SOURCE
from payments.facts import EndpointFacts


def url() -> str:
    return f"{settings.SITE_URL}{reverse('stripe_webhook')}"


def find() -> EndpointFacts | None:
    """Return the endpoint at our address. Asks Stripe."""
    return next((endpoint for endpoint in gateway.webhook_endpoints() if endpoint.url == url()), None)


def difference(endpoint: EndpointFacts) -> str:
    """Say what `register` would correct; empty when nothing."""
    missing, extra = _events() - endpoint.events, endpoint.events - _events()
    parts = [
        "" if endpoint.enabled else "it is disabled",
        f"missing events: {', '.join(sorted(missing))}" if missing else "",
        f"unused events: {', '.join(sorted(extra))}" if extra else "",
    ]
    return "; ".join(part for part in parts if part)


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
        gateway.update_webhook_endpoint(endpoint.id, _events())
        return [f"corrected {url()}: {changes}"]
    return [f"{len(endpoint.events)} events at {url()}: no change"]
