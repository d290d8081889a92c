"""Payment intents and the method a shopper pays with. They are made by what happens on the pay page."""

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import ids
from sandbox.stripe.kinds import INTENT, METHOD

CARD, BANK = "card", "us_bank_account"
GOOD_CARD, BAD_CARD = "4242", "0002"
NULL = (
    "application", "application_fee_amount", "automatic_payment_methods", "canceled_at", "cancellation_reason",
    "customer", "customer_account", "excluded_payment_method_types", "last_payment_error", "latest_charge",
    "next_action", "on_behalf_of", "payment_method", "payment_method_configuration_details", "processing",
    "receipt_email", "review", "setup_future_usage", "source", "statement_descriptor",
    "statement_descriptor_suffix", "transfer_data", "transfer_group", "description",
)  # fmt: skip
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
COPIED = ("description", "receipt_email", "statement_descriptor", "statement_descriptor_suffix", "transfer_group")


def intent(session: Document, hidden: Document, *, shipping: Document | None) -> Document:
    """The intent Checkout makes when the shopper confirms; its metadata is payment_intent_data's."""
    data = hidden["intent_data"]
    name = ids.payment("pi")
    made = {
        "id": name,
        "object": "payment_intent",
        **dict.fromkeys(NULL),
        **{key: data.get(key) for key in COPIED},
        "amount": session["amount_total"],
        "amount_capturable": 0,
        "amount_details": _amount_details(session),
        "amount_received": 0,
        "capture_method": data.get("capture_method", "automatic_async"),
        "client_secret": ids.secret(name),
        "confirmation_method": "automatic",
        "created": clock.now(),
        "currency": session["currency"],
        "livemode": session["livemode"],
        "metadata": data.get("metadata", {}),
        "payment_details": {
            "customer_reference": None,
            "order_reference": session["client_reference_id"] or name,
        },
        "payment_method_options": {
            "card": {
                "installments": None,
                "mandate_options": None,
                "network": None,
                "request_three_d_secure": "automatic",
            }
        },
        "payment_method_types": [CARD],
        "shipping": shipping,
        "status": "requires_payment_method",
    }
    store.write(INTENT, name, made)
    return made


def _amount_details(session: Document) -> Document:
    sums = session["total_details"]
    shipping = {"amount": sums["amount_shipping"], "from_postal_code": None, "to_postal_code": None}
    return {"shipping": shipping, "tax": {"total_tax_amount": sums["amount_tax"]}, "tip": {}}


def shipping(details: Document, phone: str | None) -> Document:
    """`shipping` of intents and charges, from a name and an address that may lack parts."""
    return {
        "address": {**dict.fromkeys(ADDRESS), **details["address"]},
        "carrier": details.get("carrier"),
        "name": details["name"],
        "phone": phone or details.get("phone"),
        "tracking_number": details.get("tracking_number"),
    }


def method(session: Document, *, kind: str, last4: str = GOOD_CARD) -> Document:
    """What the shopper pays with."""
    person = session["customer_details"] or {}
    made = {
        "id": ids.new("pm"),
        "object": "payment_method",
        "allow_redisplay": "limited",
        "billing_details": _billing(person),
        "created": clock.now(),
        "customer": None,
        "customer_account": None,
        "livemode": session["livemode"],
        "metadata": {},
        "type": kind,
        kind: _card(last4) if kind == CARD else _bank(),
    }
    store.write(METHOD, made["id"], made)
    return made


def _billing(person: Document) -> Document:
    return {
        "address": person.get("address"),
        "email": person.get("email"),
        "name": person.get("name"),
        "phone": None,
        "tax_id": None,
    }


def _card(last4: str) -> Document:
    return {
        "brand": "visa",
        "checks": {"address_line1_check": None, "address_postal_code_check": "pass", "cvc_check": "pass"},
        "country": "US",
        "display_brand": "visa",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"SandboxCard{last4}0",
        "funding": "credit",
        "generated_from": None,
        "last4": last4,
        "networks": {"available": ["visa"], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _bank() -> Document:
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        "fingerprint": "SandboxBank67890",
        "last4": "6789",
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": None,
    }
