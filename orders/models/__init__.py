"""Carts, orders, their printing, what buyers claim and what they wait for. Money is minor units of the row's
`currency`.
"""

from orders.models.cart import Cart, CartLine, public_token
from orders.models.claim import Claim, ClaimPhoto
from orders.models.order import Order, OrderEvent, OrderLine, OrderQuerySet
from orders.models.printing import EarlierDraft, Fulfilment, Hold, HoldReason, Shipment, ShipmentLine
from orders.models.watch import StockWatch, WatchState

__all__ = [
    "Cart",
    "CartLine",
    "Claim",
    "ClaimPhoto",
    "EarlierDraft",
    "Fulfilment",
    "Hold",
    "HoldReason",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderQuerySet",
    "Shipment",
    "ShipmentLine",
    "StockWatch",
    "WatchState",
    "public_token",
]
