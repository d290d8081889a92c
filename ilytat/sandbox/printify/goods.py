"""The merchant's products, as stored: kind "printify.product", seeded once from the demo catalogue."""

import re
from typing import Any

from ilytat.sandbox import clock, settings, store
from ilytat.sandbox.demo import catalogue
from ilytat.sandbox.printify import events, refusals

KIND = "printify.product"
ID = re.compile(r"[0-9a-f]{24}")
Product = dict[str, Any]


def seed() -> None:
    """First start only, or after a reset; SANDBOX_CATALOGUE=none starts with an empty shop."""
    with store.change():
        if store.read("printify.seeded", "") is not None:
            return
        store.write("printify.seeded", "", {})
        if settings.CATALOGUE == "demo":
            for product in reversed(catalogue.products()):
                store.write(KIND, product["id"], {**product, "shop_id": settings.PRINTIFY_SHOP_ID})


def every() -> list[Product]:
    """All there are, newest first, also deleted ones and those of other shops."""
    seed()
    return store.listing(KIND)


def listed() -> list[Product]:
    return [product for product in every() if _is_ours(product) and not product.get("is_deleted")]


def _is_ours(product: Product) -> bool:
    return bool(product.get("shop_id") == settings.PRINTIFY_SHOP_ID)


def find(product_id: str) -> Product:
    """One absence, three answers: a malformed id, an unknown or deleted product, another shop's product."""
    if not ID.fullmatch(product_id):
        raise refusals.Refused(422, {"error": "Invalid product ID format."})
    seed()
    product = store.read(KIND, product_id)
    if product is None or product.get("is_deleted"):
        raise refusals.not_found()
    if not _is_ours(product):
        shop_id = settings.PRINTIFY_SHOP_ID
        # "does not belongs": the spelling is the service's own.
        reason = f'Product "{product_id}" does not belongs to shop #{shop_id}'
        raise refusals.failure(refusals.FOREIGN, reason)
    return product


def save(product: Product) -> None:
    store.write(KIND, product["id"], product)


def merge(product_id: str, changes: Product) -> Product:
    """What the merchant edits in the app: variants merge by id, any other key is replaced; the shop is told.

    An id not known yet makes a product of the changes, which then have to be a whole one.
    """
    with store.change():
        seed()
        old = store.read(KIND, product_id)
        bare = {"id": product_id, "shop_id": settings.PRINTIFY_SHOP_ID}
        new = {**(old or bare), "updated_at": clock.stamp(), **changes}
        if old is not None:
            new["variants"] = _merged(old["variants"], changes.get("variants", []))
        save(new)
        events.emit(f"product:{_verb(old, new)}", "product", product_id, events.shop())
    return new


def _merged(old: list[Product], changes: list[Product]) -> list[Product]:
    by_id = {variant["id"]: variant for variant in old}
    for change in changes:
        by_id[change["id"]] = by_id.get(change["id"], {}) | change
    return list(by_id.values())


def _verb(old: Product | None, new: Product) -> str:
    if old is None:
        return "created"
    return "deleted" if new.get("is_deleted") and not old.get("is_deleted") else "updated"
