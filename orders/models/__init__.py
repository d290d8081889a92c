"""Carts, orders, their printing, what buyers claim and what they wait for. Money is minor units of the row's
`currency`.
"""

from orders.models.back_in_stock import StockWatch, WatchState
from orders.models.cart import Cart, CartLine, public_token
from orders.models.claim import Claim, ClaimPhoto
from orders.models.fulfillment import EarlierDraft, Fulfilment, Hold, HoldReason
from orders.models.order import Order, OrderEvent, OrderLine, OrderQuerySet
from orders.models.shipping import Shipment, ShipmentLine

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
