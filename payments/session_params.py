"""What Stripe is asked for when an order is to be paid. Every amount comes from the order's snapshot.

All of it depends on the order, the attempt's row and the settings only, so that a repeat says the very same words.
Source: Stripe contract, sections 3 and 8.
"""

from typing import Any

from django.conf import settings

from ilytat.pages.money import exponent
from orders.models import Order, OrderLine
from payments.models import CheckoutSession

SHIPPING_TAX_CODE = "txcd_92010001"
TAX_BEHAVIOR = "exclusive"  # prices stand without tax: what is due comes on top
# Of a charge, in minor units of the currency it is settled in; others are held to the dollar's.
MINIMUM_CHARGE = {
    "AED": 200, "CZK": 1500, "DKK": 250, "GBP": 30, "HKD": 400, "HUF": 17500, "JPY": 50, "KRW": 50, "MXN": 1000,
    "MYR": 200, "NOK": 300, "PLN": 200, "RON": 200, "SEK": 300, "THB": 1000,
}  # fmt: skip
USUAL_MINIMUM = 50
MAXIMUM_CHARGE = 99_999_999


def mode(row: CheckoutSession) -> str:
    return row.ui_mode or str(settings.STRIPE_UI_MODE)


def coupon_name(order: Order) -> str:
    """Stripe's coupon of exactly this order's discount."""
    return f"order-{order.number}"


def params(order: Order, row: CheckoutSession, customer: str = "") -> dict[str, Any]:
    """Of the session. `customer` is Stripe's, where the tax is that of the place the parcel goes to."""
    reference = {"order": order.number}
    built: dict[str, Any] = {
        "mode": "payment",
        "ui_mode": mode(row),
        "line_items": [_line_item(order, line) for line in order.lines.all()],
        "client_reference_id": order.number,
        "metadata": {**reference, "attempt": str(row.attempt)},
        "payment_intent_data": {
            "metadata": reference,
            "description": f"Order {order.number}",
            "shipping": _ship_to(order),
        },
        **({"customer": customer} if customer else {"customer_email": order.email}),
        "shipping_options": [_shipping_option(order)],
        "locale": order.language,
        "expires_at": int(row.expires_at.timestamp()),
        "adaptive_pricing": {"enabled": False},
        "automatic_tax": {"enabled": settings.STRIPE_AUTOMATIC_TAX},  # said, or the dashboard's default would decide
    }
    return built | _discount(order) | _ways_back(mode(row)) | _reminder(mode(row))


def _discount(order: Order) -> dict[str, Any]:
    """Ours, or the codes of Stripe's dashboard where the owner wishes: Stripe takes one of the two."""
    if order.discount:
        return {"discounts": [{"coupon": coupon_name(order)}]}
    return {"allow_promotion_codes": True} if settings.STRIPE_PROMOTION_CODES else {}


def _reminder(ui_mode: str) -> dict[str, Any]:
    """The question whether we may send one reminder of an abandoned cart. Elements cannot ask: our checkout does."""
    if not settings.ABANDONED_CART_MAIL or ui_mode == "elements":
        return {}
    return {"consent_collection": {"promotions": "auto"}}


def _ways_back(ui_mode: str) -> dict[str, str]:
    # Literal braces: Stripe puts the session's id there, and an encoded brace would stay as it is.
    success = f"{settings.SITE_URL}/checkout/success/?session_id={{CHECKOUT_SESSION_ID}}"
    if ui_mode == "elements":
        return {"return_url": success}
    return {"success_url": success, "cancel_url": f"{settings.SITE_URL}/cart/"}


def customer(order: Order) -> dict[str, Any]:
    """Whom Stripe Tax is asked for: of a customer it knows, the tax is that of the address the parcel goes to.

    Without one it would be that of the card's billing address.
    """
    return {
        "email": order.email,
        "name": order.name,
        "shipping": _ship_to(order),
        "preferred_locales": [order.language],
        "metadata": {"order": order.number},
    }


def _line_item(order: Order, line: OrderLine) -> dict[str, Any]:
    product = {"name": line.title}
    if line.label:
        product["description"] = line.label
    price = {
        "currency": order.currency.lower(),
        "unit_amount": line.unit_price,
        "tax_behavior": TAX_BEHAVIOR,
        "product_data": product,
    }
    # Stripe shows it beside the line's tax, which is read back when it is paid.
    return {"quantity": line.quantity, "price_data": price, "metadata": {"line": str(line.pk)}}


def _shipping_option(order: Order) -> dict[str, Any]:
    rate = {
        "type": "fixed_amount",
        "display_name": order.shipping_method.replace("_", " ").capitalize(),
        "fixed_amount": {"amount": order.shipping, "currency": order.currency.lower()},
        "tax_behavior": TAX_BEHAVIOR,
        "tax_code": SHIPPING_TAX_CODE,
    }
    return {"shipping_rate_data": rate}


def _ship_to(order: Order) -> dict[str, Any]:
    given = {
        "line1": order.address1,
        "line2": order.address2,
        "city": order.city,
        "state": order.region,
        "postal_code": order.zip,
        "country": order.country,
    }
    return {"name": order.name, "address": {name: value for name, value in given.items() if value}}


def chargeable(total: int, currency: str, *, discount: int = 0) -> bool:
    """Stripe takes no less than its minimum and no more than eight digits; nothing at all only by a discount."""
    if total == 0:
        return discount > 0
    least = MINIMUM_CHARGE.get(currency, USUAL_MINIMUM if exponent(currency) else 1)
    return least <= total <= MAXIMUM_CHARGE
