"""The webhook endpoint that this shop has at Stripe: looked up, created and corrected."""

from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse

from ilytat.integrations import inbox, webhook_subscriptions
from ilytat.integrations.errors import Refused
from payments import gateway
from payments.stripe_objects import EndpointFacts
from payments.webhooks import SOURCE

ALL_EVENTS = "*"  # as Stripe names them


def url() -> str:
    return f"{settings.SITE_URL}{reverse('stripe_webhook')}"


def find() -> list[EndpointFacts]:
    """Return the endpoints at our host and path, enabled ones first, then the newest. Asks Stripe."""
    own_address = webhook_subscriptions.address(url())
    own = [row for row in gateway.webhook_endpoints() if webhook_subscriptions.address(row.url) == own_address]
    return sorted(own, key=lambda endpoint: not endpoint.enabled)  # Stripe lists the newest first


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


@webhook_subscriptions.register("stripe")
def subscribe(*, renew: bool) -> Iterator[str]:
    """Create the endpoint or correct its events. Stripe shows the secret at creation only.

    With `renew` the earlier endpoints are deleted after the new one was created and its secret was said: if the
    command ends in between, all of them stay, no event is lost, and another `renew` leaves one. Stripe repeats for
    three days what is refused until the new secret is set.
    """
    if settings.STRIPE_API_BASE.startswith("https://") and not settings.SECURE:
        raise Refused("Stripe can only reach a public https address: set SITE_URL to it.")
    endpoints = find()
    if renew or not endpoints:
        secret = gateway.create_webhook_endpoint(url(), _events())
        yield f"{len(_events())} events at {url()}: created"
        yield f"STRIPE_WEBHOOK_SECRET={secret}"
        yield "Stripe shows this secret only now: set it, then restart the web processes."
        for endpoint in endpoints:
            gateway.delete_webhook_endpoint(endpoint.id)
            yield f"removed: {endpoint.id} {endpoint.url}"
    elif changes := difference(endpoints[0]):
        gateway.update_webhook_endpoint(endpoints[0].id, url(), _events())
        yield f"corrected {url()}: {changes}"
    else:
        yield f"{events_text(endpoints[0])}: no change"
