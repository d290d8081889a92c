"""What can happen on the pay page, and what that does to session, intent and charge.

Each outcome is one transaction and safe to ask for twice: a session that is no longer open is given back as it is.
"""

from copy import deepcopy
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import charges, events, intents, sessions
from sandbox.stripe.errors import ApiError
from sandbox.stripe.kinds import CHARGE, INTENT, METHOD, OPEN, SESSION
from sandbox.stripe.session_object import details

DECLINED = "Your card was declined."
# Where nobody filled in the form, this shopper did.
NOBODY = "Sandbox Shopper"
HOME = {
    "city": "Portland",
    "country": "US",
    "line1": "100 Example Ave",
    "line2": None,
    "postal_code": "97201",
    "state": "OR",
}


@dataclass(frozen=True, kw_only=True)
class Shopper:
    """What the pay page's form said; everything has an answer, so that one press of a button is enough."""

    email: str = "shopper@example.com"
    name: str = NOBODY
    phone: str | None = None
    address: Document = field(default_factory=HOME.copy)
    promotions: bool = False
    rate: int | None = None
    presentment: str = ""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """`deliveries` are the webhook deliveries that the shopper's redirect waits for."""

    session: Document
    deliveries: list[str] = field(default_factory=list)
    error: Document | None = None


def _opened(session_id: str) -> Document | None:
    """The session, if it is still open; read inside the transaction, so that of two presses one wins."""
    session = store.read(SESSION, session_id)
    return session if session and session["status"] == "open" and session["expires_at"] > clock.now() else None


def _now(session_id: str) -> Outcome:
    sessions.expire_due()
    return Outcome(session=store.read(SESSION, session_id) or {})


def _identify(session: Document, hidden: Document, shopper: Shopper) -> None:
    """Writes who is paying and where to, picks the shipping rate, and computes the tax of that place."""
    email = sessions.email(session) or shopper.email
    phone = shopper.phone or ("+15035550100" if session["phone_number_collection"]["enabled"] else None)
    session["customer_details"] = details(email=email, name=shopper.name, phone=phone, address=shopper.address)
    if session["shipping_address_collection"] is not None:
        ship_to = {"address": shopper.address, "name": shopper.name}
        session["collected_information"] = {
            "business_name": None,
            "individual_name": None,
            "shipping_details": ship_to,
        }
    if shopper.rate is not None and 0 <= shopper.rate < len(hidden["rates"]):
        hidden["rate"] = shopper.rate
    session["shipping_cost"] = sessions.settle(session, hidden, located=True)


def _consent(session: Document, shopper: Shopper) -> None:
    asked = session["consent_collection"]
    if asked is not None:
        opted = "opt_in" if shopper.promotions else "opt_out"
        session["consent"] = {
            "promotions": opted if asked["promotions"] == "auto" else None,
            "terms_of_service": "accepted" if asked["terms_of_service"] == "required" else None,
        }


def _intent(session: Document, hidden: Document) -> Document:
    """The one intent of this session, made at the first try; later tries are tries of the same."""
    made = store.read(INTENT, hidden["intent"]) if hidden["intent"] else None
    if made is not None:
        made["amount"] = session["amount_total"]
        return made
    collected = (session["collected_information"] or {}).get("shipping_details")
    ship_to = collected or hidden["intent_data"].get("shipping")
    person = session["customer_details"]
    made = intents.intent(session, hidden, shipping=intents.shipping(ship_to, person["phone"]) if ship_to else None)
    hidden["intent"] = made["id"]
    _tell("payment_intent.created", made)
    return made


def _tell(kind: str, thing: Document) -> list[str]:
    return events.record(kind, thing, livemode=thing["livemode"])


def _complete(session: Document, hidden: Document, *, status: str) -> list[str]:
    session |= {"status": "complete", "payment_status": status, "url": None, "client_secret": None}
    session["payment_intent"] = hidden["intent"] if status != "no_payment_required" else None
    sessions.keep(session, hidden)
    store.remove(OPEN, session["id"])
    return _tell("checkout.session.completed", session)


def pay(session_id: str, shopper: Shopper) -> Outcome:
    with store.change():
        session = _opened(session_id)
        if session is None:
            return _now(session_id)
        hidden = sessions.internal(session)
        _identify(session, hidden, shopper)
        _consent(session, shopper)
        if session["amount_total"] == 0:
            return Outcome(session=session, deliveries=_complete(session, hidden, status="no_payment_required"))
        _present(session, shopper.presentment)
        made = _intent(session, hidden)
        paying = intents.method(session, kind=intents.CARD)
        _succeed(made, charges.charge(made, paying, status="succeeded"), paying)
        return Outcome(session=session, deliveries=_complete(session, hidden, status="paid"))


def _present(session: Document, currency: str) -> None:
    """Adaptive pricing: the shopper may have seen another currency; all other amounts stay in the shop's."""
    if currency and session["adaptive_pricing"]["enabled"]:
        shown = session["amount_total"] * 93 // 100
        session["presentment_details"] = {"presentment_amount": shown, "presentment_currency": currency}


