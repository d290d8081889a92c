"""Publishing in a custom shop: the product is locked and the shop is told; nothing more until the shop answers."""

from typing import Any

from django.http import HttpRequest

from sandbox import settings, store
from sandbox.printify import auth, catalog, events, product_store, refusals

# What the app shows beside "Publishing error": the reason is not part of the product.
ERROR = "printify.publishing_error"
REQUIRED = ("title", "description", "images", "variants", "tags")
OPTIONAL = {"keyFeatures": "key_features", "shipping_template": "shipping_template"}


def begin(product: product_store.Product, wanted: dict[str, Any]) -> None:
    """Locks the product, for ever if nobody answers. Publishing a locked one again tells the shop again."""
    details = {name: bool(wanted.get(name)) for name in REQUIRED}
    details |= {spelled: bool(wanted.get(name)) for name, spelled in OPTIONAL.items()}
    # `shipping_methods` and `external_sku_mapping` came with a genuine delivery of 2023; they are not documented.
    data = events.shop(
        publish_details={**details, "shipping_methods": False},
        action="update" if product.get("external") else "create",
        out_of_stock_publishing=0,
        external_sku_mapping=[],
    )
    with store.change():
        product_store.save({**product, "is_locked": True})
        events.emit("product:publish:started", "product", product["id"], data)


@auth.route("products.publish", bucket="publish")
def publish(request: HttpRequest, product_id: str) -> Any:
    product, wanted = product_store.find(product_id), auth.body(request)
    for name in REQUIRED:
        if not isinstance(wanted.get(name), bool):
            raise refusals.field(name)
    if catalog.shop()["sales_channel"] == "disconnected":
        shop_id = settings.PRINTIFY_SHOP_ID
        reason = f'Shop #{shop_id} of product "{product_id}" is not connected to sales channel'
        raise refusals.failure(refusals.NO_CHANNEL, reason)
    begin(product, wanted)
    return {}


@auth.route("products.publishing_succeeded")
def succeeded(request: HttpRequest, product_id: str) -> Any:
    """Also taken for a product that is not locked: it just gets its `external`."""
    external = auth.body(request).get("external")
    if not isinstance(external, dict) or not external.get("id") or not external.get("handle"):
        raise refusals.field("external")
    with store.change():
        store.remove(ERROR, product_id)
        kept = {"id": str(external["id"]), "handle": str(external["handle"])}
        product_store.save({**product_store.find(product_id), "is_locked": False, "external": kept})
    return {}


@auth.route("products.publishing_failed")
def failed(request: HttpRequest, product_id: str) -> Any:
    reason = auth.body(request).get("reason")
    if not reason:
        raise refusals.field("reason")
    with store.change():
        store.write(ERROR, product_id, {"id": product_id, "reason": reason})
        product_store.save({**product_store.find(product_id), "is_locked": False})
    return {}


@auth.route("products.unpublish")
def unpublish(_request: HttpRequest, product_id: str) -> Any:
    with store.change():
        product = product_store.find(product_id)
        product.pop("external", None)
        product_store.save({**product, "is_locked": False})
    return {}
