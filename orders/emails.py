"""The mails an order sends: contexts built from its own snapshot, queued in the caller's transaction."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from urllib.parse import urljoin
from uuid import uuid4

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from catalog.images.encode import mail_url
from ilytat.pages.countries import country_name
from ilytat.pages.money import format_money
from notifications import contexts, outbox
from orders import refunding
from orders.models import Claim, Fulfilment, Order, OrderLine, Shipment
from orders.models.shipping import Contents

NO_PARCEL: contexts.Parcel = {"carrier": "", "number": "", "url": ""}
SEND_BACK = timedelta(days=14)  # from the declaration of a withdrawal, where the law knows it


def order_confirmed(order: Order, *, cancel_until: datetime) -> None:
    context: contexts.OrderConfirmed = {
        "number": order.number,
        "url": url(order),
        "name": order.name,
        "lines": lines(order),
        "totals": totals(order),
        "ship_to": address_lines(order),
        "arrives_from": order.arrives_from.isoformat() if order.arrives_from else "",
        "arrives_until": order.arrives_until.isoformat() if order.arrives_until else "",
        "cancel_until": cancel_until.isoformat() if settings.GRACE_MINUTES else "",
    }
    _queue("order_confirmed", f"confirmation:{order.number}", order, context)


def order_canceled(
    order: Order,
    *,
    by: Literal["buyer", "shop"],
    refund: int,
    reason: str = "",
    nothing: contexts.NothingGoesBack = "not charged",
) -> None:
    """`refund` in minor units; with 0 the mail says why `nothing` goes back. `reason` is a sentence for the buyer."""
    context: contexts.OrderCanceled = {
        **about(order),
        "by": by,
        "reason": reason,
        "refund": format_money(refund, refunding.currency(order), order.language) if refund else "",
        "nothing": nothing,
    }
    _queue("order_canceled", f"canceled:{order.number}", order, context)


def address_changed(order: Order, fulfilment: Fulfilment) -> None:
    context: contexts.AddressChanged = {
        **about(order),
        "ship_to": address_lines(order),
        "arrives_from": order.arrives_from.isoformat() if order.arrives_from else "",
        "arrives_until": order.arrives_until.isoformat() if order.arrives_until else "",
        "cancel_until": fulfilment.release_at.isoformat() if fulfilment.release_at > timezone.now() else "",
    }
    _queue("address_changed", f"address:{fulfilment.external_id}", order, context)


def order_changed(line: OrderLine, fulfilment: Fulfilment, *, before: str) -> None:
    """`before` is the label of what `line` was swapped for."""
    order = fulfilment.order
    context: contexts.OrderChanged = {
        **about(order),
        "title": line.title,
        "before": before,
        "after": line.label,
        "cancel_until": fulfilment.release_at.isoformat() if fulfilment.release_at > timezone.now() else "",
    }
    _queue("order_changed", f"order changed:{fulfilment.external_id}", order, context)


def claim_received(claim: Claim, *, answer_by: date) -> None:
    context: contexts.ClaimReceived = {
        **about(claim.order),
        "lines": _claimed(claim),
        "claim": str(claim.pk),
        "wish": "other",
        "message": claim.words,
        "answer_by": answer_by.isoformat(),
    }
    _queue("claim_received", f"claim:{claim.pk}", claim.order, context)


def claim_answered(claim: Claim, *, decision: Literal["reprint", "refund", "declined"]) -> None:
    order = claim.order
    context: contexts.ClaimAnswered = {
        **about(order),
        "lines": _claimed(claim),
        "claim": str(claim.pk),
        "decision": decision,
        "answer": claim.answer,
        "amount": format_money(claim.refund, refunding.currency(order), order.language) if claim.refund else "",
    }
    _queue("claim_answered", f"claim answered:{claim.pk}", order, context)


def withdrawal_receipt(claim: Claim) -> None:
    context: contexts.WithdrawalReceipt = {
        **about(claim.order),
        "lines": _claimed(claim),
        "received_at": claim.made_at.isoformat(),
        "message": claim.words,
        "refund": "",
        "send_back_by": (timezone.localdate(claim.made_at) + SEND_BACK).isoformat(),
    }
    _queue("withdrawal_receipt", f"withdrawal:{claim.pk}", claim.order, context)


def _claimed(claim: Claim) -> list[contexts.Line]:
    return [_line(claim.order, line) for line in claim.lines.all()] or lines(claim.order)


def order_code(order: Order, *, code: str, minutes: int) -> None:
    context: contexts.OrderCode = {"number": order.number, "url": url(order), "code": code, "minutes": minutes}
    _queue("order_code", f"code:{order.number}:{uuid4().hex}", order, context)


def about(order: Order) -> contexts.OrderMail:
    """What every mail about an order knows."""
    return {"number": order.number, "url": url(order), "name": order.name, "lines": lines(order)}


def _about_coming(order: Order) -> contexts.OrderMail:
    """Without lines that Printify canceled: they do not come."""
    return {**about(order), "lines": [_line(order, line) for line in order.lines.all() if not line.is_canceled]}


def _canceled(order: Order) -> list[contexts.Line]:
    return [_line(order, line) for line in order.lines.all() if line.is_canceled]


def shipped(order: Order, shipment: Shipment, contents: Contents, *, number: int, count: int) -> None:
    """`number`: this parcel's place among those that left. `count`: all parcels, 0 while more may follow."""
    context: contexts.Shipped = {
        **_parcel_context(order, shipment, contents, number=number, count=count),
        "arrives_from": order.arrives_from.isoformat() if order.arrives_from else "",
        "arrives_until": order.arrives_until.isoformat() if order.arrives_until else "",
    }
    _queue("shipped", f"shipped:{shipment.pk}", order, context)