def _succeed(made: Document, charge: Document, paying: Document) -> None:
    made |= {
        "amount_received": made["amount"],
        "last_payment_error": None,
        "next_action": None,
        "latest_charge": charge["id"],
        "payment_method": paying["id"],
        "status": "succeeded",
    }
    store.write(INTENT, made["id"], made)
    _tell("charge.succeeded", charge)
    _tell("payment_intent.succeeded", made)


def decline(session_id: str, shopper: Shopper) -> Outcome:
    """The card is refused; the session stays open, its intent goes back to requires_payment_method."""
    with store.change():
        session = _opened(session_id)
        if session is None:
            return _now(session_id)
        # Who the shopper is stays unknown to the API while the session is open: the try works on copies.
        hidden, shown = sessions.internal(session), deepcopy(session)
        trial = deepcopy(hidden)
        _identify(shown, trial, shopper)
        made = _intent(shown, trial)
        hidden["intent"] = trial["intent"]
        paying = intents.method(shown, kind=intents.CARD, last4=intents.BAD_CARD)
        charge = charges.charge(made, paying, status="failed")
        _refuse(made, charge, paying)
        sessions.keep(session, hidden)
        return Outcome(session=session, error=made["last_payment_error"])


def _refuse(made: Document, charge: Document, paying: Document) -> None:
    made |= {
        "last_payment_error": charges.refusal(charge, paying),
        "latest_charge": charge["id"],
        "next_action": None,
        "payment_method": None,
        "status": "requires_payment_method",
    }
    store.write(INTENT, made["id"], made)
    _tell("charge.failed", charge)
    _tell("payment_intent.payment_failed", made)


def challenge(session_id: str, shopper: Shopper) -> Outcome:
    """The bank wants to see the shopper first (3-D Secure); `pay` or `decline` is what comes of it."""
    with store.change():
        session = _opened(session_id)
        if session is None:
            return _now(session_id)
        hidden, shown = sessions.internal(session), deepcopy(session)
        trial = deepcopy(hidden)
        _identify(shown, trial, shopper)
        made = _intent(shown, trial)
        hidden |= {"intent": trial["intent"], "shopper": asdict(shopper)}
        made |= {
            "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}},
            "payment_method": intents.method(shown, kind=intents.CARD)["id"],
            "status": "requires_action",
        }
        store.write(INTENT, made["id"], made)
        _tell("payment_intent.requires_action", made)
        sessions.keep(session, hidden)
        return Outcome(session=session)


def delayed(session_id: str, shopper: Shopper) -> Outcome:
    """A bank debit: complete and unpaid, settled or failed days later."""
    with store.change():
        session = _opened(session_id)
        if session is None:
            return _now(session_id)
        hidden = sessions.internal(session)
        _identify(session, hidden, shopper)
        _consent(session, shopper)
        if session["amount_total"] == 0:
            return Outcome(session=session, deliveries=_complete(session, hidden, status="no_payment_required"))
        made = _intent(session, hidden)
        paying = intents.method(session, kind=intents.BANK)
        charge = charges.charge(made, paying, status="pending")
        made |= {
            "latest_charge": charge["id"],
            "payment_method": paying["id"],
            "payment_method_types": [intents.BANK],
            "status": "processing",
        }
        store.write(INTENT, made["id"], made)
        _tell("charge.pending", charge)
        _tell("payment_intent.processing", made)
        return Outcome(session=session, deliveries=_complete(session, hidden, status="unpaid"))


def _awaited(session_id: str) -> tuple[Document, Document, Document, Document]:
    """Session, intent, charge and method of a delayed payment. Raises ApiError where none is under way."""
    session = store.read(SESSION, session_id)
    made = store.read(INTENT, session["payment_intent"]) if session and session["payment_intent"] else None
    if session is None or made is None or made["status"] != "processing":
        raise ApiError(f"No delayed payment is under way for {session_id}.", status=409)
    charge, paying = store.read(CHARGE, made["latest_charge"]), store.read(METHOD, made["payment_method"])
    return session, made, charge or {}, paying or {}


def settle(session_id: str) -> Outcome:
    """The bank debit arrived. Raises ApiError 409 unless one is under way."""
    with store.change():
        session, made, charge, paying = _awaited(session_id)
        charges.settle(charge)
        _succeed(made, charge, paying)
        session["payment_status"] = "paid"
        sessions.keep(session)
        return Outcome(session=session, deliveries=_tell("checkout.session.async_payment_succeeded", session))


def fail(session_id: str) -> Outcome:
    """The bank debit came back. Raises ApiError 409 unless one is under way."""
    with store.change():
        session, made, charge, paying = _awaited(session_id)
        charges.bounce(charge)
        _refuse(made, charge, paying)
        return Outcome(session=session, deliveries=_tell("checkout.session.async_payment_failed", session))


def expire(session_id: str, shopper: Shopper) -> Outcome:
    """Left behind; an agreement to be written to, ticked before leaving, is remembered."""
    with store.change():
        session: dict[str, Any] | None = _opened(session_id)
        if session is None:
            return _now(session_id)
        if shopper.promotions:
            _consent(session, shopper)
        return Outcome(session=sessions.expire(session))
