"""The answer to a dispute, built from what we know of the order: Stripe's names, 20,000 characters a text at most.

Source: Stripe contract, section 7. Nothing here asks anybody; a text field that we know nothing for is left out.
For an erased order, email, address and tracking are left out: those columns hold placeholders.
"""

from urllib.parse import urljoin

from django.conf import settings

from ilytat.display.money import format_money
from notifications.models import OutgoingEmail
from orders import mails
from orders.models import Order, Shipment
from payments.models import Dispute

LONGEST = 20_000
WHEN = "%Y-%m-%d %H:%M UTC"


def pack(dispute: Dispute) -> dict[str, str]:
    order = dispute.payment.order
    is_erased = order.erased_at is not None
    parcels = [] if is_erased else list(Shipment.objects.filter(fulfilment__order=order))
    made = {
        "customer_name": order.name,
        "customer_email_address": "" if is_erased else order.email,
        "product_description": _goods(order),
        "shipping_address": "" if is_erased else "\n".join(mails.address_lines(order)),
        "billing_address": "",
        **_parcels(parcels),
        "service_date": f"{order.paid_at:%Y-%m-%d}" if order.paid_at else "",
        "refund_policy_disclosure": _policy(order),
        "cancellation_policy_disclosure": _policy(order),
        "uncategorized_text": _story(order, parcels),
    }
    return {name: text[:LONGEST] for name, text in made.items() if text}


def _goods(order: Order) -> str:
    lines = [f"{x.quantity} × {x.title} ({x.label}), printed on demand for this order" for x in order.lines.all()]
    return "\n".join([*lines, f"Total paid: {format_money(order.total, order.currency)}"])


def _parcels(parcels: list[Shipment]) -> dict[str, str]:
    if not parcels:
        return {}
    return {
        "shipping_carrier": ", ".join(dict.fromkeys(parcel.carrier_name for parcel in parcels)),
        "shipping_tracking_number": ", ".join(parcel.number for parcel in parcels),
        "shipping_date": f"{parcels[0].shipped_at:%Y-%m-%d}",
    }


def _policy(order: Order) -> str:
    pages = ", ".join(urljoin(settings.SITE_URL, f"/pages/{slug}/") for slug in ("terms", "returns"))
    placed = f"{order.placed_at:{WHEN}}"
    return f"Shown and linked at checkout before paying ({placed}), terms in version {order.terms or placed}: {pages}"


def _story(order: Order, parcels: list[Shipment]) -> str:
    parts = [
        f"Order {order.number}",
        _section("What happened", [f"{x.at:{WHEN}} {x.who}: {x} {x.why}".rstrip() for x in order.events.all()]),
        _section("Address check", [f"{x.at:{WHEN}} {x.why}" for x in order.events.filter(what__startswith="address")]),
        _section("Carrier", [_journey(parcel) for parcel in parcels]),
        _section("Mails sent to the customer", _mails(order)),
    ]
    return "\n\n".join(part for part in parts if part)


def _journey(parcel: Shipment) -> str:
    arrived = f", delivered {parcel.delivered_at:{WHEN}}" if parcel.delivered_at else ", not reported as delivered"
    return f"{parcel.carrier_name} {parcel.number}: shipped {parcel.shipped_at:{WHEN}}{arrived} {parcel.url}".rstrip()


def _mails(order: Order) -> list[str]:
    sent = OutgoingEmail.objects.filter(reference=order.number, state="sent", to=order.email).order_by("sent_at")
    return [f"{mail.sent_at:{WHEN}} {mail.subject}" for mail in sent]


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *lines]) if lines else ""
