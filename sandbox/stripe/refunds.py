"""Refunds: made by the shop or from the "dashboard", refused when they ask for more than is left."""

from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import errors, events, ids, ledger, warnings
from sandbox.stripe.errors import ApiError
from sandbox.stripe.intents import BANK
from sandbox.stripe.kinds import CHARGE, DISPUTE, INTENT, REFUND, SWITCHES
from sandbox.stripe.session_shapes import EXPAND
from sandbox.stripe.shapes import Anything, Choice, Fields, Metadata, Text, Whole, only_one

CREATE = Fields(
    {
        "amount": Whole(1),
        "charge": Text(),
        "currency": Anything(),
        "customer": Anything(),
        "expand": EXPAND,
        "instructions_email": Anything(),
        "metadata": Metadata(),
        "origin": Anything(),
        "payment_intent": Text(),
        "reason": Choice("duplicate", "fraudulent", "requested_by_customer"),
        "refund_application_fee": Anything(),
        "reverse_transfer": Anything(),
    }
)
UPDATE = Fields({"expand": EXPAND, "metadata": Metadata()})


def _charge(params: dict[str, Any], *, livemode: bool) -> Document:
    only_one(params, ("payment_intent", "charge"), "")
    if "charge" in params:
        charge = store.read(CHARGE, params["charge"])
        if charge is None or charge["livemode"] != livemode:
            raise errors.absent("charge", params["charge"], "charge")
        return charge
    intent = store.read(INTENT, params["payment_intent"])
    if intent is None or intent["livemode"] != livemode:
        raise errors.absent("payment_intent", params["payment_intent"], "payment_intent")
    charge = store.read(CHARGE, intent["latest_charge"] or "")
    if charge is None or charge["status"] == "failed":
        words = f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund."
        raise ApiError(words, param="payment_intent", kept=True)
    return charge


def _check(charge: Document, amount: int) -> None:
    left = charge["amount"] - charge["amount_refunded"]
    dispute = store.read(DISPUTE, charge["dispute"] or "")
    if dispute is not None and not dispute["is_charge_refundable"]:
        words = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise ApiError(words, code="charge_disputed", kept=True)
    if left == 0:
        words = f"Charge {charge['id']} has already been refunded."
        raise ApiError(words, code="charge_already_refunded", kept=True)
    if amount > left:
        words = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left}), in the smallest"
        raise ApiError(f"{words} unit of {charge['currency']}.", param="amount", kept=True)


def create(params: dict[str, Any], *, livemode: bool) -> Document:
    """Raises ApiError for an unknown or unpaid payment, a chargeback, or more than is left."""
    charge = _charge(params, livemode=livemode)
    amount = params.get("amount", charge["amount"] - charge["amount_refunded"])
    _check(charge, amount)
    refund = _new(charge, params, amount)
    if refund["status"] == "succeeded":
        refund["balance_transaction"] = ledger.refunded(refund)
    store.write(REFUND, refund["id"], refund)
    before = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    _count(charge, amount)
    _tell("refund.created", refund)
    events.record("charge.refunded", charge, livemode=livemode, previous=before)
    if charge["refunded"]:
        warnings.settled(charge)
    return refund


def _new(charge: Document, params: dict[str, Any], amount: int) -> Document:
    pending = charge["payment_method_details"]["type"] == BANK or switched() == "pending"
    refund = {
        "id": ids.payment("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": clock.now(),
        "currency": charge["currency"],
        "customer": None,
        "customer_account": None,
        "destination_details": _destination("pending"),
        "metadata": params.get("metadata", {}),
        "payment_intent": charge["payment_intent"],
        "payment_method": charge["payment_method"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if pending else "succeeded",
        "transfer_reversal": None,
    }
    return {**refund, "pending_reason": "insufficient_funds"} if pending else refund


def _destination(status: str, reference: str | None = None) -> Document:
    card = {"reference_status": status, "reference_type": "acquirer_reference_number", "type": "refund"}
    return {"card": {**card, "reference": reference} if reference else card, "type": "card"}


def _count(charge: Document, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    store.write(CHARGE, charge["id"], charge)


def _tell(kind: str, refund: Document, previous: dict[str, Any] | None = None) -> None:
    charge = store.read(CHARGE, refund["charge"]) or {}
    events.record(kind, refund, livemode=charge.get("livemode", False), previous=previous)


def switched() -> str:
    """How the next refunds of cards turn out: "succeeded" or "pending"."""
    return str((store.read(SWITCHES, "switches") or {}).get("refunds", "succeeded"))


def _found(name: str) -> Document:
    refund = store.read(REFUND, name)
    if refund is None:
        raise errors.absent("refund", name, "refund", status=404)
    return refund


def succeed(name: str) -> Document:
    """A pending refund leaves. Raises ApiError 409 for any other."""
    with store.change():
        refund = _found(name)
        if refund["status"] != "pending":
            raise ApiError(f"Refund {name} is {refund['status']}, not pending.", status=409)
        refund |= {"status": "succeeded", "balance_transaction": ledger.refunded(refund)}
        refund.pop("pending_reason", None)
        store.write(REFUND, name, refund)
        _tell("refund.updated", refund, {"status": "pending", "balance_transaction": None})
        return refund


def fail(name: str) -> Document:
    """Even a refund that succeeded can fail, up to 30 days later; the money is back. Raises ApiError 409 if it has."""
    with store.change():
        refund = _found(name)
        before = refund["status"]
        if before not in {"pending", "succeeded"}:
            raise ApiError(f"Refund {name} is {before} already.", status=409)
        refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        refund.pop("pending_reason", None)
        returned = ledger.refunded(refund, failed=True) if before == "succeeded" else None
        refund["failure_balance_transaction"] = returned
        store.write(REFUND, name, refund)
        charge = store.read(CHARGE, refund["charge"]) or {}
        _count(charge, -refund["amount"])
        previous = {"failure_balance_transaction": None, "failure_reason": None, "status": before}
        _tell("refund.failed", refund, previous)
        return refund


def reference(name: str) -> Document:
    """The bank's reference number, which shops pass on to shoppers who miss their money."""
    with store.change():
        refund = _found(name)
        refund["destination_details"] = _destination("available", "74936100000000000000000")
        store.write(REFUND, name, refund)
        previous = {"destination_details": {"card": {"reference": None, "reference_status": "pending"}}}
        _tell("refund.updated", refund, previous)
        return refund
