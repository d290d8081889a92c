"""The API's endpoints. Each name is what a fault is armed for and calls are counted under."""

from typing import Any

from sandbox import clock, store
from sandbox.store import Document
from sandbox.stripe import (
    coupons,
    customers,
    disputes,
    errors,
    events,
    hooks,
    ledger,
    lists,
    refunds,
    session_shapes,
    sessions,
)
from sandbox.stripe.api import Call, Endpoint, endpoint
from sandbox.stripe.kinds import (
    BALANCE,
    CHARGE,
    COUPON,
    CUSTOMER,
    DISPUTE,
    ENDPOINT,
    EVENT,
    INTENT,
    PROMOTION,
    REFUND,
    SESSION,
    WARNING,
)
from sandbox.stripe.shapes import Choice, Fields, Flag, Many, Text

ONE = Fields({"expand": session_shapes.EXPAND})


def found(kind: str, name: str, noun: str, call: Call) -> Document:
    """Raises ApiError 404, also for what belongs to the other mode."""
    thing = store.read(kind, name)
    if thing is None or thing.get("livemode", call.livemode) != call.livemode:
        raise errors.absent(noun, name, noun, status=404)
    return thing


def retrieval(name: str, kind: str, noun: str) -> Endpoint:
    @endpoint(name, ONE)
    def retrieve(call: Call, *names: str) -> Document:
        return found(kind, names[0], noun, call)

    return retrieve


def listing(name: str, kind: str, *filters: str) -> Endpoint:
    @endpoint(name, lists.shape(*filters))
    def everything(call: Call, *_names: str) -> Document:
        return lists.page(lists.matching(store.listing(kind), call, *filters), call)

    return everything


@endpoint("stripe.checkout.sessions.create", session_shapes.CREATE)
def create_session(call: Call, *_names: str) -> Document:
    return sessions.create(call.params, livemode=call.livemode)


@endpoint("stripe.checkout.sessions.retrieve", ONE, also="stripe.sessions.retrieve")
def retrieve_session(call: Call, *names: str) -> Document:
    return sessions.find(names[0], livemode=call.livemode)


@endpoint("stripe.checkout.sessions.update", session_shapes.UPDATE)
def update_session(call: Call, *names: str) -> Document:
    return sessions.update(sessions.find(names[0], livemode=call.livemode), call.params)


@endpoint("stripe.checkout.sessions.expire", session_shapes.EXPIRE)
def expire_session(call: Call, *names: str) -> Document:
    return sessions.expire(sessions.find(names[0], livemode=call.livemode))


SESSION_FILTERS = Fields(
    {
        **lists.shape("customer", "customer_account", "payment_intent", "payment_link", "subscription").known,
        "customer_details": Fields({"email": Text()}, ("email",)),
        "status": Choice("complete", "expired", "open"),
    }
)


@endpoint("stripe.checkout.sessions.list", SESSION_FILTERS)
def list_sessions(call: Call, *_names: str) -> Document:
    sessions.expire_due()
    fields = ("customer", "customer_account", "payment_intent", "payment_link", "subscription", "status")
    chosen = lists.matching(store.listing(SESSION), call, *fields)
    if "customer_details" in call.params:
        email = call.params["customer_details"]["email"]
        chosen = [one for one in chosen if (one["customer_details"] or {}).get("email") == email]
    return lists.page(chosen, call)


@endpoint("stripe.checkout.sessions.line_items", Fields(dict(lists.PAGE)))
def list_lines(call: Call, *names: str) -> Document:
    session = sessions.find(names[0], livemode=call.livemode)
    return lists.page(sessions.internal(session)["lines"], call)


@endpoint("stripe.refunds.create", refunds.CREATE)
def create_refund(call: Call, *_names: str) -> Document:
    return refunds.create(call.params, livemode=call.livemode)


@endpoint("stripe.refunds.update", refunds.UPDATE)
def update_refund(call: Call, *names: str) -> Document:
    refund = found(REFUND, names[0], "refund", call)
    refund["metadata"] = sessions.merged(refund["metadata"], call.params.get("metadata", {}))
    store.write(REFUND, refund["id"], refund)
    return refund


@endpoint("stripe.disputes.update", disputes.UPDATE)
def update_dispute(call: Call, *names: str) -> Document:
    return disputes.update(found(DISPUTE, names[0], "dispute", call), call.params)


@endpoint("stripe.disputes.close", disputes.CLOSE)
def close_dispute(call: Call, *names: str) -> Document:
    return disputes.close(found(DISPUTE, names[0], "dispute", call), "lost")


