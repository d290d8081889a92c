"""Carts, orders, their printing, and what buyers claim. Money is minor units of the row's `currency`."""

from orders.models.cart import Cart, CartLine, public_token
from orders.models.claim import Claim, ClaimPhoto
from orders.models.order import Order, OrderEvent, OrderLine, OrderQuerySet
from orders.models.printing import EarlierDraft, Fulfilment, Shipment

__all__ = [
    "Cart",
    "CartLine",
    "Claim",
    "ClaimPhoto",
    "EarlierDraft",
    "Fulfilment",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderQuerySet",
    "Shipment",
    "public_token",
]
