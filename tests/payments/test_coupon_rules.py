"""A code's bounds, one by one: from when until when, from what sum on, how often and by whom (A16, F4)."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders.models import Order
from orders.quote import ShippingOption
from payments import coupons
from payments.models import Coupon, CouponUse
from tests import factories

pytestmark = pytest.mark.django_db


def _coupon(**given: Any) -> Coupon:
    return Coupon.objects.create(**{"code": "spring", "value": 20} | given)


def _counts(subtotal: int = 2499) -> bool:
    try:
        coupons.offer("spring", subtotal, "USD")
    except coupons.NotValid:
        return False
    return True


def _hours(count: int) -> Any:
    return timezone.now() + timedelta(hours=count)


def _order(**given: Any) -> Order:
    return factories.order(factories.variant(), **given)


def _redeemed(coupon: Coupon, order: Order) -> int:
    coupons.redeem(order, coupon)
    coupon.refresh_from_db()
    return coupon.used


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ({}, True),
        ({"starts_at": 1}, False),
        ({"starts_at": -1}, True),
        ({"ends_at": -1}, False),
        ({"ends_at": 1}, True),
        ({"active": False}, False),
        ({"max_uses": 2, "used": 1}, True),
        ({"max_uses": 2, "used": 2}, False),
        ({"max_uses": None, "used": 99}, True),
    ],
)
def test_when_and_how_often_a_code_counts(given: dict[str, Any], *, counts: bool) -> None:
    _coupon(**{name: _hours(value) if name.endswith("_at") else value for name, value in given.items()})
    assert _counts() is counts


@pytest.mark.parametrize(("subtotal", "counts"), [(2999, False), (3000, True), (3001, True)])
def test_the_least_sum_is_enough(subtotal: int, *, counts: bool) -> None:
    _coupon(min_subtotal=3000)
    assert _counts(subtotal) is counts


@pytest.mark.parametrize(("subtotal", "off"), [(249, 25), (250, 25), (255, 26), (254, 25), (0, 0)])
def test_half_a_unit_goes_to_the_buyer(subtotal: int, off: int) -> None:
    _coupon(kind="percent", value=10)
    assert coupons.offer("spring", subtotal, "USD").discount == off


@pytest.mark.parametrize(("free", "amounts"), [(True, [0, 76]), (False, [399, 475])])
def test_only_a_code_for_delivery_touches_delivery(*, free: bool, amounts: list[int]) -> None:
    days = date(2026, 12, 1), date(2026, 12, 4)
    ways = [ShippingOption("economy", 399, *days), ShippingOption("standard", 475, *days)]
    offer = coupons.Offer(_coupon(free_shipping=free), 0)
    assert [way.amount for way in offer.ways(ways)] == amounts
    assert offer.ways([]) == []


def test_the_same_order_takes_one_use_however_often_it_is_placed() -> None:
    coupon, order = _coupon(), _order()
    assert [_redeemed(coupon, order) for _ in range(2)] == [1, 1]


def test_a_use_given_back_may_be_taken_once_more_by_the_same_order() -> None:
    coupon, order = _coupon(per_customer=1), _order()
    _redeemed(coupon, order)
    coupons.release(order)
    assert _redeemed(coupon, order) == 1
    assert CouponUse.objects.get().released_at is None


def test_of_two_codes_each_has_its_own_use() -> None:
    one, other = _coupon(), _coupon(code="summer")
    order = _order()
    assert (_redeemed(one, order), _redeemed(other, _order())) == (1, 1)


def test_the_limit_of_a_customer_is_of_one_code_and_one_address() -> None:
    one, other = _coupon(per_customer=1), _coupon(code="summer", per_customer=1)
    assert _redeemed(one, _order()) == 1
    assert _redeemed(other, _order()) == 1
    assert _redeemed(one, _order(email="bo@example.com")) == 2
    with pytest.raises(coupons.NotValid):
        coupons.redeem(_order(email="ANA@example.com"), one)


def test_without_a_limit_a_customer_comes_again() -> None:
    coupon = _coupon(per_customer=0)
    assert [_redeemed(coupon, _order()) for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("same_cart", "state", "gives_way"),
    [(True, "awaiting_payment", True), (True, "paid", False), (False, "awaiting_payment", False)],
)
def test_only_an_unpaid_try_of_the_same_cart_gives_way(*, same_cart: bool, state: str, gives_way: bool) -> None:
    coupon, cart = _coupon(per_customer=0), factories.cart(factories.variant())
    tries = [_order(cart=cart if same_cart else factories.cart()) for _ in range(2)]
    for earlier in tries:
        CouponUse.objects.create(coupon=coupon, order=earlier, email=earlier.email, amount=1)
    Order.objects.update(state=state)
    Coupon.objects.update(used=2)
    assert _redeemed(coupon, _order(cart=cart)) == (1 if gives_way else 3)


def test_giving_way_leaves_the_use_of_another_code_alone() -> None:
    coupon, other, cart = _coupon(), _coupon(code="summer", used=1), factories.cart(factories.variant())
    earlier = _order(cart=cart)
    CouponUse.objects.create(coupon=other, order=earlier, email=earlier.email, amount=1)
    _redeemed(coupon, _order(cart=cart))
    other.refresh_from_db()
    assert other.used == 1
