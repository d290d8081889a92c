"""`expand`: ids replaced by the objects they name."""

from collections.abc import Callable
from typing import Any

from sandbox import store
from sandbox.store import Document
from sandbox.stripe.errors import ApiError
from sandbox.stripe.kinds import (
    BALANCE,
    CHARGE,
    COUPON,
    CUSTOMER,
    DISPUTE,
    INTENT,
    INTERNAL,
    METHOD,
    PRODUCT,
    PROMOTION,
    RATE,
    REFUND,
)

DEEPEST = 4
# Fields that hold an id, and where the object of that id is kept.
NAMES = {
    "balance_transaction": BALANCE,
    "charge": CHARGE,
    "coupon": COUPON,
    "customer": CUSTOMER,
    "dispute": DISPUTE,
    "failure_balance_transaction": BALANCE,
    "latest_charge": CHARGE,
    "payment_intent": INTENT,
    "payment_method": METHOD,
    "product": PRODUCT,
    "promotion_code": PROMOTION,
    "shipping_rate": RATE,
}
# Expandable in Stripe, always null in this sandbox.
NEVER_SET = {
    "application", "application_fee", "invoice", "on_behalf_of", "payment_link", "review",
    "setup_intent", "subscription", "transfer_reversal", "source_transfer_reversal",
}  # fmt: skip


def _lines(session: Document) -> Document:
    hidden = store.read(INTERNAL, session["id"]) or {"lines": []}
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return {"object": "list", "data": hidden["lines"], "has_more": False, "url": url}


def _refunds(charge: Document) -> Document:
    made = [refund for refund in store.listing(REFUND) if refund["charge"] == charge["id"]]
    return {"object": "list", "data": made, "has_more": False, "url": f"/v1/charges/{charge['id']}/refunds"}


# Fields that are there only when asked for.
ADDED: dict[tuple[str, str], Callable[[Document], Document]] = {
    ("checkout.session", "line_items"): _lines,
    ("charge", "refunds"): _refunds,
}


def expanded(thing: Document, paths: list[str]) -> Document:
    """Raises ApiError for a path that cannot be expanded. The thing itself stays as it is."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEEPEST + ("data" in steps):
            raise ApiError(f"You cannot expand more than {DEEPEST} levels of a property: {path}", param="expand")
        thing = _open(thing, steps, path)
    return thing


def _open(thing: Any, steps: list[str], path: str) -> Any:
    if isinstance(thing, list):
        return [_open(entry, steps, path) for entry in thing]
    if thing is None or not steps:
        return thing
    step, *rest = steps
    return {**thing, step: _open(_value(thing, step, path), rest, path)}


def _value(thing: Document, step: str, path: str) -> Any:
    added = ADDED.get((thing.get("object", ""), step))
    if added and not isinstance(thing.get(step), dict):
        return added(thing)
    value = thing.get(step)
    if isinstance(value, str) and step in NAMES:
        return store.read(NAMES[step], value)
    if isinstance(value, dict | list) or (value is None and (step in NAMES or step in NEVER_SET)):
        return value
    words = f"This property cannot be expanded ({path})."
    raise ApiError(words, param="expand")
