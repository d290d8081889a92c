"""Stripe Tax: asked for the place the parcel goes to, kept line by line, and given back with the line it was for."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from ilytat.integrations import jobs
from notifications.models import OutgoingEmail
from orders import allocation
from orders.models import Order
from payments import cancellation, checkout, gateway, ledger, refunds, session_params, settlement
from payments.models import Payment, Refund
from tests import factories
from tests.payloads import payload
from tests.payments.conftest import API, INTENT, SESSION, Till, form, opened, paid_session, refused, session_of, waiting
from tests.results import result_of
from tests.stand_in import Sandbox

pytestmark = pytest.mark.django_db
CUSTOMER = {"id": "cus_1", "object": "customer"}


@pytest.fixture
def taxed(settings: Settings) -> None:
    settings.STRIPE_AUTOMATIC_TAX = True


def _two_lines() -> Order:
    """A shirt and three mugs, 24.99 + 3 × 9.99 + 4.75."""
    order = waiting()
    factories.order_line(order, factories.variant(price=999), quantity=3)
    Order.objects.filter(pk=order.pk).update(subtotal=2499 + 2997, total=2499 + 2997 + 475)
    order.refresh_from_db()
    return order


def _line_items(order: Order, *taxes: int) -> dict[str, Any]:
    rows = [
        {"id": f"li_{line.pk}", "object": "item", "metadata": {"line": str(line.pk)}, "amount_tax": tax}
        for line, tax in zip(order.lines.all(), taxes, strict=True)
    ]
    return {"object": "list", "data": rows, "has_more": False, "url": f"/v1/checkout/sessions/{SESSION}/line_items"}


def _paid_with_tax(till: Till, order: Order, *taxes: int, delivery: int = 38) -> tuple[str, str]:
    """The result for a session of this order, paid with these taxes of its lines and that of its delivery."""
    opened(order)
    tax = sum(taxes) + delivery
    sums = {"amount_discount": order.discount, "amount_shipping": order.shipping, "amount_tax": tax}
    intent = payload("stripe/intent", id=INTENT, amount=order.total + tax)
    changes: dict[str, Any] = {"amount_total": order.total + tax, "total_details": sums, "payment_intent": intent}
    till.session(paid_session(order, line_items=_line_items(order, *taxes), **changes))
    return result_of(settlement.settle(gateway.session(SESSION), who="test"))


def test_prices_are_said_to_stand_without_tax() -> None:
    order = waiting()
    asked = session_params.params(order, opened(order))
    assert asked["line_items"][0]["price_data"]["tax_behavior"] == "exclusive"
    assert asked["shipping_options"][0]["shipping_rate_data"]["tax_behavior"] == "exclusive"
    assert asked["line_items"][0]["metadata"] == {"line": str(order.lines.get().pk)}


def test_stripe_is_told_where_the_parcel_goes(till: Till, taxed: None) -> None:
    order = waiting()
    till.mock.add("POST", f"{API}/customers", json=CUSTOMER)
    till.creates(session_of(order))
    checkout.start(order)
    [customer], [session] = till.asked("POST", "/customers"), till.asked("POST", "/checkout/sessions")
    assert form(customer)["shipping[address][postal_code]"] == "60606"
    assert customer.headers["Idempotency-Key"] == f"customer-{order.number}"
    said = form(session)
    assert (said["customer"], said["automatic_tax[enabled]"]) == ("cus_1", "true")
    assert "customer_email" not in said


def test_an_address_that_stripe_tax_does_not_know_is_asked_for_by_stripe(till: Till, taxed: None) -> None:
    order = waiting()
    till.mock.add("POST", f"{API}/customers", json=CUSTOMER)
    till.creates(**refused(400, code="customer_tax_location_invalid"))
    till.creates(session_of(order))
    checkout.start(order)
    first, second = till.asked("POST", "/checkout/sessions")
    assert (form(first)["customer"], form(second)["customer_email"]) == ("cus_1", order.email)
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"], "other words, another key"
    assert order.sessions.get().state == "open"


def test_without_stripe_tax_no_customer_is_made_and_the_dashboard_decides_nothing(till: Till) -> None:
    order = waiting()
    till.creates(session_of(order))
    checkout.start(order)
    said = form(till.asked("POST", "/checkout/sessions")[0])
    assert (said["automatic_tax[enabled]"], said["customer_email"]) == ("false", order.email)
    assert not till.asked("POST", "/customers")


def test_each_lines_tax_is_kept_and_the_total_is_one_everywhere(till: Till, taxed: None) -> None:
    order = _two_lines()
    assert _paid_with_tax(till, order, 200, 241)[0] == "handled"
    order.refresh_from_db()
    assert (order.tax, order.total, order.state) == (479, 5971 + 479, "paid")
    assert [line.tax for line in order.lines.all()] == [200, 241]
    assert Payment.objects.get().captured == order.total
    said = OutgoingEmail.objects.get(kind="order_confirmed").context["totals"]
    assert (said["tax"], said["total"]) == ("$4.79", "$64.50")


def test_tax_that_nobody_asked_for_is_a_difference(till: Till) -> None:
    order = _two_lines()
    assert _paid_with_tax(till, order, 200, 241)[0] == "attention"


def test_money_for_other_lines_is_a_difference(till: Till) -> None:
    order = waiting()
    opened(order)
    other = _line_items(factories.order(factories.variant()), 0)
    till.session(paid_session(order, line_items=other))
    result = settlement.settle(gateway.session(SESSION), who="test")
    assert result_of(result) == ("attention", "The payment is for other lines than were agreed.")


def test_the_lines_of_a_large_order_are_read_page_by_page(till: Till, taxed: None) -> None:
    order = _two_lines()
    [first, second] = _line_items(order, 200, 241)["data"]
    whole = f"/v1/checkout/sessions/{SESSION}/line_items"
    page = {"object": "list", "data": [first], "has_more": True, "url": whole}
    till.session(session_of(order, line_items=page))
    till.mock.add("GET", f"https://api.stripe.com{whole}", json=page | {"data": [second], "has_more": False})
    shirt, mugs = order.lines.all()
    assert gateway.session(SESSION).taxes == {shirt.pk: 200, mugs.pk: 241}


def _give(order: Order, chosen: dict[int, int]) -> Refund:
    amount = ledger.value(order, chosen)
    return cancellation.request_refund(
        Payment.objects.get(), amount, reason="duplicate", requested_by="staff", lines=chosen
    )


def test_a_line_goes_back_with_its_tax_and_all_lines_are_what_was_paid(till: Till, taxed: None) -> None:
    order = _two_lines()
    _paid_with_tax(till, order, 200, 241)
    order.refresh_from_db()
    shirt, mugs = order.lines.all()
    parts = [{shirt.pk: 1}, {mugs.pk: 1}, {mugs.pk: 1}, {mugs.pk: 1}, {allocation.DELIVERY: 1}]
    amounts = [_give(order, part).amount for part in parts]
    assert amounts == [2699, 1079, 1079, 1080, 513]
    assert sum(amounts) == Payment.objects.get().captured == Payment.objects.get().refund_reserved
    assert ledger.for_order(order).delivery == 0
    assert [row.left for row in ledger.for_order(order).lines] == [0, 0]


def test_tax_that_went_back_is_no_cost_of_ours(till: Till, taxed: None) -> None:
    order = _two_lines()
    _paid_with_tax(till, order, 200, 241)
    order.refresh_from_db()
    assert (ledger.margin_for_order(order).tax, ledger.margin_for_order(order).net) == (479, 5971)
    cancellation.request_refund(Payment.objects.get(), 6450, reason="duplicate", requested_by="staff")
    Refund.objects.update(state="succeeded")
    left = ledger.margin_for_order(order)
    assert (left.tax, left.amount) == (0, -left.stripe_fee - left.printify), "of the refund nothing is lost twice"


# --- all the way, at the sandbox -----------------------------------------------------------------------------


def _bought(sandbox: Sandbox, order: Order) -> tuple[str, Payment]:
    checkout.start(order)
    session_id = str(order.sessions.get().stripe_session_id)
    sandbox.post(f"/control/stripe/sessions/{session_id}/pay")
    checkout.refresh_open_sessions(silent_for_minutes=0)
    order.refresh_from_db()
    return session_id, Payment.objects.get(order=order)


def test_from_the_address_to_the_last_cent_given_back(at_sandbox: Sandbox, taxed: None) -> None:
    order = _two_lines()
    goods, agreed = order.subtotal, order.total
    asked = checkout.start(order)
    known = gateway.session(str(order.sessions.get().stripe_session_id))
    assert known.total > agreed, "the tax is told before anything is paid"
    assert asked.url
    session_id, payment = _bought(at_sandbox, order)
    found = gateway.session(session_id)
    assert (order.subtotal, order.shipping, order.tax, order.total) == (goods, 475, found.tax, found.total)
    assert found.total == known.total == payment.captured
    assert {line.pk: line.tax for line in order.lines.all()} == found.taxes
    assert sum(found.taxes.values()) < order.tax, "the delivery is taxed too"
    shirt, mugs = order.lines.all()
    for part in ({mugs.pk: 2}, {shirt.pk: 1}, {allocation.DELIVERY: 1}, {mugs.pk: 1}):
        jobs.work_one(refunds.queue, _give(order, part).pk)
    assert set(Refund.objects.values_list("state", flat=True)) == {"succeeded"}
    assert gateway.session(session_id).refunded == payment.captured
    order.refresh_from_db()
    assert order.state == "canceled", "nothing was printed yet, and all of it is back"


def test_a_discount_and_its_tax_add_up_at_the_sandbox(at_sandbox: Sandbox, taxed: None) -> None:
    order = _two_lines()
    Order.objects.filter(pk=order.pk).update(discount=777, total=order.total - 777)
    order.refresh_from_db()
    _, payment = _bought(at_sandbox, order)
    assert (order.state, payment.captured) == ("paid", order.total)
    assert sum(allocation.of_lines(order).values()) + allocation.of_delivery(order) == order.total


def test_a_place_no_tax_is_known_of_is_paid_for_all_the_same(at_sandbox: Sandbox, taxed: None) -> None:
    order = _two_lines()
    Order.objects.filter(pk=order.pk).update(zip="00000")
    order.refresh_from_db()
    _, payment = _bought(at_sandbox, order)
    assert (order.state, payment.captured) == ("paid", order.total)
    assert order.tax > 0, "of the place that the card's owner named on Stripe's page"
