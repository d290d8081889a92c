"""The merchant's product pages: see what the shop is told, and change it the way a merchant would."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_POST, require_safe

from sandbox import control, store
from sandbox.printify import product_store, publishing

Sent = dict[str, Any]


def _product(product_id: str) -> product_store.Product:
    product_store.seed()
    product = store.read(product_store.KIND, product_id)
    if product is None:
        raise Http404
    return product


def _offered(product: product_store.Product) -> list[product_store.Product]:
    return [variant for variant in product["variants"] if variant["is_enabled"]]


def _card(product: product_store.Product) -> dict[str, Any]:
    prices = sorted({variant["price"] for variant in _offered(product)})
    images = sorted(product["images"], key=lambda each: not each["is_default"])
    image = images[0]["src"] if images else ""
    return {**product, "prices": prices, "offered": len(_offered(product)), "image": image}


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    return render(request, "sandbox/shelf.html", {"products": [_card(each) for each in product_store.every()]})


@require_safe
def page(request: HttpRequest, product_id: str) -> HttpResponse:
    product = _product(product_id)
    variants = [{**each, "major": f"{Decimal(each['price']) / 100:.2f}"} for each in _offered(product)]
    context = {"product": _card(product), "variants": variants}
    return render(request, "sandbox/shelf_product.html", context)


def _price(product: product_store.Product, sent: Sent) -> None:
    """`price` in major units, as a person types it; for the variant named, or for all that are offered."""
    try:
        price = int(Decimal(sent["price"]) * 100)
    except InvalidOperation:
        raise ValueError("a price is a number") from None
    wanted = {int(sent["variant"])} if sent.get("variant") else {each["id"] for each in _offered(product)}
    product_store.merge(product["id"], {"variants": [{"id": each, "price": price} for each in wanted]})


def _toggle(product: product_store.Product, sent: Sent) -> None:
    variant = next(each for each in product["variants"] if str(each["id"]) == str(sent["variant"]))
    changed = {"id": variant["id"], "is_available": not variant["is_available"]}
    product_store.merge(product["id"], {"variants": [changed]})


def _visible(product: product_store.Product, _sent: Sent) -> None:
    product_store.merge(product["id"], {"visible": not product["visible"]})


def _delete(product: product_store.Product, _sent: Sent) -> None:
    product_store.merge(product["id"], {"is_deleted": not product.get("is_deleted", False)})


def _publish(product: product_store.Product, _sent: Sent) -> None:
    publishing.begin(product, dict.fromkeys([*publishing.REQUIRED, *publishing.OPTIONAL], True))


ACTIONS: dict[str, Callable[[product_store.Product, Sent], None]] = {
    "price": _price,
    "availability": _toggle,
    "visible": _visible,
    "delete": _delete,
    "publish": _publish,
}


@require_POST
def act(request: HttpRequest, product_id: str, action: str) -> HttpResponse:
    try:
        with store.change():
            ACTIONS[action](_product(product_id), control.sent(request))
    except (KeyError, ValueError, StopIteration) as error:
        return HttpResponse(f"This could not be done: {error}", status=400, content_type="text/plain")
    return control.answer(request, _product(product_id), anchor=f"catalogue/{product_id}/")


@require_POST
def merge(request: HttpRequest, product_id: str) -> HttpResponse:
    """JSON only: any keys of a product, variants merging by id; an unknown id makes a product."""
    try:
        changed = product_store.merge(product_id, control.sent(request))
    except ValueError as error:
        return HttpResponse(str(error), status=400, content_type="text/plain")
    return control.answer(request, changed, anchor=f"catalogue/{product_id}/")


urlpatterns = [
    path("catalogue/", listing),
    path("catalogue/<str:product_id>/", page),
    path("control/printify/products/<str:product_id>", merge),
    path("control/printify/products/<str:product_id>/<slug:action>", act),
]
