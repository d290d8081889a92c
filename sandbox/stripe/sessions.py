"""Checkout Sessions: made, changed, expired. What a payment does to one is in `outcomes`."""

from typing import Any

from sandbox import clock, settings, store
from sandbox.store import Document
from sandbox.stripe import coupons, customers, errors, events, ids, rates, session_rules, totals
from sandbox.stripe.errors import ApiError
from sandbox.stripe.intents import ADDRESS
from sandbox.stripe.kinds import INTENT, INTERNAL, OPEN, PRODUCT, SESSION
from sandbox.stripe.session_object import blank, details

Params = dict[str, Any]
RECOVERY_SECONDS = 30 * session_rules.DAY


def find(name: str, *, livemode: bool) -> Document:
    """Raises ApiError 404. An object of the other mode does not exist for this key."""
    expire_due()
    session = store.read(SESSION, name)
    if session is None or session["livemode"] != livemode:
        raise errors.absent("checkout.session", name, "session", status=404)
    return session


def email(session: Document) -> str | None:
    """Of who is to pay, where the shop said so."""
    known: str | None = (session["customer_details"] or {}).get("email")
    return known


def internal(session: Document) -> Document:
    return store.read(INTERNAL, session["id"]) or {}


def create(params: Params, *, livemode: bool) -> Document:
    """Raises ApiError for what `session_rules` refuses, or a total Stripe cannot charge."""
    session_rules.check(params, livemode=livemode)
    customer = customers.of_session(params, livemode=livemode)
    now = clock.now()
    session = blank(params, ids.session(livemode=livemode), created=now, livemode=livemode)
    if session["ui_mode"] == "hosted_page":
        session["url"] = f"{settings.SANDBOX_URL}/pay/{session['id']}"
    else:
        session["client_secret"] = ids.secret(session["id"])
    hidden = {
        "id": session["id"],
        "secret": session["client_secret"],
        "lines": [_line(line, created=now, livemode=livemode) for line in params["line_items"]],
        "rates": rates.chosen(params.get("shipping_options", []), livemode=livemode),
        "rate": 0,
        "coupon": coupons.chosen(params.get("discounts", [])),
        "intent_data": params.get("payment_intent_data", {}),
        "intent": None,
        "located": customer is not None and customers.place(customer) is not None,
    }
    session["shipping_options"] = rates.shown(hidden["rates"])
    if customer:
        session["customer_details"] = details(email=customer["email"], name=customer["name"])
    settle(session, hidden)
    session_rules.check_total(session["amount_total"], session["currency"])
    keep(session, hidden)
    store.write(OPEN, session["id"], {"id": session["id"], "expires_at": session["expires_at"]})
    return session


def _line(data: Params, *, created: int, livemode: bool) -> Document:
    line = totals.line(data, created=created, livemode=livemode)
    name = line["price"]["product"]
    described = data["price_data"]["product_data"]
    store.write(PRODUCT, name, totals.product(described, name, created=created, livemode=livemode))
    return line


def keep(session: Document, hidden: Document | None = None) -> None:
    store.write(SESSION, session["id"], session)
    if hidden is not None:
        store.write(INTERNAL, session["id"], hidden)


def settle(session: Document, hidden: Document, *, located: bool = False) -> Document | None:
    """Writes all amounts anew and gives the shipping cost. Tax is known once the address is (`located`)."""
    taxed = (located or hidden["located"]) and session["automatic_tax"]["enabled"]
    if taxed:
        session["automatic_tax"]["status"] = "complete"
    totals.settle_lines(hidden["lines"], hidden["coupon"], taxed=taxed)
    rate = hidden["rates"][hidden["rate"]] if hidden["rates"] else None
    cost = totals.shipping_cost(rate, taxed=taxed)
    summed = totals.totals(hidden["lines"], cost)
    session |= {"amount_subtotal": summed.subtotal, "amount_total": summed.total}
    session["total_details"] = {
        "amount_discount": summed.discount,
        "amount_shipping": summed.shipping,
        "amount_tax": summed.tax,
    }
    if hidden["coupon"]:
        session["discounts"] = [coupons.shown(hidden["coupon"])]
    return cost


