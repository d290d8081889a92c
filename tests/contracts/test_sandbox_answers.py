"""The sandbox's answers have the shape of our payloads, and the whole money path holds over real HTTP.

Were the two to drift apart, the unit tests would be about one world and the demo about another. The sandbox against the
providers' own documents is judged in tests/sandbox.
"""

import json
from typing import Any

import pytest
import requests
from django.utils import timezone

from catalog.models import Variant
from catalog.printify.client import printify
from ilytat.integrations import jobs
from ilytat.integrations.errors import OutcomeUnknown, Refused
from orders import cart as carts
from orders import quote
from orders.models import Fulfilment, Order
from orders.registry import queue as printing
from payments import cancellation, checkout, gateway, refunds, session_params
from payments.models import CheckoutSession, Payment, Refund
from tests import factories
from tests.contracts.shapes import unlike
from tests.payloads import payload
from tests.stack import KEYS
from tests.stand_in import Sandbox

pytestmark = pytest.mark.django_db


def _order(quantity: int = 1, **given: Any) -> Order:
    """Of a product that the sandbox's Printify really has."""
    goods = printify().product_page(1)["data"][0]
    offered = next(row for row in goods["variants"] if row["is_enabled"] and row["is_available"])
    variant = Variant.objects.filter(product__printify_id=goods["id"], variant_id=offered["id"]).first()
    if variant is None:
        product = factories.product(printify_id=goods["id"], upstream_title=goods["title"])
        variant = factories.variant(product, variant_id=offered["id"], price=2499)
    number = f"S{timezone.now():%H%M%S%f}"
    return factories.order(variant, quantity=quantity, number=number, **given)


def _get(base: str, path: str, key: str) -> Any:
    answer = requests.get(f"{base}{path}", headers={"Authorization": f"Bearer {key}", "User-Agent": "t"}, timeout=20)
    assert answer.ok, answer.text
    return answer.json()


def _stripe(sandbox: Sandbox, path: str) -> Any:
    return _get(f"{sandbox.url}/stripe/v1/", path, KEYS["STRIPE_SECRET_KEY"])


def _printify(sandbox: Sandbox, path: str) -> Any:
    shop = f"{sandbox.url}/printify/v1/shops/{KEYS['PRINTIFY_SHOP_ID']}/"
    return _get(shop, path, KEYS["PRINTIFY_API_KEY"])


def _started(order: Order) -> CheckoutSession:
    checkout.start(order)
    return order.sessions.get(state="open")


def _paid(sandbox: Sandbox, order: Order) -> CheckoutSession:
    row = _started(order)
    sandbox.post(f"/control/stripe/sessions/{row.stripe_session_id}/pay")
    checkout.refresh_open_sessions(silent_for_minutes=0)
    order.refresh_from_db()
    row.refresh_from_db()
    return row


def _look(order: Order) -> Fulfilment:
    Fulfilment.objects.update(next_at=timezone.now(), release_at=timezone.now(), lease_until=None)
    jobs.work_one(printing, Fulfilment.objects.get(order=order).pk)
    return Fulfilment.objects.get(order=order)


# --- shapes ---------------------------------------------------------------------------------------------

# Metadata is each shop's own; these two depend on the ways to pay that an account has.
OWN = ("metadata", "payment_method_types", "latest_charge.metadata")


def test_a_session_from_open_to_paid_has_our_payloads_shape(at_sandbox: Sandbox) -> None:
    order = _order()
    row = _started(order)
    expanded = "?expand[]=payment_intent.latest_charge.balance_transaction"
    before = _stripe(at_sandbox, f"checkout/sessions/{row.stripe_session_id}")
    at_sandbox.post(f"/control/stripe/sessions/{row.stripe_session_id}/pay")
    after = _stripe(at_sandbox, f"checkout/sessions/{row.stripe_session_id}{expanded}")
    assert unlike(payload("stripe/session"), before, after, loose=OWN) == []
    assert unlike(payload("stripe/intent"), after["payment_intent"], loose=OWN) == []


def test_a_refund_has_our_payloads_shape(at_sandbox: Sandbox) -> None:
    order = _order()
    _paid(at_sandbox, order)
    wish = cancellation.request_refund(Payment.objects.get(), 100, reason="duplicate", requested_by="test")
    jobs.work_one(refunds.queue, wish.pk)
    wish.refresh_from_db()
    found = _stripe(at_sandbox, f"refunds/{wish.stripe_refund_id}")
    assert unlike(payload("stripe/refund"), found, loose=OWN) == []


