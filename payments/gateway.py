"""The only module that imports stripe. In: our words. Out: frozen facts, or `ilytat.integrations.errors`.

Timeouts are short because a shopper waits; one retry inside the library, which sends the same idempotency key again.
Source: Stripe contract, sections 2, 3 and 5 (stripe-python 16, API 2026-10-28.endive).
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import requests
import stripe
from django.conf import settings

from ilytat.integrations import usage
from ilytat.integrations.errors import NotConfigured, OutcomeUnknown, Refused, Unavailable

API_VERSION = "2026-10-28.endive"
TIMEOUT = (2, 8)  # seconds: connect, read
SIGNATURE_AGE = 300  # seconds
EXPAND = ["payment_intent.latest_charge.balance_transaction"]


class Forged(Exception):
    """The body was not signed by Stripe for us, or too long ago, or is not an event."""


@dataclass(frozen=True)
class Event:
    id: str
    type: str
    live: bool
    payload: dict[str, Any]


@dataclass(frozen=True)
class SessionFacts:
    """A Checkout Session as it stands. Money in minor units; `currency` in capitals; ids "" when there are none.

    `attempt` is the number of our row that asked for it, 0 when it does not say.
    """

    id: str
    order: str
    attempt: int
    status: str
    payment_status: str
    live: bool
    currency: str
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int
    url: str
    client_secret: str
    payment_intent: str
    refunded: int
    fee: int | None

    @property
    def paid(self) -> bool:
        return self.status == "complete" and self.payment_status in {"paid", "no_payment_required"}


@dataclass(frozen=True)
class RefundFacts:
    id: str
    status: str
    amount: int
    payment_intent: str


@cache
def _client() -> stripe.StripeClient:
    if not settings.STRIPE_SECRET_KEY:
        raise NotConfigured("STRIPE_SECRET_KEY is not set.")
    stripe.enable_telemetry = False
    http = stripe.RequestsClient(timeout=TIMEOUT, session=requests.Session())
    base = settings.STRIPE_API_BASE.rstrip("/")
    return stripe.StripeClient(
        settings.STRIPE_SECRET_KEY,
        base_addresses={"api": base, "files": base},
        max_network_retries=1,
        stripe_version=API_VERSION,
        http_client=http,
    )


@contextmanager
def _translated(*, writing: bool) -> Iterator[None]:
    """Stripe's exceptions into ours. A write without a clear answer is of unknown outcome; its key makes it safe."""
    status = 0
    try:
        yield
        status = 200
    except stripe.StripeError as error:
        status = error.http_status or 0
        raise _ours(error, writing=writing) from error
    except (AttributeError, TypeError, ValueError) as error:
        said = f"Stripe's answer has an unknown shape: {error}"
        raise OutcomeUnknown(said) if writing else Unavailable(said) from error
    finally:
        usage.recorder("stripe")(status)


def _ours(error: stripe.StripeError, *, writing: bool) -> Exception:
    status, code = error.http_status or 0, str(error.code or "")
    said = f"Stripe: {error.user_message or type(error).__name__} ({error.request_id or 'no request id'})"
    if isinstance(error, stripe.RateLimitError):
        return Unavailable(said, status=status, code=code)
    # APIError: 5xx, 409 (the same key is at work this moment), and an answer that is no JSON.
    if isinstance(error, stripe.APIConnectionError | stripe.APIError):
        return OutcomeUnknown(said, status=status) if writing else Unavailable(said, status=status)
    return Refused(said, status=status, code=code)


def verify(raw: bytes, header: str) -> Event:
    """Check the signature on the raw body against each configured secret. Raises Forged; NotConfigured without one."""
    if not settings.STRIPE_WEBHOOK_SECRETS:
        raise NotConfigured("STRIPE_WEBHOOK_SECRET is not set.")
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        try:
            event = stripe.Webhook.construct_event(raw, header, secret, tolerance=SIGNATURE_AGE)
            return Event(event.id, event.type, bool(event.livemode), event.to_dict(for_json=True))
        except stripe.SignatureVerificationError:
            continue
        except (ValueError, AttributeError, KeyError) as error:
            raise Forged("The body is not an event.") from error
    raise Forged("The signature does not match.")


def create_session(params: Mapping[str, Any], *, key: str) -> SessionFacts:
    """`key` is a function of (order, attempt): sent twice, it gives the same session."""
    with _translated(writing=True):
        return _session(
            _client().v1.checkout.sessions.create(cast("Any", dict(params)), options={"idempotency_key": key})
        )


def session(session_id: str) -> SessionFacts:
    with _translated(writing=False):
        return _session(_client().v1.checkout.sessions.retrieve(session_id, {"expand": EXPAND}))


def expire_session(session_id: str) -> SessionFacts:
    """Raises Refused when it is no longer open: then it was paid or had expired, and a look tells which."""
    with _translated(writing=True):
        return _session(_client().v1.checkout.sessions.expire(session_id))


def create_refund(payment_intent: str, amount: int, *, reason: str, metadata: dict[str, str], key: str) -> RefundFacts:
    params = {"payment_intent": payment_intent, "amount": amount, "reason": reason, "metadata": metadata}
    with _translated(writing=True):
        return _refund(_client().v1.refunds.create(cast("Any", params), options={"idempotency_key": key}))


def refund(refund_id: str) -> RefundFacts:
    with _translated(writing=False):
        return _refund(_client().v1.refunds.retrieve(refund_id))


def refunds_of(payment_intent: str) -> list[tuple[RefundFacts, str]]:
    """Each refund of the intent, with the key of ours it carries in its metadata ("" for one made elsewhere)."""
    with _translated(writing=False):
        rows = _client().v1.refunds.list({"payment_intent": payment_intent, "limit": 100}).data
        return [(_refund(row), _noted(row, "refund")) for row in rows]


def key_is_live() -> bool:
    """Asks Stripe for the balance: the cheapest call that proves the key."""
    with _translated(writing=False):
        return bool(_client().v1.balance.retrieve().livemode)


def _noted(found: Any, name: str) -> str:
    """A value of the object's metadata, "" when there is none."""
    return str(getattr(found.metadata, name, "") or "")


def _refund(found: Any) -> RefundFacts:
    return RefundFacts(found.id, str(found.status), int(found.amount), str(found.payment_intent or ""))


def _session(found: Any) -> SessionFacts:
    details = found.total_details
    intent = found.payment_intent
    charge = getattr(intent, "latest_charge", None)
    balance = getattr(charge, "balance_transaction", None)
    attempt = _noted(found, "attempt")
    return SessionFacts(
        id=found.id,
        order=str(found.client_reference_id or ""),
        attempt=int(attempt) if attempt.isdecimal() else 0,
        status=str(found.status or ""),
        payment_status=str(found.payment_status),
        live=bool(found.livemode),
        currency=str(found.currency or "").upper(),
        subtotal=int(found.amount_subtotal or 0),
        discount=int(details.amount_discount or 0) if details else 0,
        shipping=int(details.amount_shipping or 0) if details else 0,
        tax=int(details.amount_tax or 0) if details else 0,
        total=int(found.amount_total or 0),
        url=str(found.url or ""),
        client_secret=str(getattr(found, "client_secret", None) or ""),
        payment_intent=str(getattr(intent, "id", intent) or ""),
        refunded=int(getattr(charge, "amount_refunded", 0) or 0),
        fee=getattr(balance, "fee", None),
    )
