"""Coupons and promotion codes, as much as a percentage or an amount off needs."""

from decimal import Decimal
from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import errors, ids
from sandbox.stripe.errors import ApiError
from sandbox.stripe.kinds import COUPON, PROMOTION
from sandbox.stripe.session_shapes import EXPAND
from sandbox.stripe.shapes import Anything, Choice, Currency, Fields, Flag, Fraction, Metadata, Text, Whole, only_one

CREATE_COUPON = Fields(
    {
        "amount_off": Whole(1),
        "applies_to": Anything(),
        "currency": Currency(),
        "currency_options": Anything(),
        "duration": Choice("forever", "once", "repeating"),
        "duration_in_months": Whole(1),
        "expand": EXPAND,
        "id": Text(200),
        "max_redemptions": Whole(1),
        "metadata": Metadata(),
        "name": Text(40),
        "percent_off": Fraction(),
        "redeem_by": Whole(),
    }
)
CREATE_PROMOTION = Fields(
    {
        "active": Flag(),
        "code": Text(500),
        "customer": Text(),
        "customer_account": Text(),
        "expand": EXPAND,
        "expires_at": Whole(),
        "max_redemptions": Whole(1),
        "metadata": Metadata(),
        "promotion": Fields({"coupon": Text(), "type": Choice("coupon")}, ("type", "coupon")),
        "restrictions": Anything(),
    },
    ("promotion",),
)


def create(params: dict[str, Any], *, livemode: bool) -> Document:
    only_one(params, ("percent_off", "amount_off"), "")
    if "amount_off" in params and "currency" not in params:
        raise errors.missing("currency")
    percent = params.get("percent_off")
    if percent is not None and not 0 < Decimal(percent) <= 100:  # noqa: PLR2004 -- percent
        raise ApiError("Invalid percent_off: must be greater than 0 and at most 100.", param="percent_off")
    coupon = {
        "id": params.get("id") or ids.new("c")[3:11],
        "object": "coupon",
        "amount_off": params.get("amount_off"),
        "created": clock.now(),
        "currency": params.get("currency"),
        "duration": params.get("duration", "once"),
        "duration_in_months": params.get("duration_in_months"),
        "livemode": livemode,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": params.get("metadata", {}),
        "name": params.get("name"),
        "percent_off": float(percent) if percent is not None else None,
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    store.write(COUPON, coupon["id"], coupon)
    return coupon


def create_promotion(params: dict[str, Any], *, livemode: bool) -> Document:
    coupon = params["promotion"]["coupon"]
    if store.read(COUPON, coupon) is None:
        raise errors.absent("coupon", coupon, "promotion[coupon]")
    promotion = {
        "id": ids.new("promo"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": params.get("code") or ids.new("p")[3:11].upper(),
        "created": clock.now(),
        "customer": None,
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": livemode,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": params.get("metadata", {}),
        "promotion": {"coupon": coupon, "type": "coupon"},
        "restrictions": {
            "first_time_transaction": False,
            "minimum_amount": None,
            "minimum_amount_currency": None,
        },
        "times_redeemed": 0,
    }
    store.write(PROMOTION, promotion["id"], promotion)
    return promotion


def chosen(discounts: list[dict[str, Any]]) -> Document | None:
    """The coupon behind discounts[0] and the promotion code that led to it. Raises ApiError for unknown ones."""
    if not discounts:
        return None
    wanted = discounts[0]
    if "coupon" in wanted:
        return _usable(wanted["coupon"], "discounts[0][coupon]")
    promotion = store.read(PROMOTION, wanted["promotion_code"])
    if promotion is None or not promotion["active"]:
        raise errors.absent("promotion code", wanted["promotion_code"], "discounts[0][promotion_code]")
    return {**_usable(promotion["promotion"]["coupon"], ""), "promotion_code": promotion["id"]}


def _usable(name: str, path: str) -> Document:
    coupon = store.read(COUPON, name)
    if coupon is None:
        raise errors.absent("coupon", name, path)
    return coupon


def typed(code: str) -> Document | None:
    """What the shopper entered on the pay page; None where there is no such code."""
    for promotion in store.listing(PROMOTION):
        if promotion["active"] and promotion["code"].casefold() == code.strip().casefold():
            return chosen([{"promotion_code": promotion["id"]}])
    return None


def shown(coupon: Document) -> Document:
    promotion = coupon.get("promotion_code")
    return {"coupon": None if promotion else coupon["id"], "promotion_code": promotion}
