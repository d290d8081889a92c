"""The agreed price of delivery, once its time is over: asked anew before another payment page is made of the order.

An order's price changes only before it is paid, and only to what its buyer has seen and agreed to.
"""

from django.db import transaction
from django.utils import timezone

from ilytat.integrations.errors import Unavailable
from ilytat.pages.money import format_money
from orders import lifecycle, quote
from orders.models import Order
from orders.states import OrderState


class DeliveryChanged(Exception):
    """Delivery costs something else now: `total` (minor units) is to be agreed to. None: nobody sends it there now."""

    def __init__(self, total: int | None) -> None:
        super().__init__(str(total))
        self.total = total


def renew(order: Order) -> None:
    """Make sure that the quote still holds. Raises DeliveryChanged, or Unavailable while Printify cannot tell."""
    if order.quote_expires_at and order.quote_expires_at <= timezone.now():
        _renew(order, agreed=order.total)


def accept(order: Order, total: int) -> None:
    """The buyer agrees to this new total. Raises as `renew` does when it is another one by now."""
    if order.quote_expires_at and total != order.total:
        _renew(order, agreed=total)


def _renew(order: Order, *, agreed: int) -> None:
    option = _offered(order)
    shipping = _to_pay(order, option)
    total = order.total - order.shipping + shipping
    if total != agreed:
        raise DeliveryChanged(total)
    # Only as it was when it was asked about: a press of the same button at once has done it otherwise.
    rows = Order.objects.filter(pk=order.pk, state=OrderState.AWAITING_PAYMENT, total=order.total)
    columns = {"shipping": shipping, "total": total, "arrives_from": option.earliest, "arrives_until": option.latest}
    with transaction.atomic():
        done = rows.update(quote=option.as_agreed(), quote_expires_at=quote.expires(), **columns)
        if done and total != order.total:
            why = f"delivery {format_money(order.shipping, order.currency)} → {format_money(shipping, order.currency)}"
            lifecycle.note(order, who="buyer", what="agreed anew", why=why)
    order.refresh_from_db()


def _offered(order: Order) -> quote.ShippingOption:
    try:
        found = quote.of_order(order, country=order.country, region=order.region, zip_code=order.zip)
    except quote.DestinationNotServed as error:
        raise DeliveryChanged(None) from error
    except quote.QuoteUnavailable as error:
        raise Unavailable("Delivery cannot be priced now.") from error
    same = next((option for option in found if option.code == order.shipping_method), None)
    if same is None:
        raise DeliveryChanged(None)
    return same


def _to_pay(order: Order, option: quote.ShippingOption) -> int:
    """A code that gave the delivery, or a part of it, still gives that much."""
    if not order.shipping:
        return 0
    return max(option.amount - (quote.full_price(order) - order.shipping), 0)
