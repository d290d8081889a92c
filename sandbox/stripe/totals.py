"""Lines, shipping, discount and tax of a session, in minor units: the one place that computes totals."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.store import Document
from sandbox.stripe import ids

# Where a shop asks for automatic tax it meets one made-up rate, the same everywhere.
TAX_PERCENT = 8


def rounded(number: Decimal) -> int:
    return int(number.quantize(Decimal(1), rounding=ROUND_HALF_UP))


@dataclass(frozen=True, kw_only=True)
class Totals:
    subtotal: int
    discount: int
    shipping: int
    tax: int
    total: int


def price(data: dict[str, Any], *, created: int, livemode: bool) -> Document:
    """The one-time price Stripe makes of price_data."""
    unit = data.get("unit_amount_decimal", str(data.get("unit_amount", 0)))
    whole = Decimal(unit) == Decimal(unit).to_integral_value()
    return {
        "id": ids.new("price"),
        "object": "price",
        "active": False,
        "billing_scheme": "per_unit",
        "created": created,
        "currency": data["currency"],
        "custom_unit_amount": None,
        "livemode": livemode,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": f"prod_{ids.new('p')[3:17]}",
        "recurring": None,
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "one_time",
        "unit_amount": int(Decimal(unit)) if whole else None,
        "unit_amount_decimal": unit,
    }


def product(data: dict[str, Any], name: str, *, created: int, livemode: bool) -> Document:
    return {
        "id": name,
        "object": "product",
        "active": False,
        "attributes": [],
        "created": created,
        "default_price": None,
        "description": data.get("description"),
        "images": data.get("images", []),
        "livemode": livemode,
        "marketing_features": [],
        "metadata": data.get("metadata", {}),
        "name": data["name"],
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": data.get("tax_code"),
        "type": "service",
        "unit_label": data.get("unit_label"),
        "updated": created,
        "url": None,
    }


def amount(of: Document, quantity: int) -> int:
    return rounded(Decimal(of["unit_amount_decimal"]) * quantity)


def line(data: dict[str, Any], *, created: int, livemode: bool) -> Document:
    made = price(data["price_data"], created=created, livemode=livemode)
    subtotal = amount(made, data["quantity"])
    return {
        "id": ids.new("li"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": subtotal,
        "amount_tax": 0,
        "amount_total": subtotal,
        "currency": made["currency"],
        "description": data["price_data"]["product_data"]["name"],
        "metadata": data.get("metadata", {}),
        "price": made,
        "quantity": data["quantity"],
    }


def shares(amount: int, weights: list[int]) -> list[int]:
    """The amount in parts by weight, to the last unit: what rounding leaves goes to the first lines."""
    whole = sum(weights)
    parts = [amount * weight // whole if whole else 0 for weight in weights]
    for index in range(amount - sum(parts)):
        parts[index % len(parts)] += 1
    return parts


def discounted(amount: int, coupon: Document | None) -> int:
    """What the coupon takes off the lines. Shipping is never discounted."""
    if coupon is None:
        return 0
    if coupon["percent_off"] is not None:
        return rounded(Decimal(amount) * Decimal(str(coupon["percent_off"])) / 100)
    return min(amount, int(coupon["amount_off"]))


def _tax(net: int, *, inclusive: bool) -> int:
    rate = Decimal(TAX_PERCENT)
    return rounded(net * rate / (100 + rate)) if inclusive else rounded(net * rate / 100)


def settle_lines(lines: list[Document], coupon: Document | None, *, taxed: bool) -> None:
    """Writes discount, tax and total into each line."""
    subtotals = [entry["amount_subtotal"] for entry in lines]
    cuts = shares(discounted(sum(subtotals), coupon), subtotals)
    for entry, cut in zip(lines, cuts, strict=True):
        inclusive = entry["price"]["tax_behavior"] == "inclusive"
        net = entry["amount_subtotal"] - cut
        tax = _tax(net, inclusive=inclusive) if taxed else 0
        entry |= {"amount_discount": cut, "amount_tax": tax, "amount_total": net + (0 if inclusive else tax)}


def shipping_cost(rate: Document | None, *, taxed: bool) -> Document | None:
    if rate is None:
        return None
    amount = rate["fixed_amount"]["amount"]
    inclusive = rate["tax_behavior"] == "inclusive"
    tax = _tax(amount, inclusive=inclusive) if taxed else 0
    return {
        "amount_subtotal": amount,
        "amount_tax": tax,
        "amount_total": amount + (0 if inclusive else tax),
        "shipping_rate": rate["id"],
    }


def totals(lines: list[Document], cost: Document | None) -> Totals:
    return Totals(
        subtotal=sum(entry["amount_subtotal"] for entry in lines),
        discount=sum(entry["amount_discount"] for entry in lines),
        shipping=cost["amount_subtotal"] if cost else 0,
        tax=sum(entry["amount_tax"] for entry in lines) + (cost["amount_tax"] if cost else 0),
        total=sum(entry["amount_total"] for entry in lines) + (cost["amount_total"] if cost else 0),
    )
