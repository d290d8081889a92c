"""What orders keep of a person: everything for their export, and after erasure only what the books need."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from ilytat.integrations import privacy
from orders.models import Cart, ClaimPhoto, Fulfilment, Hold, Order, OrderEvent
from orders.models.claim import ClaimState
from orders.states import SETTLED, OrderState

PERSONAL = ("name", "address1", "address2", "city", "zip", "phone")
FROZEN = ("number", "state", "currency", "subtotal", "discount", "shipping", "tax", "total", "shipping_method")


def _orders(email: str) -> QuerySet[Order]:
    return Order.objects.filter(Q(email__iexact=email) | Q(user__email__iexact=email))


def export(email: str) -> list[dict[str, Any]]:
    return [_one(order) for order in _orders(email).prefetch_related("lines", "events", "claims")]


def _one(order: Order) -> dict[str, Any]:
    columns = ("email", "language", "region", "country", *PERSONAL, *FROZEN)
    return {
        **{name: getattr(order, name) for name in columns},
        "placed_at": order.placed_at.isoformat(),
        "lines": [
            f"{line.quantity} × {line.title} ({line.label}), {line.unit_price} each" for line in order.lines.all()
        ],
        "claims": [{"what": claim.get_kind_display(), "words": claim.words} for claim in order.claims.all()],
        "history": [f"{event.at.isoformat()} {event}" for event in order.events.all()],
    }


def unsettled(email: str) -> str:
    """A parcel on its way needs its address, and so does a payment that may still arrive."""
    undecided = Q(state__in=(OrderState.AWAITING_PAYMENT, OrderState.ATTENTION))
    waiting = undecided | Q(state=OrderState.PAID, fulfilment__isnull=True)
    printing = Q(fulfilment__isnull=False) & ~Q(fulfilment__state__in=SETTLED)
    complaining = Q(claims__state=ClaimState.OPEN)
    order = _orders(email).filter(waiting | printing | complaining).first()
    return _("Order %(number)s is not settled yet.") % {"number": order.number} if order else ""


def traces(email: str) -> Iterator[str]:
    for order in _orders(email):
        yield from (order.email, order.name, order.address1, order.phone)


def erase(email: str, traces: frozenset[str]) -> None:
    """Numbers, products, totals, country and dates stay for the books; the cart and all that names somebody goes."""
    for order in _orders(email):
        Cart.objects.filter(orders=order).delete()
        OrderEvent.objects.filter(order=order, who__iexact=order.email).update(who="buyer")
        privacy.scrub(OrderEvent.objects.filter(order=order), ["who", "what", "why"], traces)
        ClaimPhoto.objects.filter(claim__order=order).delete()
        order.claims.update(words="", answer="")
        Fulfilment.objects.filter(order=order).update(request={}, last_error="")
        Hold.objects.filter(fulfillment__order=order).update(detail="")
        blank = dict.fromkeys(PERSONAL, "")
        Order.objects.filter(pk=order.pk).update(**blank, email=privacy.anonymous_address(), user=None)


def addresses() -> QuerySet[Order, str]:
    return Order.objects.values_list("email", flat=True).distinct()


privacy.register(privacy.Keeper("orders", export, erase, unsettled, traces, addresses))
