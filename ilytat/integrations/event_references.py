"""Which order, payment or mail a webhook is about, in one indexed column: so that its rows are found without reading
every payload.
"""

from typing import Any

from ilytat.integrations.email import normalized_or_blank
from ilytat.integrations.storable import storable_text

REFERENCE_MAX = 254  # characters: an email address fits


def subject_of(source: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the object the event is about, as Stripe and Printify nest it; {} when the shape is another."""
    subject = payload.get("resource")
    if source == "stripe":
        data = payload.get("data")
        subject = data.get("object") if isinstance(data, dict) else None
    return subject if isinstance(subject, dict) else {}


def reference_of(source: str, payload: dict[str, Any]) -> str:
    """Return the id by which the event is found, "" when it names none.

    Stripe: our order number where the object carries it, else the payment, the customer, or the object itself.
    Printify: its order's or product's id. SendGrid: the mail's reference (an order number), else the recipient.
    """
    if source == "sendgrid":
        reference = _text(payload.get("reference")) or normalized_or_blank(_text(payload.get("email")))
        return storable_text(reference, REFERENCE_MAX)
    subject = subject_of(source, payload)
    names = [subject.get("id")]
    if source == "stripe":
        metadata = subject.get("metadata")
        order = metadata.get("order") if isinstance(metadata, dict) else None
        names = [order, subject.get("client_reference_id"), subject.get("payment_intent"), subject.get("customer")]
        names.append(subject.get("id"))
    return storable_text(next((text for text in map(_text, names) if text), ""), REFERENCE_MAX)


def _text(value: Any) -> str:
    """Stripe puts either an id or the whole object there."""
    name = value.get("id") if isinstance(value, dict) else value
    return name if isinstance(name, str) else ""
