"""The demo catalogue: `products()`, and what Printify's catalogue and shipping routes need to know of it."""

from functools import cache
from typing import Any

from sandbox.demo import items_apparel, items_carry, items_home
from sandbox.demo.blueprints import BLUEPRINTS, PROVIDERS
from sandbox.demo.descriptions import safety_entries
from sandbox.demo.expand import SHOP_ID, full_product
from sandbox.demo.item import Item
from sandbox.demo.pictures import product_id
from sandbox.demo.shipping import METHOD_CODES, SHIPPING, Offer, Rate
from sandbox.demo.size_guides import size_guide

__all__ = [
    "BLUEPRINTS", "METHOD_CODES", "PROVIDERS", "SHIPPING", "SHOP_ID",
    "Offer", "Rate", "item_by_product_id", "products", "safety_entries", "size_guide",
]  # fmt: skip

ITEMS: tuple[Item, ...] = (
    *items_apparel.TEES,
    *items_apparel.HOODIES,
    *items_apparel.HATS,
    *items_home.MUGS,
    *items_home.POSTERS,
    *items_home.PILLOWS,
    *items_home.NOTEBOOKS,
    *items_carry.TOTES,
    *items_carry.PHONE_CASES,
    *items_carry.STICKERS,
    *items_carry.MAGNETS,
)


def products() -> list[dict[str, Any]]:
    """Full Printify product objects, newest first, made afresh: the caller may change them."""
    return [full_product(item) for item in sorted(ITEMS, key=lambda item: item.created, reverse=True)]


@cache
def _by_product_id() -> dict[str, Item]:
    return {product_id(item): item for item in ITEMS}


def item_by_product_id(wanted: str) -> Item:
    """Raises KeyError for a product that the demo does not sell."""
    return _by_product_id()[wanted]
