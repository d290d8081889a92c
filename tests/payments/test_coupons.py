"""Promotion codes: what they take off, once an order, never stacked, not guessed (A16, F4, H14, H16)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from ilytat.accounts.models import User
from orders import changes
from orders.models import Fulfilment, Order
from payments import cancellation, checkout, coupons, gateway, refunds, session_params, settlement
from payments.models import Coupon, CouponUse, Payment
from payments.stripe_objects import RefundFacts
from tests import factories
from tests.payments.conftest import (
    API,
    INTENT,
    SESSION,
    Till,
    expired_session,
    form,
    opened,
    paid_session,
    printing_began,
    refused,
    session_of,
)
from tests.racing import overtake, race

pytestmark = pytest.mark.django_db


def _coupon(**given: Any) -> Coupon:
    return Coupon.objects.create(**{"code": "spring", "value": 20} | given)


def _order(discount: int, **given: Any) -> Order:
    values: dict[str, Any] = {"subtotal": 2499, "shipping": 475, "total": 2499 + 475 - discount, "discount": discount}
    return factories.order(factories.variant(), **values | given)


@pytest.mark.parametrize(
    ("kind", "value", "off"),
    [("percent", 20, 500), ("percent", 100, 2499), ("percent", 1, 25), ("amount", 700, 700), ("amount", 9999, 2499)],
)
def test_it_takes_whole_units_off_and_never_more_than_the_goods(kind: str, value: int, off: int) -> None:
    _coupon(kind=kind, value=value)
    assert coupons.offer(" Spring ", 2499, "USD").discount == off


@pytest.mark.parametrize(
    "given",
    [
        {"active": False},
        {"ends_at": timezone.now() - timedelta(days=1)},
        {"starts_at": timezone.now() + timedelta(days=1)},
        {"max_uses": 1, "used": 1},
        {"min_subtotal": 2500},
        {"code": "other"},
    ],
)
def test_what_does_not_count_takes_nothing_off(given: dict[str, Any]) -> None:
    _coupon(**given)
    with pytest.raises(coupons.NotValid):
        coupons.offer("SPRING", 2499, "USD")


@pytest.mark.parametrize("code", ["", "\0", "' or 1=1", "S" * 500])
def test_nonsense_is_no_code(code: str) -> None:
    with pytest.raises(coupons.NotValid):
        coupons.offer(code, 2499, "USD")


def test_guessing_is_slowed_down_for_right_codes_as_well() -> None:
    _coupon()
    request = RequestFactory().post("/checkout/")
    request.session = {}  # type: ignore[assignment]  # as much of a session as is asked for
    for _ in range(10):
        with pytest.raises(coupons.NotValid):
            coupons.typed(request, "WRONG", 2499, "USD")
    with pytest.raises(coupons.NotValid, match="Too many"):
        coupons.typed(request, "SPRING", 2499, "USD")


def test_one_use_an_order_however_often_it_is_placed() -> None:
    coupon, order = _coupon(), _order(500)
    for _ in range(2):
        coupons.redeem(order, coupon)
    coupon.refresh_from_db()
    assert (coupon.used, CouponUse.objects.count()) == (1, 1)


def test_a_customer_uses_it_once_and_another_may() -> None:
    coupon = _coupon()
    coupons.redeem(_order(500), coupon)
    with pytest.raises(coupons.NotValid):
        coupons.redeem(_order(500, email="ANA@example.com"), coupon)
    coupons.redeem(_order(500, email="eve@example.com"), coupon)


def test_the_same_cart_ordered_anew_keeps_its_one_use() -> None:
    coupon, cart = _coupon(max_uses=1), factories.cart()
    first, second = _order(500, cart=cart), _order(500, cart=cart)
    coupons.redeem(first, coupon)
    coupons.redeem(second, coupon)
    assert CouponUse.objects.get(released_at=None).order == second


@pytest.mark.django_db(transaction=True)
def test_the_last_use_goes_to_one_of_many() -> None:
    coupon = _coupon(max_uses=1)
    orders = [_order(500, email=f"{n}@example.com") for n in range(4)]

    def use() -> bool:
        try:
            coupons.redeem(orders.pop(), coupon)
        except coupons.NotValid:
            return False
        return True

    assert sorted(race(4, use)) == [False, False, False, True]


def _uses(*codes: Coupon) -> list[int]:
    return [Coupon.objects.get(pk=code.pk).used for code in codes]


def test_swapping_to_another_code_releases_the_first() -> None:
    spring, summer, order = _coupon(), _coupon(code="summer"), _order(500)
    for code, used in [(spring, [1, 0]), (summer, [0, 1]), (spring, [1, 0])]:
        coupons.redeem(order, code)
        assert _uses(spring, summer) == used
        assert CouponUse.objects.get(released_at=None).coupon == code


def test_a_swap_to_a_code_that_is_used_up_leaves_the_first_as_it_was() -> None:
    spring, summer, order = _coupon(), _coupon(code="summer", max_uses=1, used=1), _order(500)
    coupons.redeem(order, spring)
    with pytest.raises(coupons.NotValid):
        coupons.redeem(order, summer)
    assert _uses(spring, summer) == [1, 1]
    assert CouponUse.objects.get(released_at=None).coupon == spring


def test_paying_counts_only_the_last_of_two_swapped_codes() -> None:
    spring, summer, order = _coupon(), _coupon(code="summer"), _order(500)
    coupons.redeem(order, spring)
    coupons.redeem(order, summer)
    coupons.keep(order)
    assert _uses(spring, summer) == [0, 1]
    coupons.release(order)  # it expired, and is paid after all
    coupons.keep(order)
    assert _uses(spring, summer) == [0, 1]


def test_back_and_pay_again_with_another_code_changes_nothing_of_a_paid_order() -> None:
    spring, summer, order = _coupon(), _coupon(code="summer"), _order(500)
    coupons.redeem(order, spring)
    Order.objects.update(state="paid")
    coupons.redeem(order, summer)
    assert _uses(spring, summer) == [1, 0]


def test_of_two_tabs_the_one_that_is_paid_has_the_last_use() -> None:
    coupon, cart = _coupon(max_uses=1), factories.cart()
    paid, other = _order(500, cart=cart), _order(500, cart=cart)
    coupons.redeem(paid, coupon)
    coupons.redeem(other, coupon)
    coupons.keep(paid)
    assert CouponUse.objects.get(released_at=None).order == paid
    assert _uses(coupon) == [1]


@pytest.mark.django_db(transaction=True)
def test_two_swaps_of_one_order_at_once_leave_one_code_used() -> None:
    first, others = _coupon(), [_coupon(code="summer"), _coupon(code="winter")]
    order = _order(500)
    coupons.redeem(order, first)
    waiting = list(others)
    race(2, lambda: coupons.redeem(order, waiting.pop()))
    assert CouponUse.objects.filter(released_at=None).count() == 1
    assert sorted(_uses(first, *others)) == [0, 0, 1]


@pytest.mark.django_db(transaction=True)
@pytest.mark.needs("postgresql")
def test_two_orders_that_exchange_their_codes_at_once_never_deadlock() -> None:
    """Each releases the code that the other takes: both lock the two codes, and in the same sequence."""
    spring, summer = _coupon(per_customer=0), _coupon(code="summer", per_customer=0)
    one, other = _order(500), _order(500)
    swaps: list[tuple[Order, Coupon]] = []

    def swap() -> None:
        coupons.redeem(*swaps.pop())

    for first, second in [(spring, summer), (summer, spring)] * 10:
        coupons.redeem(one, first)
        coupons.redeem(other, second)
        swaps += [(one, second), (other, first)]
        race(2, swap)
        assert _uses(spring, summer) == [1, 1]


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("ana+2@example.com", True),
        ("Ana+Two+More@Example.com", True),
        ("an.a@example.com", False),
        ("ana@example.org", False),
        ("anaa@example.com", False),
        ("+ana@example.com", False),
    ],
)
def test_addresses_of_one_mailbox_are_one_customer(address: str, *, same: bool) -> None:
    coupon = _coupon()
    coupons.redeem(_order(500, email="ana+1@example.com"), coupon)
    refused_it = False
    try:
        coupons.redeem(_order(500, email=address), coupon)
    except coupons.NotValid:
        refused_it = True
    assert refused_it is same


def test_an_account_is_one_customer_whatever_address_it_orders_with() -> None:
    coupon, user = _coupon(), User.objects.create_user("ana@example.com")
    coupons.redeem(_order(500, user=user), coupon)
    with pytest.raises(coupons.NotValid):
        coupons.redeem(_order(500, user=user, email="bo@example.com"), coupon)
    with pytest.raises(coupons.NotValid):
        coupons.redeem(_order(500, email="ana+guest@example.com"), coupon)
    coupons.redeem(_order(500, email="bo@example.com"), coupon)


def test_of_the_address_itself_the_key_of_a_customer_tells_nothing() -> None:
    coupons.redeem(_order(500), _coupon())
    use = CouponUse.objects.get()
    assert (use.email, "ana" in use.customer_key) == ("ana@example.com", False)


def test_an_order_that_comes_to_nothing_gives_its_use_back_and_takes_it_again_when_paid_late(till: Till) -> None:
    coupon, order = _coupon(max_uses=1), _order(500)
    coupons.redeem(order, coupon)
    opened(order)
    sums: dict[str, Any] = {"total_details": {"amount_discount": 500, "amount_shipping": 475, "amount_tax": 0}}
    till.session(expired_session(order, **sums))
    settlement.settle(gateway.session("cs_test_b1ownSession000000000001"), who="test")
    coupon.refresh_from_db()
    assert coupon.used == 0
    till.session(paid_session(order, **sums))
    assert settlement.settle(gateway.session("cs_test_b1ownSession000000000001"), who="test").outcome == "handled"
    coupon.refresh_from_db()
    assert (coupon.used, Payment.objects.get().captured) == (1, order.total)


def test_stripe_is_told_exactly_our_discount(till: Till) -> None:
    order = _order(500)
    till.mock.add("POST", f"{API}/coupons", json={"id": session_params.coupon_name(order), "object": "coupon"})
    till.creates(session_of(order))
    checkout.start(order)
    made = form(till.asked("POST", "/coupons")[0])
    assert (made["amount_off"], made["currency"], made["duration"]) == ("500", "usd", "once")
    [call] = till.asked("POST", "/checkout/sessions")
    assert form(call)["discounts[0][coupon]"] == made["id"] == session_params.coupon_name(order)


@pytest.mark.parametrize(
    ("total", "discount", "good"), [(0, 2974, True), (0, 0, False), (49, 100, False), (50, 0, True)]
)
def test_nothing_is_to_pay_only_by_a_discount(total: int, discount: int, *, good: bool) -> None:
    assert session_params.chargeable(total, "USD", discount=discount) is good


def test_free_delivery_makes_the_cheapest_way_free() -> None:
    from orders.quote import ShippingOption

    day = timezone.now().date()
    ways = [ShippingOption("standard", 475, day, day), ShippingOption("priority", 900, day, day)]
    found = coupons.Offer(_coupon(free_shipping=True), 0).ways(ways)
    assert [way.amount for way in found] == [0, 425]


def _used(order: Order) -> Coupon:
    coupon = _coupon(max_uses=1)
    coupons.redeem(order, coupon)
    return coupon


def _free(coupon: Coupon) -> bool:
    coupon.refresh_from_db()
    return coupon.used == 0 and not CouponUse.objects.filter(released_at=None).exists()


def test_a_forgotten_order_gives_its_use_back() -> None:
    order = _order(500, placed_at=timezone.now() - timedelta(days=1))
    coupon = _used(order)
    assert checkout.expire_forgotten_orders() == 1
    assert _free(coupon)


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_an_order_whose_buyer_opens_a_payment_page_while_it_is_to_expire_keeps_its_code() -> None:
    order = _order(500, placed_at=timezone.now() - timedelta(days=1))
    coupon = _used(order)
    has_waited, expired = overtake(lambda: checkout.claim_attempt(order), checkout.expire_forgotten_orders)
    order.refresh_from_db()
    assert (has_waited, expired, order.state) == (True, 0, "awaiting_payment")
    assert not _free(coupon)


def test_an_attempt_that_never_was_gives_its_use_back(till: Till) -> None:
    order = _order(500)
    coupon = _used(order)
    row = opened(order, stripe_session_id=None, state="creating")
    till.mock.add("POST", f"{API}/coupons", json={"id": "order-1", "object": "coupon"})
    till.creates(**refused(400))
    checkout.close(row)
    assert _free(coupon)


def _paid(till: Till) -> tuple[Coupon, Order]:
    order = _order(500)
    coupon = _used(order)
    opened(order)
    sums = {"amount_discount": 500, "amount_shipping": 475, "amount_tax": 0}
    till.session(paid_session(order, total_details=sums))
    assert settlement.settle(gateway.session(SESSION), who="test").outcome == "handled"
    order.refresh_from_db()
    return coupon, order


def _by_staff(order: Order) -> None:
    assert cancellation.cancel(order, by="shop", who="staff", why="sold out")


def _by_the_buyer(order: Order) -> None:
    changes.cancel(order)


def _in_the_dashboard(_order: Order) -> None:
    facts = RefundFacts("re_1", "succeeded", 2474, INTENT)
    assert refunds.apply(facts).outcome == "handled"


@pytest.mark.parametrize("cancel", [_by_staff, _by_the_buyer, _in_the_dashboard])
def test_a_canceled_order_gives_its_use_back_whoever_cancels(till: Till, cancel: Callable[[Order], None]) -> None:
    coupon, order = _paid(till)
    assert not _free(coupon)
    with transaction.atomic():
        cancel(order)
    order.refresh_from_db()
    assert order.state == "canceled"
    assert _free(coupon)


def test_a_refund_of_what_is_printed_keeps_the_use(till: Till) -> None:
    coupon, order = _paid(till)
    printing_began(Fulfilment.objects.get(order=order))
    _in_the_dashboard(order)
    order.refresh_from_db()
    assert order.state == "refunded"
    assert not _free(coupon), "the thing was sold at that price"
