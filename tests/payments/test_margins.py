"""What an order earns: the floor before it is sold, the truth after; whole minor units (E7, F1)."""

from typing import Any

import pytest
from django.test import Client, override_settings
from pytest_django.fixtures import Settings

from catalog.models import Variant
from ilytat.integrations.models import Alert
from orders import claims, lifecycle
from orders.models import Cart, Fulfilment, Order
from payments import cancellation, checkout, coupons, ledger
from payments.models import CheckoutSession, Coupon, Dispute, Payment, PrintifyCredit, Refund
from tests import factories
from tests.pages import text
from tests.payments.conftest import Till, pay

pytestmark = pytest.mark.django_db


def _order(price: int = 2499, cost: int = 1100, **given: Any) -> Order:
    return factories.order(factories.variant(price=price, cost=cost), **given)


def _paid(order: Order, *, fee: int | None = 116, **given: Any) -> Payment:
    lifecycle.mark_paid(order, who="test")
    return Payment.objects.create(
        order=order, payment_intent_id=f"pi_{order.number}", captured=order.total, currency="USD", fee=fee, **given
    )


# --- the floor -----------------------------------------------------------------------------------------------


def test_the_expected_margin_is_what_it_brings_less_costs_and_the_fee() -> None:
    """29.74 less 11.00 and 4.75 for delivery, less 2.9 % and 0.30."""
    assert ledger.expected(_order()) == 2974 - 1100 - 475 - 86 - 30


@pytest.mark.parametrize(
    ("cost", "percent", "sold"),
    [(1100, 0, True), (2383, 0, True), (2384, 0, False), (1100, 51, True), (1100, 52, False), (1884, 19.9, True)],
)
def test_below_the_floor_nothing_is_sold_and_staff_are_told(
    settings: Settings, cost: int, percent: float, *, sold: bool
) -> None:
    settings.MARGIN_FLOOR_PERCENT = percent
    order = _order(cost=cost)
    if sold:
        ledger.check(order)
    else:
        with pytest.raises(ledger.MarginTooLow):
            ledger.check(order)
    assert Alert.objects.exists() is not sold


def test_costs_that_printify_did_not_tell_are_no_reason_to_refuse() -> None:
    ledger.check(_order(price=1, cost=0))


def _with_code(order: Order, percent: int, *, shipping: int | None = None, **given: Any) -> Order:
    """The order with a code that takes so much off, and delivery that costs 4.75 whatever the buyer pays for it."""
    order.discount = order.subtotal * percent // 100
    order.quote = {"parcels": [[99, order.shipping]]}
    order.shipping = order.shipping if shipping is None else shipping
    order.total = order.subtotal - order.discount + order.shipping
    order.save()
    code, _made = Coupon.objects.get_or_create(code="SPRING", defaults={"value": percent, "per_customer": 0} | given)
    coupons.redeem(order, code)
    return order


def _refusal(order: Order) -> ledger.MarginTooLow:
    with pytest.raises(ledger.MarginTooLow) as refusal:
        ledger.check(order)
    return refusal.value


def test_a_code_that_takes_a_hoodie_below_its_cost_is_refused_and_named() -> None:
    order = _with_code(_order(price=4188, cost=2305, shipping=729), 90)
    assert order.total == 1148
    assert _refusal(order).code == "SPRING"
    assert Alert.objects.get().key == "margin-code:SPRING"


@pytest.mark.parametrize(("percent", "sold"), [(50, True), (51, False)])
def test_the_floor_is_of_what_the_buyer_pays_after_the_discount(*, percent: int, sold: bool) -> None:
    """12.50 + 4.75 less 11.00, 4.75 and 0.80 is 0.70; with one percent more off, 0.46: less than 4 % of 12.25."""
    order = _with_code(_order(), percent)
    with override_settings(MARGIN_FLOOR_PERCENT=4):
        if sold:
            ledger.check(order)
        else:
            _refusal(order)


def test_delivery_that_a_code_gives_away_counts_as_a_cost() -> None:
    ledger.check(_with_code(_order(cost=2000), 0))
    assert _refusal(_with_code(_order(cost=2000), 0, shipping=0)).code == "SPRING"


@pytest.mark.parametrize("cost", [1100, 0])
def test_a_free_order_is_refused_unless_the_owner_lets_the_code_lose_money(cost: int) -> None:
    order = _with_code(_order(cost=cost), 100, shipping=0)
    assert (order.total, _refusal(order).code) == (0, "SPRING")
    Coupon.objects.update(may_lose_money=True)
    ledger.check(order)


def test_a_price_below_cost_is_refused_whatever_a_code_allows() -> None:
    assert _refusal(_with_code(_order(cost=2600), 10, may_lose_money=True)).code == ""


