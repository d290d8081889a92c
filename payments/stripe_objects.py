"""What Stripe's objects say, in our words: frozen, and read tolerantly. Money in minor units, `currency` in capitals.

Ids are "" when there are none. Source: Stripe contract, sections 3, 5, 6 and 7.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Event:
    id: str
    type: str
    live: bool
    payload: dict[str, Any]


@dataclass(frozen=True)
class CheckoutSessionData:
    """A Checkout Session as it stands. `attempt` is the number of our row that asked for it, 0 when it does not say.

    `promotions` says that the buyer agreed to be written to about it, should it expire.
    `taxes`: the tax of each of our lines by its id, where the session was read with its lines.
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
    intent_status: str = ""
    promotions: bool = False
    customer: str = ""
    has_automatic_tax: bool = False
    taxes: Mapping[int, int] = field(default_factory=dict)

    @property
    def paid(self) -> bool:
        return self.status == "complete" and self.payment_status in {"paid", "no_payment_required"}

    @property
    def failed(self) -> bool:
        """Completed by a method that takes its time, and refused in the end."""
        refused = self.intent_status in {"requires_payment_method", "canceled"}
        return self.status == "complete" and not self.paid and refused


@dataclass(frozen=True)
class EndpointFacts:
    """A webhook endpoint at Stripe. `api_version` is "" where the account's default holds."""

    id: str
    url: str
    events: frozenset[str]
    api_version: str
    enabled: bool
    created_at: datetime


@dataclass(frozen=True)
class RefundFacts:
    """`key` is ours, carried in its metadata: "" for a refund made elsewhere. `reference` is the bank's (ARN)."""

    id: str
    status: str
    amount: int
    payment_intent: str
    key: str = ""
    reason: str = ""
    failure: str = ""
    reference: str = ""


@dataclass(frozen=True)
class DisputeFacts:
    """`net` is what it moved on our balance so far (less than 0: taken), `fee` the part of it that Stripe keeps."""

    id: str
    status: str
    reason: str
    amount: int
    currency: str
    payment_intent: str
    due_by: datetime | None
    refundable: bool
    net: int
    fee: int
    submissions: int


@dataclass(frozen=True)
class WarningFacts:
    id: str
    fraud_type: str
    payment_intent: str
    actionable: bool


def session(found: Any, lines: Iterable[Any] = ()) -> CheckoutSessionData:
    details = found.total_details
    intent = found.payment_intent
    charge = getattr(intent, "latest_charge", None)
    balance = getattr(charge, "balance_transaction", None)
    attempt = noted(found, "attempt")
    consent = getattr(found, "consent", None)
    return CheckoutSessionData(
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
        client_secret=text(found, "client_secret"),
        payment_intent=identity(intent),
        refunded=int(getattr(charge, "amount_refunded", 0) or 0),
        fee=getattr(balance, "fee", None),
        intent_status=text(intent, "status"),
        promotions=text(consent, "promotions") == "opt_in",
        customer=identity(getattr(found, "customer", None)),
        has_automatic_tax=bool(getattr(getattr(found, "automatic_tax", None), "enabled", False)),
        taxes={int(noted(row, "line")): int(row.amount_tax or 0) for row in lines if noted(row, "line").isdecimal()},
    )


def refund(found: Any) -> RefundFacts:
    card = getattr(getattr(found, "destination_details", None), "card", None)
    return RefundFacts(
        id=found.id,
        status=str(found.status),
        amount=int(found.amount),
        payment_intent=identity(found.payment_intent),
        key=noted(found, "refund"),
        reason=text(found, "reason"),
        failure=text(found, "failure_reason"),
        reference=text(card, "reference"),
    )


def dispute(found: Any) -> DisputeFacts:
    evidence = getattr(found, "evidence_details", None)
    due, moved = getattr(evidence, "due_by", None), list(getattr(found, "balance_transactions", None) or [])
    return DisputeFacts(
        id=found.id,
        status=str(found.status),
        reason=text(found, "reason"),
        amount=int(found.amount),
        currency=str(found.currency).upper(),
        payment_intent=identity(found.payment_intent),
        due_by=datetime.fromtimestamp(due, UTC) if due else None,
        refundable=bool(found.is_charge_refundable),
        net=sum(int(row.net) for row in moved),
        fee=max(sum(int(row.fee) for row in moved), 0),
        submissions=int(getattr(evidence, "submission_count", 0) or 0),
    )


def warning(found: Any) -> WarningFacts:
    return WarningFacts(
        id=found.id,
        fraud_type=text(found, "fraud_type"),
        payment_intent=identity(getattr(found, "payment_intent", None)),
        actionable=bool(found.actionable),
    )


def noted(found: Any, name: str) -> str:
    """A value of the object's metadata, "" when there is none."""
    return text(getattr(found, "metadata", None), name)


def text(found: Any, name: str) -> str:
    return str(getattr(found, name, None) or "")


def identity(found: Any) -> str:
    """The id of what is expanded here or not."""
    return str(getattr(found, "id", found) or "")


def webhook_endpoint(found: Any) -> EndpointFacts:
    return EndpointFacts(
        found.id,
        found.url,
        frozenset(found.enabled_events),
        api_version=str(getattr(found, "api_version", None) or ""),
        enabled=found.status == "enabled",
        created_at=datetime.fromtimestamp(found.created, UTC),
    )
