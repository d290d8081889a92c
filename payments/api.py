"""The customer's checkout routes. They take ids and quantities; a price in the body is ignored like any stranger."""

from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema
from pydantic import Field

from catalog.models import Variant
from ilytat.integrations.api_errors import ApiError
from orders import cart as carts
from payments import views

router = Router()


class ItemIn(Schema):
    product_id: int = Field(gt=0, lt=2**31, description="Our id, as GET /api/products gives it.")
    variant_id: int = Field(gt=0, lt=2**53)
    quantity: int = Field(ge=1, le=20)


class SessionIn(Schema):
    items: list[ItemIn] = Field(min_length=1, max_length=50)


class SessionOut(Schema):
    url: str
    next: Literal["checkout"]


class SuccessOut(Schema):
    status: Literal["paid", "confirming", "unpaid", "unknown"]
    order: str | None = None
    url: str | None = None


@router.post("/checkout/create-session", response=SessionOut)
def create_session(request: HttpRequest, body: SessionIn) -> dict[str, Any]:
    """Fill the caller's cart with exactly these items; `url` is where address, delivery and payment follow.

    The Stripe session itself is made when the buyer has agreed to a total there: shipping depends on the address.
    """
    variants = [_variant(item) for item in body.items]
    cart = carts.ensure(request)
    cart.lines.all().delete()
    for item, variant in zip(body.items, variants, strict=True):
        carts.add(cart, variant, item.quantity)
    return {"url": settings.SITE_URL + reverse("checkout"), "next": "checkout"}


def _variant(item: ItemIn) -> Variant:
    rows = Variant.objects.select_related("product")
    found = rows.filter(product_id=item.product_id, variant_id=item.variant_id).first()
    if found is None:
        raise ApiError(404, "not_found", "There is no such variant.", {"variant_id": str(item.variant_id)})
    if not found.sellable:
        raise ApiError(409, "not_sellable", "This variant is not for sale now.", {"variant_id": str(item.variant_id)})
    return found


@router.get("/checkout/success", response=SuccessOut)
def success(request: HttpRequest, session_id: str = "") -> dict[str, Any]:
    """How the payment stands; the order's details only for the browser that placed it."""
    order = views.order_of_session(request, session_id)
    if order is None:
        return {"status": "unknown"}
    status = views.truth(order)
    return {"status": status, "order": order.number, "url": settings.SITE_URL + order.get_absolute_url()}
