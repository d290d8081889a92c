"""Setup checks: Stripe's webhook endpoint, and sales tax."""

from django.conf import settings
from django.db.models import QuerySet

from ilytat.integrations.errors import FORBIDDEN, KeyRejected, NotConfigured
from ilytat.integrations.models import InboundEvent
from ilytat.integrations.readiness import Finding, last_event_text
from payments import gateway, webhook_endpoint
from payments.models import Difference
from payments.stripe_objects import EndpointFacts
from payments.webhooks import SOURCE

REGISTER = "Run manage.py register_webhooks."
RENEW = "Run manage.py register_webhooks --renew stripe and set the new secret."


def stripe_webhooks() -> Finding:
    """One enabled endpoint at our address, for the events the shop handles, whose events are accepted."""
    try:
        endpoints = webhook_endpoint.find()
    except NotConfigured as error:
        return Finding("down", error.detail, "Set STRIPE_SECRET_KEY.")
    except KeyRejected as error:
        if error.status != FORBIDDEN:
            raise
        fix = "Give the restricted key Webhook Endpoints write, or compare the endpoint with the README by hand."
        return Finding("warn", "Not checked: Stripe's key may not read webhook endpoints.", fix)
    if not endpoints:
        return Finding("down", f"Stripe has no webhook endpoint at {webhook_endpoint.url()}.", REGISTER)
    finding = _compare(endpoints[0])
    if finding.state != "down" and len(endpoints) > 1:
        return Finding("warn", f"Stripe has {len(endpoints)} endpoints at {endpoints[0].url}: one is enough.", RENEW)
    return finding


def _compare(endpoint: EndpointFacts) -> Finding:
    if endpoint.api_version != gateway.API_VERSION:
        detail = f"Stripe's endpoint sends API version {endpoint.api_version}, the shop reads {gateway.API_VERSION}."
        return Finding("down", detail, RENEW)
    if difference := webhook_endpoint.difference(endpoint):
        return Finding("down", f"Stripe's endpoint is not as it should be: {difference}.", REGISTER)
    if not settings.STRIPE_WEBHOOK_SECRETS:
        fix = "Reveal the endpoint's secret in Stripe's dashboard and set STRIPE_WEBHOOK_SECRET to it."
        return Finding("down", "STRIPE_WEBHOOK_SECRET is not set: every event is refused.", fix)
    accepted = _accepted_events().filter(received_at__gte=endpoint.created_at)
    if not accepted.exists():
        detail = f"No event of Stripe's endpoint, created {endpoint.created_at:%F}, was accepted in the last 30 days."
        fix = (
            "Pay for an order; if nothing arrives, set STRIPE_WEBHOOK_SECRET to the endpoint's secret and restart web."
        )
        return Finding("warn", detail, fix)
    return Finding("ok", f"{webhook_endpoint.events_text(endpoint)}; {last_event_text(accepted)}")


def _accepted_events() -> QuerySet[InboundEvent]:
    """Return those that Stripe delivered and the reconciliation did not have to fetch. Kept for 30 days."""
    fetched = Difference.objects.filter(kind="event missed").values("reference")
    return InboundEvent.objects.filter(source=SOURCE).exclude(event_id__in=fetched)


def sales_tax() -> Finding:
    """A reminder: whether this seller has to collect it, and where, the shop cannot know."""
    if settings.STRIPE_AUTOMATIC_TAX:
        return Finding("ok", "Stripe Tax is on")
    fix = "Register with the state, set up Stripe Tax and set STRIPE_AUTOMATIC_TAX=true, or ask your accountant."
    detail = "Orders collect no sales tax: Stripe Tax is off. A seller in Illinois has to from the first order on."
    return Finding("warn", detail, fix)