def test_a_code_that_was_swapped_for_another_allows_nothing_any_more() -> None:
    order = _with_code(_order(cost=2000), 50, may_lose_money=True)
    ledger.check(order)
    coupons.redeem(order, Coupon.objects.create(code="SUMMER", value=50))
    assert _refusal(order).code == "SUMMER"


def test_one_too_cheap_product_in_five_carts_makes_one_alert() -> None:
    cheap = factories.variant(price=1000, cost=2600)
    for _cart in range(5):
        _refusal(factories.order(cheap, factories.variant()))
    alert = Alert.objects.get()
    assert (alert.key, alert.count) == (f"margin:{cheap.product.printify_id}", 5)
    assert cheap.product.title in alert.message


def test_one_code_that_loses_money_in_five_carts_makes_one_alert() -> None:
    for _cart in range(5):
        _refusal(_with_code(_order(), 90))
    assert (Alert.objects.get().key, Alert.objects.get().count) == ("margin-code:SPRING", 5)


def test_no_page_of_stripes_is_opened_for_a_loss(till: Till) -> None:
    with pytest.raises(ledger.MarginTooLow):
        checkout.start(_order(cost=2400))
    assert not till.mock.calls
    assert not CheckoutSession.objects.exists()


def test_the_buyer_is_told_kindly(client: Client, cart: Cart, till: Till) -> None:
    Variant.objects.update(cost=2450)
    answer = pay(client)
    assert answer.status_code == 409
    assert "Nothing was charged" in text(answer)


# --- the truth ------------------------------------------------------------------------------------------------


def test_until_printify_says_its_charge_our_costs_stand_for_it() -> None:
    order = _order()
    _paid(order)
    found = ledger.margin_for_order(order)
    assert (found.received, found.stripe_fee, found.printify, found.estimated) == (2974, 116, 1575, True)
    Fulfilment.objects.update(upstream_cost=1490)
    found = ledger.margin_for_order(order)
    assert (found.printify, found.amount, found.percent, found.estimated) == (1490, 1368, 45, False)


def test_a_fee_that_is_not_known_makes_it_an_estimate() -> None:
    order = _order()
    _paid(order, fee=None)
    Fulfilment.objects.update(upstream_cost=1490)
    assert (ledger.margin_for_order(order).stripe_fee, ledger.margin_for_order(order).estimated) == (0, True)


@pytest.mark.parametrize("state", ["canceling", "canceled"])
def test_what_was_called_off_in_time_costs_nothing_at_printify(state: str) -> None:
    order = _order()
    _paid(order)
    Fulfilment.objects.update(state=state, upstream_cost=1490)
    assert ledger.margin_for_order(order).printify == 0


def test_printing_again_is_a_cost_of_the_first_order() -> None:
    order = _order()
    _paid(order)
    Fulfilment.objects.update(upstream_cost=1490)
    again = claims.make(order, order.lines.all(), who="staff")
    assert (ledger.margin_for_order(order).reprints, ledger.margin_for_order(order).estimated) == (1100, True)
    Fulfilment.objects.filter(order=again).update(upstream_cost=1585)
    found = ledger.margin_for_order(order)
    assert (found.reprints, found.amount, found.loss) == (1585, -217, 217)


def test_a_reprint_of_a_reprint_is_a_cost_of_the_first_order() -> None:
    order = _order()
    _paid(order)
    again = claims.make(order, order.lines.all(), who="staff")
    last = claims.make(again, again.lines.all(), who="staff")
    Fulfilment.objects.update(upstream_cost=1000)
    PrintifyCredit.objects.create(order=last, amount=300, currency="USD", reference="PR-1", form_token="t1")
    found = ledger.margin_for_order(order)
    assert (found.printify, found.reprints, found.credits, found.estimated) == (1000, 2000, 300, False)


def test_a_surplus_counts_with_what_it_brought_gave_back_and_cost() -> None:
    order = _order()
    _paid(order)
    Fulfilment.objects.update(upstream_cost=1490)
    twice = Payment.objects.create(
        order=order, payment_intent_id="pi_twice", captured=2974, currency="USD", fee=116, applied=False
    )
    cancellation.request_refund(twice, 2974, reason="duplicate", requested_by="test")
    Refund.objects.update(state="succeeded")
    assert ledger.margin_for_order(order).amount == 1368 - 116, "Stripe keeps its fee"


def test_what_banks_took_counts_until_they_give_it_back() -> None:
    order = _order()
    payment = _paid(order)
    dispute = Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="lost", amount=2974, net=-4474)
    assert ledger.margin_for_order(order).disputes == 4474
    Dispute.objects.filter(pk=dispute.pk).update(net=-1500)
    assert ledger.margin_for_order(order).disputes == 1500


def test_an_order_that_was_not_paid_earns_and_costs_nothing_but_its_estimate() -> None:
    found = ledger.margin_for_order(_order())
    assert (found.received, found.tax, found.printify, found.percent) == (0, 0, 0, None)
