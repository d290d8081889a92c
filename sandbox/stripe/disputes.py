"""Disputes: a chargeback takes the money at once, an inquiry only asks."""

from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import events, ids, ledger, warnings
from sandbox.stripe.errors import ApiError
from sandbox.stripe.kinds import BALANCE, CHARGE, DISPUTE
from sandbox.stripe.session_shapes import EXPAND
from sandbox.stripe.sessions import merged
from sandbox.stripe.shapes import Anything, Choice, Fields, Flag, Metadata, Text

DAY, ANSWER_DAYS = 24 * 60 * 60, 9
TEXTS = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation",
    "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt", "refund_policy",
    "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "service_documentation",
    "shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation",
    "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip
LONGEST_EVIDENCE = 20_000
EVIDENCE = Fields(
    {**{name: Text(LONGEST_EVIDENCE) for name in TEXTS}, "appeal": Anything(), "enhanced_evidence": Anything()}
)
UPDATE = Fields(
    {
        "evidence": EVIDENCE,
        "expand": EXPAND,
        "intended_submission_method": Choice("manual", "prefer_manual", "prefer_smart_disputes", "smart_disputes"),
        "metadata": Metadata(),
        "submit": Flag(),
    }
)
CLOSE = Fields({"expand": EXPAND})
OPEN = {"needs_response", "under_review"}
OPEN_INQUIRY = {"warning_needs_response", "warning_under_review"}


def open_one(charge: Document, *, amount: int, reason: str, inquiry: bool) -> Document:
    """Raises ApiError 409 where the charge has a dispute. An inquiry leaves the money with the shop."""
    with store.change():
        if charge["dispute"]:
            raise ApiError(f"Charge {charge['id']} is disputed already.", status=409)
        dispute = _new(charge, amount=amount, reason=reason, inquiry=inquiry)
        if not inquiry:
            _book(dispute, ledger.disputed(dispute))
        store.write(DISPUTE, dispute["id"], dispute)
        charge |= {"disputed": True, "dispute": dispute["id"]}
        store.write(CHARGE, charge["id"], charge)
        warnings.settled(charge)
        _tell("charge.dispute.created", dispute)
        if not inquiry:
            _tell("charge.dispute.funds_withdrawn", dispute)
        return dispute


def _new(charge: Document, *, amount: int, reason: str, inquiry: bool) -> Document:
    now = clock.now()
    card = {
        "brand": "amex" if inquiry else "visa",
        "case_type": "inquiry" if inquiry else "chargeback",
        "network_reason_code": "127" if inquiry else "13.1",
    }
    return {
        "id": ids.new("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transaction": None,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(TEXTS), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + ANSWER_DAYS * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": inquiry,
        "livemode": charge["livemode"],
        "metadata": {},
        "network_reason_code": None,
        "payment_intent": charge["payment_intent"],
        "payment_method_details": {"card": card, "type": "card"},
        "reason": reason,
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def _book(dispute: Document, transaction: str) -> None:
    dispute["balance_transaction"] = dispute["balance_transaction"] or transaction
    dispute["balance_transactions"].append(store.read(BALANCE, transaction))


def _tell(kind: str, dispute: Document, previous: dict[str, Any] | None = None) -> None:
    events.record(kind, dispute, livemode=dispute["livemode"], previous=previous)


def update(dispute: Document, params: dict[str, Any]) -> Document:
    """Evidence with submit=false is staged; with submit=true, the default, all of it goes to the bank, once."""
    if "evidence" in params and dispute["status"] not in {"needs_response", "warning_needs_response"}:
        words = f"This dispute has a status of {dispute['status']}: its evidence can no longer be changed."
        raise ApiError(words, param="evidence", kept=True)
    before = dispute["status"]
    dispute["metadata"] = merged(dispute["metadata"], params.get("metadata", {}))
    if "intended_submission_method" in params:
        dispute["intended_submission_method"] = params["intended_submission_method"]
    dispute["evidence"] |= params.get("evidence", {})
    if "evidence" in params:
        dispute["evidence_details"]["has_evidence"] = True
    if params.get("submit", "evidence" in params):
        _submit(dispute)
    store.write(DISPUTE, dispute["id"], dispute)
    changed = {"status": before} if before != dispute["status"] else {}
    _tell("charge.dispute.updated", dispute, changed)
    return dispute


def _submit(dispute: Document) -> None:
    inquiry = dispute["status"] in OPEN_INQUIRY
    dispute["status"] = "warning_under_review" if inquiry else "under_review"
    dispute["evidence_details"] |= {
        "submission_count": dispute["evidence_details"]["submission_count"] + 1,
        "submission_method": "manual",
    }


def close(dispute: Document, status: str) -> Document:
    """`status` is won, lost or warning_closed. Raises ApiError 409 where the dispute is not open in that way."""
    expected = OPEN_INQUIRY if status == "warning_closed" else OPEN
    if dispute["status"] not in expected:
        raise ApiError(f"Dispute {dispute['id']} is {dispute['status']}: it cannot become {status}.", status=409)
    with store.change():
        before = dispute["status"]
        dispute["status"] = status
        dispute["is_charge_refundable"] = status == "warning_closed"
        if status == "won":
            _book(dispute, ledger.reinstated(dispute))
        store.write(DISPUTE, dispute["id"], dispute)
        _tell("charge.dispute.closed", dispute, {"status": before})
        if status == "won":
            _tell("charge.dispute.funds_reinstated", dispute)
        return dispute


def of_charge(charge: Document) -> Document:
    """Raises ApiError 409 where there is none."""
    dispute = store.read(DISPUTE, charge["dispute"] or "")
    if dispute is None:
        raise ApiError(f"Charge {charge['id']} has no dispute.", status=409)
    return dispute
