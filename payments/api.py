"""The checkout routes of the API. They take ids and quantities; a price in the request body is ignored."""

from typing import Any, Literal
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from limits import parse
from ninja import Router, Schema
from pydantic import Field

from catalog.models import Variant
from ilytat.integrations import limits
from ilytat.integrations.api_errors import ApiError
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.limits import client_address
from orders import cart as carts
from orders import quote
from orders.forms import CheckoutForm
from orders.models import Order
from orders.quote_renewal import DeliveryChanged
from payments import checkout, checkout_page, ledger, payment_status, session_params

router = Router()
TRIES = parse("30/minute")  # the checkout page's own limit, counted together with it
LOOKUPS = parse("60/minute")  # the success page's own limit, counted together with it


class ItemIn(Schema):
    product_id: int = Field(gt=0, lt=2**31, description="Our id, as GET /api/products gives it.")
    variant_id: int = Field(gt=0, lt=2**53)
    quantity: int = Field(ge=1, le=20)


class AddressIn(Schema):
    name: str
    address1: str
    address2: str = ""
    city: str
    region: str = ""
    zip: str
    country: str
    phone: str = ""


class SessionIn(Schema):
    items: list[ItemIn] = Field(min_length=1, max_length=50)
    email: str = ""
    address: AddressIn | None = None
    shipping_method: str = ""


class SessionOut(Schema):
    """`next` is "pay": the url is Stripe's page; "address": the url is our checkout, which asks for the rest."""

    url: str
    next: Literal["pay", "address"]
    order: str | None = None
    total: int | None = Field(None, description="Minor units.")
    currency: str | None = None


class SuccessOut(Schema):
    status: Literal["paid", "confirming", "unpaid", "unknown"]
    order: str | None = None
    url: str | None = None


@router.post("/checkout/create-session", response=SessionOut)
def create_session(request: HttpRequest, body: SessionIn) -> dict[str, Any]:
    """Put exactly these items into the caller's cart; with e-mail and address, order them and open a Stripe session.

    Without an address no session can be made, because shipping depends on it: then `url` is our checkout page.
    """
    if not limits.hit(TRIES, "checkout", client_address(request)):
        raise ApiError(429, "too_many", "Too many tries. Please wait a minute.")
    variants = [_find_variant(item) for item in body.items]
    cart = carts.ensure(request)
    carts.replace(cart, [(variant, item.quantity) for item, variant in zip(body.items, variants, strict=True)])
    if body.address is None:
        return {"url": settings.SITE_URL + reverse("checkout"), "next": "address"}
    order, url = _place_order(request, carts.view(cart), body, body.address)
    return {"url": url, "next": "pay", "order": order.number, "total": order.total, "currency": order.currency}


def _place_order(request: HttpRequest, cart: carts.CartView, body: SessionIn, address: AddressIn) -> tuple[Order, str]:
    form = CheckoutForm({"email": body.email, "method": body.shipping_method, **address.dict()})
    if not form.is_valid():
        fields = {name: " ".join(str(error) for error in errors) for name, errors in form.errors.items()}
        raise ApiError(422, "invalid", "Some values cannot be used.", fields)
    cart, is_stale = checkout_page.refresh_cart(cart, before_charge=True)
    if is_stale:
        raise ApiError(503, "unavailable", "Stock cannot be checked now. Please try again in a minute.")
    if not cart.buyable:
        raise ApiError(409, "not_sellable", "Something in the cart is not for sale any more.")
    try:
        option = _choose_option(request, cart, form)
        order, url = checkout_page.place_and_start_payment(request, cart, form, option)
        return order, urljoin(settings.SITE_URL, url)
    except quote.DestinationNotServed as error:
        raise ApiError(409, "not_served", "Nobody who prints these ships to this address.") from error
    except (quote.QuoteUnavailable, IntegrationError) as error:
        raise ApiError(503, "unavailable", "Please try again in a minute. Nothing was charged.") from error
    except ledger.MarginTooLow as error:
        raise ApiError(409, "not_sellable", "This cannot be ordered right now.") from error
    except DeliveryChanged as error:
        raise ApiError(409, "price_changed", "Delivery has another price now. Please ask again.") from error
    except checkout.PaidInAnotherTab as error:
        raise ApiError(409, "paid_elsewhere", "Another payment page of this cart is open. Please try again.") from error
    except checkout.NotPayable as error:
        raise ApiError(409, "not_payable", "This order cannot be paid any more.") from error


def _choose_option(request: HttpRequest, cart: carts.CartView, form: CheckoutForm) -> quote.ShippingOption:
    """Return the requested shipping option, else the cheapest."""
    address, method = form.address(), form.cleaned_data["method"]
    client = client_address(request)
    options = quote.options(cart, country=address.country, region=address.region, zip_code=address.zip, client=client)
    option = next((option for option in options if not method or option.code == method), None)
    if option is None:
        offered = ", ".join(option.code for option in options)
        raise ApiError(409, "not_offered", "This way of delivery is not offered.", {"shipping_method": offered})
    if not session_params.chargeable(cart.subtotal + option.amount, cart.currency):
        raise ApiError(409, "not_payable", "This total cannot be paid by card.")
    return option


def _find_variant(item: ItemIn) -> Variant:
    variants = Variant.objects.select_related("product")
    variant = variants.filter(product_id=item.product_id, variant_id=item.variant_id).first()
    if variant is None:
        raise ApiError(404, "not_found", "There is no such variant.", {"variant_id": str(item.variant_id)})
    if not variant.sellable:
        raise ApiError(409, "not_sellable", "This variant is not for sale now.", {"variant_id": str(item.variant_id)})
    return variant


@router.get("/checkout/success", response=SuccessOut)
def success(request: HttpRequest, session_id: str = "") -> dict[str, Any]:
    """How the payment stands; the order's details only for the browser that placed it."""
    if not limits.hit(LOOKUPS, "checkout_success", client_address(request)):
        raise ApiError(429, "too_many", "Too many requests. Please wait a minute.")
    order = payment_status.order_of_session(request, session_id)
    if order is None:
        return {"status": "unknown"}
    status = payment_status.status(order, session_id)
    return {"status": status, "order": order.number, "url": settings.SITE_URL + order.get_absolute_url()}
