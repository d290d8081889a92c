"""A promise that was not kept: told once an order, on the day after the last day that was promised."""

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from orders import mails
from orders.models import Order
from orders.states import FulfilmentState, OrderState

# Older promises were broken before anybody looked: an apology would only surprise.
FORGIVEN = timedelta(days=30)


def overdue() -> QuerySet[Order]:
    """Paid, past its last day of arrival, and not here: being made, or a parcel says so.

    What travels without a number may have come: `endings` asks.
    """
    today = timezone.localdate()
    late = Order.objects.filter(arrives_until__lt=today, arrives_until__gte=today - FORGIVEN)
    making = Q(fulfilment__state=FulfilmentState.IN_PRODUCTION)
    under_way = Q(fulfilment__state=FulfilmentState.SHIPPED, fulfilment__shipments__delivered_at=None)
    tracked = Q(fulfilment__shipments__isnull=False)
    return late.filter(making | under_way & tracked, state=OrderState.PAID).distinct()


def send_all() -> None:
    """Safe to repeat: the mail's key names the order."""
    for order in overdue():
        mails.late_parcel(order, mails.travelling(order.fulfilment))
