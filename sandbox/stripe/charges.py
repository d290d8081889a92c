"""Charges: one for each try that reached the bank, in the three ways a try can end."""

from sandbox import clock, settings, store
from sandbox.store import Document
from sandbox.stripe import ids, ledger
from sandbox.stripe.intents import BANK, CARD
from sandbox.stripe.kinds import CHARGE
from sandbox.stripe.session_object import MERCHANT

NULL = (
    "application", "application_fee", "application_fee_amount", "balance_transaction", "customer", "description",
    "destination", "dispute", "failure_balance_transaction", "failure_code", "failure_message", "on_behalf_of",
    "order", "receipt_number", "review", "source", "source_transfer", "statement_descriptor", "transfer_data",
    "transfer_group",
)  # fmt: skip
SHOWN_OF_BANK = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number")
SHOWN_OF_CARD = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4")


def _paid_with(paying: Document, amount: int) -> Document:
    if paying["type"] == BANK:
        bank = {key: paying[BANK][key] for key in SHOWN_OF_BANK}
        return {"type": BANK, BANK: {**bank, "mandate": None, "payment_reference": None}}
    return {
        "type": CARD,
        CARD: {
            **{key: paying[CARD][key] for key in SHOWN_OF_CARD},
            "amount_authorized": amount,
            "authorization_code": "659476",
            "ds_transaction_id": None,
            "extended_authorization": {"status": "disabled"},
            "incremental_authorization": {"status": "unavailable"},
            "installments": None,
            "mandate": None,
            "multicapture": {"status": "unavailable"},
            "network": "visa",
            "network_token": {"used": False},
            "network_transaction_id": "122547268103849",
            "overcapture": {"maximum_amount_capturable": amount, "status": "unavailable"},
            "regulated_status": "unregulated",
            "three_d_secure": None,
            "wallet": None,
        },
    }


def outcome(status: str) -> Document:
    """Radar's verdict in the words of the three ends a charge can have."""
    declined = status == "failed"
    return {
        "advice_code": "try_again_later" if declined else None,
        "network_advice_code": None,
        "network_decline_code": "01" if declined else None,
        "network_status": "declined_by_network" if declined else "approved_by_network",
        "reason": "generic_decline" if declined else None,
        "risk_level": "normal",
        "risk_score": 47,
        "seller_message": "The bank did not return any further details with this decline."
        if declined
        else "Payment complete.",
        "type": "issuer_declined" if declined else "authorized",
    }


def _shape(made_for: Document, paying: Document, name: str, status: str) -> Document:
    amount = made_for["amount"]
    suffix = made_for["statement_descriptor_suffix"]
    return {
        "id": name,
        "object": "charge",
        **dict.fromkeys(NULL),
        "amount": amount,
        "amount_captured": 0 if status == "failed" else amount,
        "amount_refunded": 0,
        "billing_details": paying["billing_details"],
        "calculated_statement_descriptor": f"{MERCHANT.upper()}{'* ' + suffix if suffix else ''}"[:22],
        "captured": status != "failed",
        "created": clock.now(),
        "currency": made_for["currency"],
        "description": made_for["description"],
        "disputed": False,
        "fraud_details": {},
        "livemode": made_for["livemode"],
        "metadata": made_for["metadata"],
        "outcome": outcome(status),
        "paid": status == "succeeded",
        "payment_intent": made_for["id"],
        "payment_method": paying["id"],
        "payment_method_details": _paid_with(paying, amount),
        "radar_options": {},
        "receipt_email": made_for["receipt_email"],
        "receipt_url": f"{settings.SANDBOX_URL}/receipts/{name}",
        "refunded": False,
        "shipping": made_for["shipping"],
        "statement_descriptor_suffix": suffix,
        "status": status,
    }


def charge(made_for: Document, paying: Document, *, status: str) -> Document:
    """`status` is succeeded, pending or failed; only a success is booked."""
    name = ids.payment("ch")
    made = _shape(made_for, paying, name, status)
    if status == "failed":
        made |= {"failure_code": "card_declined", "failure_message": "Your card was declined."}
    if status == "succeeded":
        made["balance_transaction"] = ledger.charged(made)
    store.write(CHARGE, name, made)
    return made


def settle(made: Document) -> None:
    """A pending charge arrives."""
    made |= {"status": "succeeded", "paid": True, "outcome": outcome("succeeded")}
    made["balance_transaction"] = ledger.charged(made)
    store.write(CHARGE, made["id"], made)


def bounce(made: Document) -> None:
    """A pending charge comes back from the bank."""
    made |= {
        "status": "failed",
        "paid": False,
        "captured": False,
        "amount_captured": 0,
        "failure_code": "insufficient_funds",
        "failure_message": "The customer's account has insufficient funds to cover this payment.",
    }
    store.write(CHARGE, made["id"], made)


def refusal(made: Document, paying: Document) -> Document:
    """`last_payment_error` of the intent whose charge failed."""
    by_card = paying["type"] == CARD
    error = {
        "charge": made["id"],
        "code": made["failure_code"] if by_card else "payment_intent_payment_attempt_failed",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": made["failure_message"],
        "payment_method": paying,
        "type": "card_error" if by_card else "invalid_request_error",
    }
    declined = {"advice_code": "try_again_later", "decline_code": "generic_decline", "network_decline_code": "01"}
    return {**declined, **error} if by_card else error
