"""The merchant's products, as stored: kind "printify.product", seeded once from the demo catalogue."""

import json
import re
from typing import Any

from sandbox import clock, settings, store
from sandbox.demo import catalogue
from sandbox.printify import events, refusals

KIND = "printify.product"
ID = re.compile(r"[0-9a-f]{24}")
Product = dict[str, Any]


def seed() -> None:
    """First start and after a reset; SANDBOX_CATALOGUE=none begins with an empty shop.

    A store that was made under another address or shop id is brought along, so that its pictures still load.
    """
    home = {"url": settings.SANDBOX_URL, "shop_id": settings.PRINTIFY_SHOP_ID}
    if store.read("printify.home", "") == home:
        return
    with store.change():
        before = store.read("printify.home", "")
        store.write("printify.home", "", home)
        if before is not None:
            _move(before, home)
        elif settings.CATALOGUE == "demo":
            for product in reversed(catalogue.products()):
                save({**product, "shop_id": home["shop_id"]})


def _move(before: store.Document, home: store.Document) -> None:
    for product in store.listing(KIND):
        moved = json.loads(json.dumps(product).replace(before["url"] + "/", home["url"] + "/"))
        is_ours = moved["shop_id"] == before["shop_id"]
        save({**moved, "shop_id": home["shop_id"]} if is_ours else moved)


def every() -> list[Product]:
    """All there are, newest first, also deleted ones and those of other shops."""
    seed()
    return store.listing(KIND)


def listed() -> list[Product]:
    return [product for product in every() if _is_ours(product) and not product.get("is_deleted")]


def _is_ours(product: Product) -> bool:
    return bool(product.get("shop_id") == settings.PRINTIFY_SHOP_ID)


def get(product_id: Any) -> Product | None:
    """A product that this shop has now."""
    seed()
    product = store.read(KIND, str(product_id))
    return product if product and _is_ours(product) and not product.get("is_deleted") else None


def find(product_id: str) -> Product:
    """One absence, three answers: a malformed id, an unknown or deleted product, another shop's product."""
    product = get(product_id)
    if product is not None:
        return product
    if not ID.fullmatch(product_id):
        raise refusals.Refused(422, {"error": "Invalid product ID format."})
    if (store.read(KIND, product_id) or {"is_deleted": True}).get("is_deleted"):
        raise refusals.not_found()
    # "does not belongs": the spelling is the service's own.
    reason = f'Product "{product_id}" does not belongs to shop #{settings.PRINTIFY_SHOP_ID}'
    raise refusals.failure(refusals.FOREIGN, reason)


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
