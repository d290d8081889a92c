"""Customers, as much as a tax by the address of delivery needs, and their deletion."""

from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import errors, ids
from sandbox.stripe.intents import shipping
from sandbox.stripe.kinds import CUSTOMER
from sandbox.stripe.session_shapes import ADDRESS, EXPAND
from sandbox.stripe.shapes import Anything, Email, Fields, Many, Metadata, Text

# Of a delivery neither carrier nor parcel is known here.
SHIPPING = Fields({"address": ADDRESS, "name": Text(), "phone": Text()}, ("address", "name"))
CREATE = Fields(
    {
        "address": ADDRESS,
        "description": Text(),
        "email": Email(),
        "expand": EXPAND,
        "metadata": Metadata(),
        "name": Text(256),
        "phone": Text(20),
        "preferred_locales": Many(Text(), 20),
        "shipping": SHIPPING,
        "tax": Anything(),
    }
)
DELETE = Fields({})
# There the made-up tax cannot be computed: Stripe knows such places too.
NOWHERE = "00000"


def create(params: dict[str, Any], *, livemode: bool) -> Document:
    sent_to = params.get("shipping")
    customer = {
        "id": ids.customer(),
        "object": "customer",
        "address": params.get("address"),
        "created": clock.now(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": params.get("description"),
        "discount": None,
        "email": params.get("email"),
        "invoice_prefix": ids.new("p")[3:11].upper(),
        "livemode": livemode,
        "metadata": params.get("metadata", {}),
        "name": params.get("name"),
        "phone": params.get("phone"),
        "preferred_locales": params.get("preferred_locales", []),
        "shipping": _shipping(sent_to) if sent_to else None,
        "tax_exempt": "none",
    }
    store.write(CUSTOMER, customer["id"], customer)
    return customer


def delete(customer: Document) -> Document:
    store.remove(CUSTOMER, customer["id"])
    return {"id": customer["id"], "object": "customer", "deleted": True}


def _shipping(given: Document) -> Document:
    made = shipping(given, None)
    return {name: made[name] for name in ("address", "name", "phone")}


def of_session(params: dict[str, Any], *, livemode: bool) -> Document | None:
    """Whom the session is for. Raises ApiError for nobody known, and for one whose place no tax is known of."""
    if "customer" not in params:
        return None
    found = store.read(CUSTOMER, params["customer"])
    if found is None or found["livemode"] != livemode:
        raise errors.absent("customer", params["customer"], "customer")
    if params.get("automatic_tax", {}).get("enabled") and (place(found) or {}).get("postal_code") == NOWHERE:
        words = "The customer's location isn't recognized. Set a valid customer address in order to calculate tax."
        raise errors.ApiError(words, code="customer_tax_location_invalid", param="automatic_tax")
    return found


def place(customer: Document) -> Document | None:
    """Where its tax is looked for: the address of delivery, else its own."""
    found: Document | None = (customer["shipping"] or customer)["address"]
    return found
