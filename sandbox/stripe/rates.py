"""Shipping rates: most are made on the spot from shipping_rate_data."""

from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import errors, ids
from sandbox.stripe.kinds import RATE


def _made(data: dict[str, Any], *, livemode: bool) -> Document:
    fixed = data["fixed_amount"]
    estimate = data.get("delivery_estimate")
    rate = {
        "id": ids.new("shr"),
        "object": "shipping_rate",
        "active": True,
        "created": clock.now(),
        "delivery_estimate": {"maximum": None, "minimum": None, **estimate} if estimate else None,
        "display_name": data["display_name"],
        "fixed_amount": {"amount": fixed["amount"], "currency": fixed["currency"]},
        "livemode": livemode,
        "metadata": data.get("metadata", {}),
        "tax_behavior": data.get("tax_behavior", "unspecified"),
        "tax_code": data.get("tax_code"),
        "type": "fixed_amount",
    }
    store.write(RATE, rate["id"], rate)
    return rate


def chosen(options: list[dict[str, Any]], *, livemode: bool) -> list[Document]:
    """Raises ApiError for a rate that does not exist."""
    return [_one(option, f"shipping_options[{index}]", livemode=livemode) for index, option in enumerate(options)]


def _one(option: dict[str, Any], path: str, *, livemode: bool) -> Document:
    if "shipping_rate_data" in option:
        return _made(option["shipping_rate_data"], livemode=livemode)
    rate = store.read(RATE, option["shipping_rate"])
    if rate is None:
        raise errors.absent("shipping rate", option["shipping_rate"], f"{path}[shipping_rate]")
    return rate


def shown(rates: list[Document]) -> list[Document]:
    return [{"shipping_amount": rate["fixed_amount"]["amount"], "shipping_rate": rate["id"]} for rate in rates]