def shipped_untracked(fulfilment: Fulfilment) -> None:
    """All of it has left, and there is no number to follow it by."""
    order = fulfilment.order
    context: contexts.Shipped = {
        **_about_coming(order),
        "packed": True,
        "canceled": _canceled(order),
        "parcel": NO_PARCEL,
        "parcel_number": 1,
        "parcel_count": 1,
        "still_to_come": [],
        "arrives_from": order.arrives_from.isoformat() if order.arrives_from else "",
        "arrives_until": order.arrives_until.isoformat() if order.arrives_until else "",
    }
    _queue("shipped", f"shipped untracked:{fulfilment.external_id}", order, context)


def arrival_asked(fulfilment: Fulfilment, *, answer_by: date) -> None:
    """Once an order."""
    order = fulfilment.order
    context: contexts.ArrivalAsked = {
        **_about_coming(order),
        "parcel": travelling(fulfilment),
        "promised": order.arrives_until.isoformat() if order.arrives_until else "",
        "answer_url": urljoin(settings.SITE_URL, reverse("order_arrived", args=[order.token])),
        "answer_by": answer_by.isoformat(),
    }
    _queue("arrival_asked", f"arrival asked:{order.number}", order, context)


def delivered(order: Order, shipment: Shipment, contents: Contents, *, number: int, count: int) -> None:
    """`number`: this parcel's place among those that arrived. `count`: as in `shipped`."""
    context = _parcel_context(order, shipment, contents, number=number, count=count)
    _queue("delivered", f"delivered:{shipment.pk}", order, context)


def late_parcel(order: Order, parcel_: contexts.Parcel) -> None:
    """Once an order; the last day that was promised is the order's own."""
    promised = order.arrives_until.isoformat() if order.arrives_until else ""
    context: contexts.LateParcel = {
        **_about_coming(order),
        "parcel": parcel_,
        "promised": promised,
        "arrives_until": "",
    }
    _queue("late_parcel", f"late:{order.number}", order, context)


def _parcel_context(
    order: Order, shipment: Shipment, contents: Contents, *, number: int, count: int
) -> contexts.Delivered:
    packed = contents.by_parcel.get(shipment.pk) or []
    about_coming = _about_coming(order)
    return {
        **about_coming,
        "lines": [_line(order, item.line, item.quantity) for item in packed] or about_coming["lines"],
        "packed": bool(packed),
        "canceled": _canceled(order),
        "parcel": parcel(shipment),
        "parcel_number": number,
        "parcel_count": count,
        "still_to_come": [_line(order, item.line, item.quantity) for item in contents.still_to_come] if packed else [],
    }


def _queue(kind: str, key: str, order: Order, context: Mapping[str, object]) -> None:
    outbox.queue(kind, dedupe_key=key, to=order.email, language=order.language, context=context, reference=order.number)


def url(order: Order) -> str:
    return str(urljoin(settings.SITE_URL, order.get_absolute_url()))


def parcel(shipment: Shipment) -> contexts.Parcel:
    return {"carrier": shipment.carrier_name, "number": shipment.number, "url": shipment.url}


def travelling(fulfilment: Fulfilment) -> contexts.Parcel:
    """The one that is still on its way; none while all is at the printer's, or without a number."""
    found = fulfilment.shipments.filter(delivered_at__isnull=True).last()
    return parcel(found) if found else NO_PARCEL


def lines(order: Order) -> list[contexts.Line]:
    return [_line(order, line) for line in order.lines.all()]


def _line(order: Order, line: OrderLine, quantity: int | None = None) -> contexts.Line:
    """`quantity` of the line, by default all of it."""
    count = line.quantity if quantity is None else quantity
    return {
        "title": line.title,
        "label": line.label,
        "quantity": count,
        "amount": format_money(line.unit_price * count, order.currency, order.language),
        "image": mail_url(line.image),
    }


def totals(order: Order) -> contexts.Totals:
    def money(amount: int) -> str:
        return format_money(amount, order.currency, order.language)

    return {
        "subtotal": money(order.subtotal),
        "discount": money(order.discount) if order.discount else "",
        "shipping": money(order.shipping),
        "tax": money(order.tax) if order.tax else "",
        "total": money(order.total),
    }


def address_lines(order: Order) -> list[str]:
    """As it stands on a parcel, the country in the order's language."""
    last = " ".join(part for part in (order.city, order.region, order.zip) if part)
    with override(order.language):
        country = country_name(order.country)
    return [part for part in (order.name, order.address1, order.address2, last, country) if part]
