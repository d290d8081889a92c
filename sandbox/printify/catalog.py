"""Shops and products, as the API shows them."""

from typing import Any

from django.http import HttpRequest

from sandbox import settings, store
from sandbox.demo.catalogue import BLUEPRINTS, safety_entries
from sandbox.printify import auth, events, paginator, product_store

PAGE_DEFAULT = PAGE_MOST = 50


def shop() -> dict[str, Any]:
    made = {"id": settings.PRINTIFY_SHOP_ID, "title": "Sandbox shop", "sales_channel": "custom_integration"}
    return store.read("printify.shop", "") or made


def disconnect() -> None:
    """What deleting the store's connection in the app does: publishing fails from now on."""
    with store.change():
        store.write("printify.shop", "", {**shop(), "sales_channel": "disconnected"})
        events.emit("shop:disconnected", "shop", settings.PRINTIFY_SHOP_ID, None)


def reconnect() -> None:
    store.remove("printify.shop", "")


@auth.route("shops.list")
def shops(_request: HttpRequest) -> Any:
    return [shop()]


@auth.route("products.list")
def product_list(request: HttpRequest) -> Any:
    """Whole products, and no filter: title, search and sku are ignored without a word."""
    return paginator.page(request, product_store.listed(), default=PAGE_DEFAULT, most=PAGE_MOST)


@auth.route("products.get")
def product(_request: HttpRequest, product_id: str) -> Any:
    return product_store.find(product_id)


@auth.route("products.safety")
def safety(_request: HttpRequest, product_id: str) -> Any:
    """An empty list where the merchant has given no safety information."""
    product = product_store.find(product_id)
    blueprint = BLUEPRINTS.get(product["blueprint_id"])
    return safety_entries(blueprint.kind) if blueprint and product.get("safety_information") else []
