"""What parameters of a session say together: which belong to which ui_mode, exclusions, time, money."""

import os
from typing import Any
from urllib.parse import urlsplit

from sandbox import clock
from sandbox.stripe import errors
from sandbox.stripe.errors import ApiError
from sandbox.stripe.session_shapes import MOST_AMOUNT
from sandbox.stripe.shapes import only_one

Params = dict[str, Any]

HALF_HOUR, DAY = 30 * 60, 24 * 60 * 60
# Shorter only where a test wants to see a session expire.
MIN_EXPIRY = int(os.environ.get("SANDBOX_MIN_EXPIRY", str(HALF_HOUR)))
# The smallest charge in minor units, from Stripe's table of currencies; others are held to the dollar's.
MINIMUM = {
    "gbp": 30, "jpy": 50, "krw": 50, "mxn": 1000, "dkk": 250, "nok": 300, "sek": 300, "pln": 200, "ron": 200,
    "aed": 200, "myr": 200, "hkd": 400, "czk": 1500, "huf": 17500, "thb": 1000,
}  # fmt: skip
USUAL_MINIMUM = 50

ONLY_HOSTED = ("cancel_url", "success_url")
NOT_IN_ELEMENTS = (
    "after_expiration", "custom_fields", "custom_text", "branding_settings", "submit_type", "origin_context",
)  # fmt: skip


def check(params: Params, *, livemode: bool) -> None:
    """Raises ApiError for what Stripe would refuse although each parameter is well-formed."""
    if params["mode"] != "payment":
        raise ApiError("This sandbox only takes mode=payment.", param="mode")
    mode = params.get("ui_mode", "hosted_page")
    _check_addresses(params, mode, livemode=livemode)
    _check_belonging(params, mode)
    _check_exclusive(params)
    _check_expiry(params.get("expires_at"))
    for index, line in enumerate(params["line_items"]):
        _check_line(line, f"line_items[{index}]")
    check_rates(params.get("shipping_options", []), params["line_items"][0]["price_data"]["currency"])
    check_currency(params)


def _check_addresses(params: Params, mode: str, *, livemode: bool) -> None:
    wanted, refused = ("success_url", ("return_url",)) if mode == "hosted_page" else ("return_url", ONLY_HOSTED)
    for name in refused:
        if name in params:
            raise ApiError(f"`{name}` is not supported when `ui_mode` is `{mode}`.", param=name)
    if wanted not in params and params.get("redirect_on_completion") != "never":
        raise errors.missing(wanted)
    for name in (*ONLY_HOSTED, "return_url"):
        if livemode and name in params and urlsplit(params[name]).scheme != "https":
            raise ApiError("Livemode requests must always be redirected via HTTPS.", param=name)


def _check_belonging(params: Params, mode: str) -> None:
    for name in NOT_IN_ELEMENTS:
        if mode == "elements" and name in params:
            raise ApiError(f"`{name}` is not supported when `ui_mode` is `elements`.", param=name)
    if "redirect_on_completion" in params and mode != "embedded_page":
        words = "`redirect_on_completion` is only supported when `ui_mode` is `embedded_page`."
        raise ApiError(words, param="redirect_on_completion")
    if "permissions" in params and mode == "hosted_page":
        raise ApiError("`permissions` is not supported when `ui_mode` is `hosted_page`.", param="permissions")


def _check_exclusive(params: Params) -> None:
    for pair in (("allow_promotion_codes", "discounts"), ("customer", "customer_email")):
        if all(name in params for name in pair):
            only_one(params, pair, pair[0])
    for index, discount in enumerate(params.get("discounts", [])):
        only_one(discount, ("coupon", "promotion_code"), f"discounts[{index}]")
    if params.get("payment_intent_data", {}).get("capture_method") == "manual":
        words = "This sandbox captures at once: capture_method=manual is not played."
        raise ApiError(words, param="payment_intent_data[capture_method]")


def _check_expiry(expires_at: int | None) -> None:
    if expires_at is None:
        return
    ahead = expires_at - clock.now()
    # A second of grace each way: the caller's clock read before the request travelled.
    if ahead < MIN_EXPIRY - 1:
        words = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        raise ApiError(words, param="expires_at")
    if ahead > DAY + 1:
        words = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        raise ApiError(words, param="expires_at")


def _check_line(line: Params, path: str) -> None:
    only_one(line, ("price_data", "price"), path)
    if "price" in line:
        raise errors.absent("price", line["price"], f"{path}[price]")
    if "quantity" not in line:
        raise errors.missing(f"{path}[quantity]")
    price, path = line["price_data"], f"{path}[price_data]"
    only_one(price, ("product_data", "product"), path)
    if "product" in price:
        raise errors.absent("product", price["product"], f"{path}[product]")
    only_one(price, ("unit_amount", "unit_amount_decimal"), path)
    if "recurring" in price:
        words = "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode"
        raise ApiError(f"{words} or use only one-time prices.", param=f"{path}[recurring]")


def check_lines(lines: list[Params]) -> None:
    for index, line in enumerate(lines):
        _check_line(line, f"line_items[{index}]")


def check_rates(options: list[Params], currency: str) -> None:
    for index, option in enumerate(options):
        path = f"shipping_options[{index}]"
        only_one(option, ("shipping_rate_data", "shipping_rate"), path)
        data = option.get("shipping_rate_data")
        if data is None:
            continue
        if "fixed_amount" not in data:
            raise errors.missing(f"{path}[shipping_rate_data][fixed_amount]")
        if data["fixed_amount"]["currency"] != currency:
            words = f"All prices and shipping rates must have the same currency: {currency}."
            raise ApiError(words, param=f"{path}[shipping_rate_data][fixed_amount][currency]")


def check_currency(params: Params) -> None:
    named = params.get("currency", params["line_items"][0]["price_data"]["currency"])
    for index, line in enumerate(params["line_items"]):
        if line["price_data"]["currency"] != named:
            words = f"All prices on a Checkout session must have the same currency. Expected {named}."
            raise ApiError(words, param=f"line_items[{index}][price_data][currency]")


def check_total(total: int, currency: str) -> None:
    """Nothing at all is allowed (no_payment_required); a little is not."""
    least = MINIMUM.get(currency, USUAL_MINIMUM)
    if 0 < total < least:
        words = f"The Checkout Session's total amount due must add up to at least {least} {currency}"
        raise ApiError(f"{words} in its smallest unit.", code="amount_too_small", param="line_items")
    if total > MOST_AMOUNT:
        words = f"The Checkout Session's total amount must be no more than {MOST_AMOUNT} {currency}"
        raise ApiError(f"{words} in its smallest unit.", code="amount_too_large", param="line_items")
