"""What a shop's till says to Stripe, through the real client."""

import json
import time
from typing import Any

import stripe
from stripe import StripeClient

from tests.sandbox.process import Sandbox

Received = list[tuple[dict[str, str], bytes]]
KEY, SECRET = "sk_test_till", "whsec_till"
SHOP = "http://127.0.0.1:9"
SHIP_TO = {
    "name": "Ada Miller",
    "phone": "+15185550100",
    "address": {"line1": "12 Main St", "city": "Troy", "state": "NY", "postal_code": "12180", "country": "US"},
}


def client(sandbox: Sandbox, key: str = KEY) -> StripeClient:
    stripe.enable_telemetry = False
    base = f"{sandbox.url}/stripe"
    return StripeClient(key, base_addresses={"api": base, "files": base}, max_network_retries=0)


def line(name: str = "Hello sunshine tee, M", *, amount: int = 2450, quantity: int = 2, **price: Any) -> Any:
    data = {"currency": "usd", "unit_amount": amount, "product_data": {"name": name}, **price}
    return {"quantity": quantity, "price_data": data}


def rate(name: str = "Standard", amount: int = 499) -> dict[str, Any]:
    days = {"minimum": {"unit": "business_day", "value": 3}, "maximum": {"unit": "business_day", "value": 7}}
    fixed = {"amount": amount, "currency": "usd"}
    data = {"type": "fixed_amount", "display_name": name, "fixed_amount": fixed, "delivery_estimate": days}
    return {"shipping_rate_data": data}


def params(**changes: Any) -> Any:
    """A hosted session of 53.99; a change of None takes a parameter away.

    Any and not the SDK's own type: half of the tests say something wrong on purpose.
    """
    usual = {
        "mode": "payment",
        "client_reference_id": "ILY-1",
        "customer_email": "ada@example.com",
        "success_url": f"{SHOP}/api/checkout/success?session_id={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{SHOP}/cart/",
        "expires_at": int(time.time()) + 1860,
        "metadata": {"order": "ILY-1"},
        "payment_intent_data": {"metadata": {"order": "ILY-1"}, "description": "Order ILY-1", "shipping": SHIP_TO},
        "line_items": [line()],
        "shipping_options": [rate()],
        "adaptive_pricing": {"enabled": False},
        **changes,
    }
    return {name: value for name, value in usual.items() if value is not None}


def elements(**changes: Any) -> Any:
    own = {
        "success_url": None,
        "cancel_url": None,
        "ui_mode": "elements",
        "return_url": f"{SHOP}/thanks?s={{CHECKOUT_SESSION_ID}}",
    }
    return params(**{**own, **changes})


def paid(sandbox: Sandbox, **changes: Any) -> Any:
    """A paid session with its intent and charge."""
    till = client(sandbox)
    session = till.v1.checkout.sessions.create(params(**changes))
    sandbox.control(f"stripe/sessions/{session.id}/pay")
    return till.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})


def events(received: Received, about: str) -> list[dict[str, Any]]:
    """What arrived and speaks of this object, its signature checked by Stripe's own library."""
    found = []
    for headers, body in list(received):
        if about.encode() in body:
            stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)
            found.append(json.loads(body))
    return found


def types(received: Received, about: str) -> set[str]:
    return {event["type"] for event in events(received, about)}