@endpoint("stripe.balance.retrieve", ONE)
def retrieve_balance(call: Call, *_names: str) -> Document:
    return ledger.balance(livemode=call.livemode)


EVENT_FILTERS = Fields(
    {**lists.shape("type").known, "delivery_success": Flag(), "types": Many(Text(), 20)},
)
EVENT_SECONDS = 30 * 24 * 60 * 60


@endpoint("stripe.events.list", EVENT_FILTERS)
def list_events(call: Call, *_names: str) -> Document:
    params: dict[str, Any] = call.params
    chosen = lists.matching(store.listing(EVENT), call, "type")
    chosen = [event for event in chosen if event["created"] > clock.now() - EVENT_SECONDS]
    if "types" in params:
        chosen = [event for event in chosen if event["type"] in params["types"]]
    if "delivery_success" in params:
        owing = events.undelivered()
        chosen = [event for event in chosen if (event["id"] not in owing) == params["delivery_success"]]
    return lists.page(chosen, call)


@endpoint("stripe.webhook_endpoints.create", hooks.CREATE)
def create_endpoint(call: Call, *_names: str) -> Document:
    return hooks.create(call.params, livemode=call.livemode)


@endpoint("stripe.webhook_endpoints.list", lists.shape())
def list_endpoints(call: Call, *_names: str) -> Document:
    return lists.page([hooks.shown(one) for one in lists.matching(store.listing(ENDPOINT), call)], call)


@endpoint("stripe.webhook_endpoints.retrieve", ONE)
def retrieve_endpoint(_call: Call, *names: str) -> Document:
    return hooks.shown(hooks.find(names[0]))


@endpoint("stripe.webhook_endpoints.update", hooks.UPDATE)
def update_endpoint(call: Call, *names: str) -> Document:
    return hooks.update(hooks.find(names[0]), call.params)


@endpoint("stripe.webhook_endpoints.delete", hooks.DELETE)
def delete_endpoint(_call: Call, *names: str) -> Document:
    return hooks.delete(hooks.find(names[0]))


@endpoint("stripe.coupons.create", coupons.CREATE_COUPON)
def create_coupon(call: Call, *_names: str) -> Document:
    return coupons.create(call.params, livemode=call.livemode)


@endpoint("stripe.customers.create", customers.CREATE)
def create_customer(call: Call, *_names: str) -> Document:
    return customers.create(call.params, livemode=call.livemode)


@endpoint("stripe.customers.delete", customers.DELETE)
def delete_customer(call: Call, *names: str) -> Document:
    return customers.delete(found(CUSTOMER, names[0], "customer", call))


@endpoint("stripe.promotion_codes.create", coupons.CREATE_PROMOTION)
def create_promotion(call: Call, *_names: str) -> Document:
    return coupons.create_promotion(call.params, livemode=call.livemode)


retrieve_intent = retrieval("stripe.payment_intents.retrieve", INTENT, "payment_intent")
list_intents = listing("stripe.payment_intents.list", INTENT, "customer", "customer_account")
retrieve_charge = retrieval("stripe.charges.retrieve", CHARGE, "charge")
list_charges = listing("stripe.charges.list", CHARGE, "customer", "payment_intent", "transfer_group")
retrieve_refund = retrieval("stripe.refunds.retrieve", REFUND, "refund")
list_refunds = listing("stripe.refunds.list", REFUND, "charge", "payment_intent")
retrieve_dispute = retrieval("stripe.disputes.retrieve", DISPUTE, "dispute")
list_disputes = listing("stripe.disputes.list", DISPUTE, "charge", "payment_intent")
retrieve_warning = retrieval("stripe.early_fraud_warnings.retrieve", WARNING, "early_fraud_warning")
list_warnings = listing("stripe.early_fraud_warnings.list", WARNING, "charge", "payment_intent")
retrieve_transaction = retrieval("stripe.balance_transactions.retrieve", BALANCE, "balance_transaction")
list_transactions = listing("stripe.balance_transactions.list", BALANCE, "currency", "source", "type")
retrieve_event = retrieval("stripe.events.retrieve", EVENT, "event")
retrieve_customer = retrieval("stripe.customers.retrieve", CUSTOMER, "customer")
list_customers = listing("stripe.customers.list", CUSTOMER, "email")
retrieve_coupon = retrieval("stripe.coupons.retrieve", COUPON, "coupon")
list_coupons = listing("stripe.coupons.list", COUPON)
retrieve_promotion = retrieval("stripe.promotion_codes.retrieve", PROMOTION, "promotion_code")
list_promotions = listing("stripe.promotion_codes.list", PROMOTION, "code")
