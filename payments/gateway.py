"""The only module that imports stripe. In: our words. Out: frozen facts, or `ilytat.integrations.errors`.

Timeouts are short because a shopper waits, and `payments.web_calls` limits all calls of a web request together. One
retry inside the library, which sends the same idempotency key again.
Source: Stripe contract, sections 2, 3 and 5 (stripe-python 16, API 2026-10-28.endive).
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any, cast

import stripe
from django.conf import settings

from ilytat.integrations import deadlines, failure_texts, usage
from ilytat.integrations.errors import FORBIDDEN, NotConfigured, OutcomeUnknown, Refused, Unavailable
from ilytat.integrations.providers import UNAUTHORIZED, Provider
from payments import stripe_objects, web_calls
from payments.stripe_objects import CheckoutSessionData, DisputeFacts, EndpointFacts, Event, RefundFacts, WarningFacts

log = logging.getLogger(__name__)
API_VERSION = "2026-10-28.endive"
TIMEOUT = (2, 8)  # seconds: connect, read
TOTAL = 12.0  # seconds: one exchange, however slowly it drips
SIGNATURE_AGE = 300  # seconds
ABSENT = 404
MOST_TYPES = 20  # of one question for events
KEY_MISUSED = "idempotency_error"  # our word: the key was used for other words, what became of those is not said
PROVIDER = Provider(
    "stripe",
    "Stripe",
    "In Stripe's dashboard: Developers > API keys, make a new key. Set STRIPE_SECRET_KEY and restart web and workers. "
    "Waiting work then continues by itself.",
    credentials=("STRIPE_SECRET_KEY",),
)
EXPAND = ["payment_intent.latest_charge.balance_transaction", "line_items"]


class Forged(Exception):
    """The body was not signed by Stripe for us, or too long ago, or is not an event."""


@cache
def _client() -> stripe.StripeClient:
    if not settings.STRIPE_SECRET_KEY:
        raise PROVIDER.not_configured("STRIPE_SECRET_KEY")
    stripe.enable_telemetry = False
    http = stripe.RequestsClient(timeout=TIMEOUT, session=deadlines.session(TOTAL))
    base = settings.STRIPE_API_BASE.rstrip("/")
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": base, "files": base},
        max_network_retries=1,
        stripe_version=API_VERSION,
        http_client=http,
    )


@contextmanager
def _translated(*, writing: bool, is_probe: bool = False) -> Iterator[None]:
    """Stripe's exceptions into ours. A write without a clear answer is of unknown outcome; its key makes it safe.

    `is_probe`: ask although the key is known to be rejected.
    """
    if not is_probe:
        PROVIDER.ensure_accepted()
    with web_calls.limits(), _in_our_words(writing=writing, is_probe=is_probe):
        yield


@contextmanager
def _in_our_words(*, writing: bool, is_probe: bool) -> Iterator[None]:
    status = 0
    try:
        yield
        status = 200
    except stripe.StripeError as error:
        status = error.http_status or 0
        raise _ours(error, writing=writing, is_probe=is_probe) from error
    except (AttributeError, TypeError, ValueError) as error:
        log.warning("stripe's response has an unknown shape", extra={"error": f"{type(error).__name__}: {error}"})
        detail = failure_texts.unreadable("Stripe")
        raise OutcomeUnknown(detail) if writing else Unavailable(detail) from error
    finally:
        usage.recorder("stripe")(status)


def _ours(error: stripe.StripeError, *, writing: bool, is_probe: bool) -> Exception:
    code = KEY_MISUSED if isinstance(error, stripe.IdempotencyError) else str(error.code or "")
    status = error.http_status or 0
    # Without JSON there is no message of Stripe's: the library quotes the body instead.
    said = (error.user_message or "") if isinstance(error.json_body, dict) else ""
    if status in {UNAUTHORIZED, FORBIDDEN}:
        return PROVIDER.rejected(said, status=status, call=str(error.request_id or ""), is_probe=is_probe)
    if isinstance(error, stripe.APIConnectionError):
        log.warning("no answer", extra={"call": "stripe", "error": str(error)})
        detail = failure_texts.no_answer("Stripe", error)
    else:
        log.info("request refused", extra={"call": "stripe", "request": error.request_id, "answer": str(error)})
        is_read = status >= 300  # noqa: PLR2004 (a success that is an error has a body that is no JSON)
        detail = failure_texts.answered("Stripe", status, said) if is_read else failure_texts.unreadable("Stripe")
    if isinstance(error, stripe.RateLimitError):
        return Unavailable(detail, status=status, code=code)
    # APIError: 5xx, 409 (the same key is at work this moment), and an answer that is no JSON.
    if isinstance(error, stripe.APIConnectionError | stripe.APIError):
        kind = OutcomeUnknown if writing else Unavailable
        return kind(detail, status=status, is_outage=PROVIDER.is_down())
    return Refused(detail, status=status, code=code)


def verify(raw: bytes, header: str) -> Event:
    """Check the signature on the raw body against each configured secret. Raises Forged; NotConfigured without one."""
    if not settings.STRIPE_WEBHOOK_SECRETS:
        raise NotConfigured("STRIPE_WEBHOOK_SECRET is not set.")
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            event = stripe.Webhook.construct_event(raw, header, secret, tolerance=SIGNATURE_AGE)
            return Event(str(event.id), str(event.type), bool(event.livemode), event.to_dict(for_json=True))
        except stripe.SignatureVerificationError:
            continue
        except (ValueError, AttributeError, KeyError, RecursionError, TypeError) as error:
            # TypeError: a signature that is not ASCII
            raise Forged("The body is not an event.") from error
    raise Forged("The signature does not match.")


def create_session(params: Mapping[str, Any], *, key: str) -> CheckoutSessionData:
    """`key` is a function of (order, attempt): sent twice, it gives the same session."""
    with _translated(writing=True):
        return stripe_objects.session(
            _client().v1.checkout.sessions.create(cast("Any", dict(params)), options={"idempotency_key": key})
        )


def create_customer(params: Mapping[str, Any], *, key: str) -> str:
    with _translated(writing=True):
        return str(_client().v1.customers.create(cast("Any", dict(params)), options={"idempotency_key": key}).id)


def delete_customer(customer_id: str) -> None:
    """Delete the customer with its name, email and address. One that is not there (any more) counts as deleted."""
    try:
        with _translated(writing=True):
            _client().v1.customers.delete(customer_id)
    except Refused as error:
        if error.status != ABSENT:
            raise


def customers_of(email: str, order: str) -> list[str]:
    """Return the ids of the customers that were created for the order (its number), looked for by the exact email."""
    with _translated(writing=False):
        rows = _client().v1.customers.list({"email": email, "limit": 100}).auto_paging_iter()
        return [str(row.id) for row in rows if stripe_objects.noted(row, "order") == order]


def session(session_id: str) -> CheckoutSessionData:
    with _translated(writing=False):
        found = _client().v1.checkout.sessions.retrieve(session_id, {"expand": EXPAND})
        lines = getattr(
            found, "line_items", None
        )  # of a large order the first ones: the rest is asked for page by page
        return stripe_objects.session(found, lines.auto_paging_iter() if lines else ())


def session_if_any(session_id: str) -> CheckoutSessionData | None:
    try:
        return session(session_id)
    except Refused as error:
        if error.status != ABSENT:
            raise
        return None


def expire_session(session_id: str) -> CheckoutSessionData:
    """Raises Refused when it is no longer open: then it was paid or had expired, and a look tells which."""
    with _translated(writing=True):
        return stripe_objects.session(_client().v1.checkout.sessions.expire(session_id))


def create_coupon(name: str, amount: int, currency: str, *, key: str) -> None:
    """A discount of exactly this amount for one session: Stripe takes no amounts off a session otherwise."""
    params = {"id": name, "amount_off": amount, "currency": currency.lower(), "duration": "once", "name": "Discount"}
    try:
        with _translated(writing=True):
            _client().v1.coupons.create(cast("Any", params), options={"idempotency_key": key})
    except Refused as error:
        if error.code != "resource_already_exists":  # made by an older try, whose key Stripe has forgotten
            raise


def create_refund(payment_intent: str, amount: int, *, reason: str, metadata: dict[str, str], key: str) -> RefundFacts:
    params = {"payment_intent": payment_intent, "amount": amount, "reason": reason, "metadata": metadata}
    with _translated(writing=True):
        return stripe_objects.refund(_client().v1.refunds.create(cast("Any", params), options={"idempotency_key": key}))


def refund(refund_id: str) -> RefundFacts:
    with _translated(writing=False):
        return stripe_objects.refund(_client().v1.refunds.retrieve(refund_id))


def refunds_of(payment_intent: str) -> list[RefundFacts]:
    with _translated(writing=False):
        rows = _client().v1.refunds.list({"payment_intent": payment_intent, "limit": 100}).auto_paging_iter()
        return [stripe_objects.refund(row) for row in rows]


def dispute(dispute_id: str) -> DisputeFacts:
    with _translated(writing=False):
        return stripe_objects.dispute(_client().v1.disputes.retrieve(dispute_id))


def stage_evidence(dispute_id: str, evidence: Mapping[str, str]) -> DisputeFacts:
    """Lies at Stripe for a person to look at and send: evidence counts once, so nothing is submitted here."""
    params = {"evidence": dict(evidence), "submit": False}
    with _translated(writing=True):
        return stripe_objects.dispute(_client().v1.disputes.update(dispute_id, cast("Any", params)))


def warning(warning_id: str) -> WarningFacts:
    with _translated(writing=False):
        return stripe_objects.warning(_client().v1.radar.early_fraud_warnings.retrieve(warning_id))


def fee_of(payment_intent: str) -> int | None:
    """What Stripe kept of this payment; None while it is not booked yet."""
    with _translated(writing=False):
        found = _client().v1.payment_intents.retrieve(payment_intent, {"expand": ["latest_charge.balance_transaction"]})
        balance = getattr(getattr(found, "latest_charge", None), "balance_transaction", None)
        return getattr(balance, "fee", None)


def events_since(moment: datetime, types: Iterable[str]) -> Iterator[Event]:
    """What Stripe told or would have told, newest first: for the days on which its webhooks did not arrive."""
    wanted = sorted(types)
    for start in range(0, len(wanted), MOST_TYPES):
        some = wanted[start : start + MOST_TYPES]
        params = {"created": {"gte": int(moment.timestamp())}, "types": some, "limit": 100}
        with _translated(writing=False):
            rows = list(_client().v1.events.list(cast("Any", params)).auto_paging_iter())
        yield from (Event(row.id, row.type, bool(row.livemode), row.to_dict(for_json=True)) for row in rows)


def key_is_live() -> bool:
    """Asks Stripe for the balance: the cheapest call that proves the key."""
    with _translated(writing=False, is_probe=True):
        return bool(_client().v1.balance.retrieve().livemode)


def webhook_endpoints() -> list[EndpointFacts]:
    """Also asked while the key is known to be rejected. KeyRejected with status 403 where it may not read them."""
    with _translated(writing=False, is_probe=True):
        rows = _client().v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter()
        return [stripe_objects.webhook_endpoint(row) for row in rows]


def create_webhook_endpoint(url: str, events: Iterable[str]) -> str:
    """Return the endpoint's signing secret, which Stripe never shows again in its API."""
    params = {"url": url, "enabled_events": sorted(events), "api_version": API_VERSION}
    with _translated(writing=True):
        return str(_client().v1.webhook_endpoints.create(cast("Any", params)).secret)


def update_webhook_endpoint(endpoint_id: str, url: str, events: Iterable[str]) -> None:
    """Set address and events, and enable it. Its API version cannot be changed."""
    params = {"url": url, "enabled_events": sorted(events), "disabled": False}
    with _translated(writing=True):
        _client().v1.webhook_endpoints.update(endpoint_id, cast("Any", params))


def delete_webhook_endpoint(endpoint_id: str) -> None:
    with _translated(writing=True):
        _client().v1.webhook_endpoints.delete(endpoint_id)