def update(session: Document, params: Params) -> Document:
    """Raises ApiError where the session is not open, or its ui_mode does not allow the change."""
    _check_update(session, params)
    hidden = internal(session)
    if "metadata" in params:
        session["metadata"] = merged(session["metadata"], params["metadata"])
    if "shipping_options" in params:
        session_rules.check_rates(params["shipping_options"], session["currency"])
        hidden |= {"rates": rates.chosen(params["shipping_options"], livemode=session["livemode"]), "rate": 0}
        session["shipping_options"] = rates.shown(hidden["rates"])
    if "line_items" in params:
        hidden["lines"] = [_relined(entry, hidden, session) for entry in params["line_items"]]
    if "collected_information" in params:
        session["collected_information"] = {
            "business_name": None,
            "individual_name": None,
            "shipping_details": _ship_to(params["collected_information"]["shipping_details"]),
        }
    if "payment_intent_data" in params:
        hidden["intent_data"] = {**hidden["intent_data"], **params["payment_intent_data"]}
    if session["status"] == "open":
        settle(session, hidden)
        session_rules.check_total(session["amount_total"], session["currency"])
    keep(session, hidden)
    return session


def _check_update(session: Document, params: Params) -> None:
    touched = set(params) - {"expand", "metadata"}
    if touched and session["status"] != "open":
        words = f"You cannot update a Checkout Session whose status is {session['status']}."
        raise ApiError(words, param=min(touched), kept=True)
    refused = {"hosted_page": {"collected_information", "line_items", "payment_intent_data"}}
    refused["embedded_page"] = {"payment_intent_data"}
    for name in sorted(touched & refused.get(session["ui_mode"], set())):
        raise ApiError(f"`{name}` cannot be updated when `ui_mode` is `{session['ui_mode']}`.", param=name)


def merged(old: dict[str, str], new: dict[str, str]) -> dict[str, str]:
    """Metadata as Stripe updates it: key by key, an empty value takes a key away."""
    return {key: text for key, text in {**old, **new}.items() if text}


def _relined(entry: Params, hidden: Document, session: Document) -> Document:
    if "id" not in entry:
        session_rules.check_lines([entry])
        return _line(entry, created=clock.now(), livemode=session["livemode"])
    for line in hidden["lines"]:
        if line["id"] == entry["id"]:
            quantity = entry.get("quantity", line["quantity"])
            amount = totals.amount(line["price"], quantity)
            return {**line, "quantity": quantity, "amount_subtotal": amount}
    raise errors.absent("line item", entry["id"], "line_items")


def _ship_to(details: Params) -> Document:
    return {"address": {**dict.fromkeys(ADDRESS), **details["address"]}, "name": details["name"]}


def expire(session: Document) -> Document:
    """Raises ApiError unless open. Cancels the intent a declined card left behind."""
    if session["status"] != "open":
        words = 'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status'
        raise ApiError(f"{words} of {session['status']}.", param="session", kept=True)
    session |= {"status": "expired", "url": None, "client_secret": None}
    recovery = (session["after_expiration"] or {}).get("recovery")
    if recovery and recovery["enabled"]:
        recovery["url"] = f"{settings.SANDBOX_URL}/recover/{session['id']}"
        recovery["expires_at"] = clock.now() + RECOVERY_SECONDS
    keep(session)
    store.remove(OPEN, session["id"])
    _cancel_intent(internal(session))
    events.record("checkout.session.expired", session, livemode=session["livemode"])
    return session


def recover(old: Document) -> Document:
    """The abandoned basket once more, at the prices it had. Raises ApiError 404 where none was promised."""
    recovery = (old["after_expiration"] or {}).get("recovery") or {}
    if not recovery.get("url") or recovery["expires_at"] < clock.now():
        raise errors.absent("recovery", old["id"], "session", status=404)
    name = ids.session(livemode=old["livemode"])
    session = {
        **old,
        "id": name,
        "created": clock.now(),
        "expires_at": clock.now() + session_rules.DAY,
        "allow_promotion_codes": recovery["allow_promotion_codes"] or old["allow_promotion_codes"],
        "after_expiration": {"recovery": {**recovery, "expires_at": None, "url": None}},
        "recovered_from": old["id"],
        "status": "open",
        "url": f"{settings.SANDBOX_URL}/pay/{name}",
    }
    with store.change():
        keep(session, {**internal(old), "id": name, "intent": None})
        store.write(OPEN, name, {"id": name, "expires_at": session["expires_at"]})
    return session


def _cancel_intent(hidden: Document) -> None:
    intent = store.read(INTENT, hidden["intent"]) if hidden["intent"] else None
    if intent is not None:
        intent |= {"status": "canceled", "canceled_at": clock.now(), "cancellation_reason": "expired"}
        store.write(INTENT, intent["id"], intent)
        events.record("payment_intent.canceled", intent, livemode=intent["livemode"])


def expire_due() -> None:
    """Expires what is past its time. Everything that reads sessions calls it first."""
    if any(row["expires_at"] <= clock.now() for row in store.listing(OPEN)):
        with store.change():
            for row in store.listing(OPEN):
                session = store.read(SESSION, row["id"])
                if session is not None and row["expires_at"] <= clock.now():
                    expire(session)
