"""A promise that was not kept: told once an order, on the day after the last day that was promised."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from notifications import kinds
from orders import mails
from orders.models import Order
from orders.states import UNDER_WAY, OrderState

# Older promises were broken before anybody looked: an apology would only surprise.
FORGIVEN = timedelta(days=30)
NO_PARCEL: kinds.Parcel = {"carrier": "", "number": "", "url": ""}


def overdue() -> QuerySet[Order]:
    """Paid, being made or under way, and past its last day of arrival."""
    today = timezone.localdate()
    late = Order.objects.filter(arrives_until__lt=today, arrives_until__gte=today - FORGIVEN)
    return late.filter(state=OrderState.PAID, fulfilment__state__in=UNDER_WAY)


def tell() -> None:
    """Safe to repeat: the mail's key names the order."""
    for order in overdue():
        mails.late_parcel(order, _parcel(order))


def _parcel(order: Order) -> kinds.Parcel:
    """The one that is still on its way; none while all is at the printer's."""
    travelling = order.fulfilment.shipments.filter(delivered_at__isnull=True).last()
    return mails.parcel(travelling) if travelling else NO_PARCEL