def test_refusals_of_stripe_have_our_payloads_shape(at_sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {KEYS['STRIPE_SECRET_KEY']}"}
    answer = requests.get(f"{at_sandbox.url}/stripe/v1/refunds/re_none", headers=headers, timeout=20)
    assert answer.status_code == 404
    assert unlike(payload("stripe/error"), answer.json()) == []


def test_events_and_what_they_speak_of_have_our_payloads_shape(at_sandbox: Sandbox) -> None:
    order = _order()
    _paid(at_sandbox, order)
    intent = Payment.objects.get().payment_intent_id
    at_sandbox.post(f"/control/stripe/payment_intents/{intent}/fraud_warning")
    at_sandbox.post(f"/control/stripe/payment_intents/{intent}/dispute")
    events = _stripe(at_sandbox, "events?limit=100")["data"]
    assert unlike(payload("stripe/event"), *events, loose=("data.object",)) == []
    for name in ("stripe/dispute", "stripe/early_fraud_warning", "stripe/charge"):
        ours = payload(name)
        spoken_of = [row["data"]["object"] for row in events if row["data"]["object"]["object"] == ours["object"]]
        assert spoken_of, name
        assert unlike(ours, *spoken_of, loose=OWN) == [], name


def test_printifys_orders_and_their_list_have_our_payloads_shape(at_sandbox: Sandbox) -> None:
    order = _order()
    _paid(at_sandbox, order)
    job = _look(order)
    found = _printify(at_sandbox, f"orders/{job.printify_order_id}.json")
    assert unlike(payload("printify/order"), found, _finished(at_sandbox, order)) == []
    page = _printify(at_sandbox, "orders.json?limit=10&page=1")
    assert unlike(payload("printify/order_page"), page) == []


def _finished(sandbox: Sandbox, order: Order) -> Any:
    """The same order later: what is null in the beginning shows its kind then."""
    job = _look(order)
    for step in ("ship", "deliver"):
        sandbox.post(f"/control/printify/orders/{order.number}/{step}")
    return _printify(sandbox, f"orders/{job.printify_order_id}.json")


def test_printifys_prices_of_shipping_have_our_payloads_shape(at_sandbox: Sandbox) -> None:
    order = _order()
    line = order.lines.get()
    assert line.variant
    asked = {
        "line_items": [{"product_id": line.printify_product_id, "variant_id": line.printify_variant_id, "quantity": 1}],
        "address_to": {"country": "US"},
    }
    found = printify().http.write("POST", f"{printify().shop}/orders/shipping.json", asked)
    assert unlike({"standard": 475}, found) == []
    assert set(found) <= set(payload("printify/shipping"))


@pytest.mark.parametrize("name", ["refused_address", "refused_twice"])
def test_printifys_refusals_have_our_payloads_shape(at_sandbox: Sandbox, name: str) -> None:
    order = _order()
    _paid(at_sandbox, order)
    body = _look(order).request
    if name == "refused_address":
        body["address_to"]["zip"] = ""
        body["external_id"] += "-2"
    with pytest.raises(Refused) as refused:
        printify().http.write("POST", f"{printify().shop}/orders.json", body)
    ours = payload(f"printify/{name}")
    assert refused.value.code == str(ours["code"])
    assert unlike(ours, refused.value.body) == []
    if name == "refused_address":
        assert json.loads(str(refused.value.body["errors"]["reason"])), "JSON inside the string"  # type: ignore[index]  # a body is any JSON


# --- the whole path, over HTTP ----------------------------------------------------------------------------


def test_from_quote_to_delivered_parcel(at_sandbox: Sandbox) -> None:
    order = _order(quantity=2)
    line = order.lines.get()
    assert line.variant
    options = quote.options(carts.view(factories.cart(line.variant, quantity=2)), country="US", zip_code="60606")
    assert options[0].amount > 0
    row = _paid(at_sandbox, order)
    assert (order.state, row.state) == ("paid", "complete")
    payment = Payment.objects.get()
    assert (payment.captured, payment.currency, bool(payment.fee)) == (order.total, "USD", True)
    assert _look(order).state == "created"
    assert _look(order).state == "in_production"
    for step, state in (("ship", "shipped"), ("deliver", "delivered")):
        at_sandbox.post(f"/control/printify/orders/{order.number}/{step}")
        assert _look(order).state == state
    [shipment] = Fulfilment.objects.get().shipments.all()
    assert shipment.delivered_at


def test_our_sessions_are_taken_in_both_ways_and_found_again_by_their_key(at_sandbox: Sandbox, settings: Any) -> None:
    for ui_mode in ("hosted_page", "elements"):
        settings.STRIPE_UI_MODE = ui_mode
        order = _order()
        first = checkout.start(order)
        row = order.sessions.get()
        again = gateway.create_session(session_params.params(order, row), key=row.idempotency_key)
        assert again.id == row.stripe_session_id
        assert bool(again.client_secret) is (ui_mode == "elements")
        assert bool(first.url) is (ui_mode == "hosted_page")


def test_a_lost_answer_of_stripe_makes_no_second_session(at_sandbox: Sandbox) -> None:
    order = _order()
    fault = at_sandbox.arm("stripe.checkout.sessions.create", "accept_then_500", times=2)
    with pytest.raises(OutcomeUnknown):
        checkout.start(order)
    assert at_sandbox.fired(fault) >= 1
    at_sandbox.clear()
    checkout.start(order)
    made = [
        s
        for s in _stripe(at_sandbox, "checkout/sessions?limit=100")["data"]
        if s["client_reference_id"] == order.number
    ]
    assert [s["id"] for s in made] == [order.sessions.get().stripe_session_id]


def test_another_way_to_pay_closes_the_first_at_stripe(at_sandbox: Sandbox) -> None:
    cart = factories.cart()
    first, second = _order(cart=cart), _order(cart=cart)
    row = _started(first)
    checkout.supersede(second)
    assert _stripe(at_sandbox, f"checkout/sessions/{row.stripe_session_id}")["status"] == "expired"
    first.refresh_from_db()
    assert first.state == "expired"


def test_money_back_twice_under_one_key_goes_back_once(at_sandbox: Sandbox) -> None:
    order = _order()
    _paid(at_sandbox, order)
    payment = Payment.objects.get()
    wish = cancellation.request_refund(payment, 700, reason="requested_by_customer", requested_by="test")
    jobs.work_one(refunds.queue, wish.pk)
    Refund.objects.update(state="new", stripe_refund_id=None)  # as if the answer had been lost
    jobs.work_one(refunds.queue, wish.pk)
    wish.refresh_from_db()
    assert wish.state == "succeeded"
    assert [facts.key for facts in gateway.refunds_of(payment.payment_intent_id)] == [wish.idempotency_key]
