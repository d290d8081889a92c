"""What a promotion code takes off, for the cart's page: orders know nothing of codes."""

from dataclasses import dataclass
from typing import Any

from django import template

from orders.cart import CartView
from orders.quote import ShippingOption
from payments import coupons

register = template.Library()


@dataclass(frozen=True)
class Comes:
    """What the cart comes to. `options` cost what they do with the code; `total` has the first of them in it."""

    offer: coupons.Offer | None
    options: list[ShippingOption]
    total: int


@register.simple_tag(takes_context=True)
def comes_to(context: dict[str, Any], cart: CartView, options: list[ShippingOption]) -> Comes:
    offer = coupons.current(context["request"], cart.subtotal, cart.currency)
    ways = offer.ways(options) if offer else options
    goods = cart.subtotal - (offer.discount if offer else 0)
    return Comes(offer, ways, goods + (ways[0].amount if ways else 0))
