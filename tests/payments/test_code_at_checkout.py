"""A code typed at checkout, and what may change between the last look and the press that pays (E1, F4, H14)."""

from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from catalog import availability
from ilytat.integrations.models import Alert
from orders.models import Cart, Order
from orders.quote_renewal import DeliveryChanged
from payments import checkout_page, coupons, ledger
from payments.models import Coupon, CouponUse
from tests import factories
from tests.orders.conftest import SHOP, Upstream
from tests.pages import holding, source, text
from tests.payloads import payload
from tests.payments.conftest import CREATE, Till, pay

pytestmark = pytest.mark.django_db


def _code(**given: Any) -> Coupon:
    return Coupon.objects.create(**{"code": "spring", "value": 20} | given)


def test_a_typed_code_is_taken_off_and_kept_for_the_press_that_pays(client: Client, cart: Cart, till: Till) -> None:
    coupon = _code()
    till.mock.add("POST", "https://api.stripe.com/v1/coupons", json={"id": "order-1", "object": "coupon"})
    answer = pay(client, action="code", code=" Spring ")
    assert (answer.status_code, client.session["coupon"]) == (200, "SPRING")
    assert "$44.73" in text(answer), "49.98 less a fifth, and 4.75 for its way"
    assert not Order.objects.exists(), "a code asks for a new total, not for money"
    assert pay(client).status_code == 303
    order = Order.objects.get()
    assert (order.discount, order.total) == (1000, 4473)
    assert CouponUse.objects.get().coupon == coupon


def test_a_code_taken_away_is_forgotten(client: Client, cart: Cart) -> None:
    _code()
    pay(client, action="code", code="spring")
    assert "$54.73" in text(pay(client, action="no_code", code="spring"))
    assert "coupon" not in client.session


def test_a_wrong_code_says_so_and_keeps_what_was_typed(client: Client, cart: Cart) -> None:
    answer = pay(client, action="code", code="nonsense")
    assert "This code is not valid." in text(answer)
    assert 'value="ana@example.com"' in source(answer)
    assert "coupon" not in client.session


def test_asking_for_delivery_types_no_code(client: Client, cart: Cart) -> None:
    _code()
    pay(client, action="quote", code="spring")
    assert "coupon" not in client.session


def test_a_code_that_ended_meanwhile_takes_nothing_off_and_breaks_no_page(client: Client, cart: Cart) -> None:
    _code()
    pay(client, action="code", code="spring")
    Coupon.objects.update(active=False)
    answer = pay(client, action="quote")
    assert (answer.status_code, "$54.73" in text(answer)) == (200, True)


def test_a_code_used_up_in_the_last_moment_places_no_order_and_says_why(
    client: Client, cart: Cart, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    coupon = _code(max_uses=1)
    pay(client, action="code", code="spring")
    redeem = coupons.redeem

    def used_up_just_before(order: Order, of: Coupon) -> None:
        Coupon.objects.filter(pk=coupon.pk).update(used=1)
        redeem(order, of)

    monkeypatch.setattr(coupons, "redeem", used_up_just_before)
    answer = pay(client)
    assert answer.status_code == 200
    assert text(answer).count("This code has been used up.") >= 1
    assert "$54.73" in text(answer), "the total without it is shown, for another press"
    assert "coupon" not in client.session
    assert (Order.objects.count(), len(till.asked("POST", CREATE))) == (0, 0)


def test_delivery_that_changes_in_the_last_moment_is_asked_about(
    client: Client, cart: Cart, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(_order: Order) -> str:
        raise DeliveryChanged(6000)

    monkeypatch.setattr(checkout_page, "pay_url", changed)
    answer = pay(client)
    assert answer.status_code == 200
    assert "The price of delivery has just changed." in text(answer)
    assert "Standard delivery" in text(answer)


def test_what_would_be_sold_at_a_loss_is_refused_in_words(client: Client, cart: Cart, settings: Settings) -> None:
    settings.MARGIN_FLOOR_PERCENT = 99
    answer = pay(client)
    assert answer.status_code == 409
    assert "This cannot be ordered right now" in text(answer)
    assert Alert.objects.filter(closed_at=None).exists()


def test_a_code_that_would_lose_money_is_refused_in_words_and_the_buyer_goes_on_without(
    client: Client, cart: Cart, till: Till
) -> None:
    _code(value=90)
    pay(client, action="code", code="spring")
    answer = pay(client)
    assert "The code SPRING can't be used for this order, so we removed it." in text(answer)
    assert "$54.73" in text(answer), "the total without it"
    assert (Order.objects.count(), CouponUse.objects.count(), Coupon.objects.get().used) == (0, 0, 0)
    assert not till.asked("POST", CREATE), "Stripe was not asked"
    assert Alert.objects.get(closed_at=None).key == "margin-code:SPRING"
    assert pay(client).status_code == 303
    assert Order.objects.get().total == 5473


def test_a_code_that_may_lose_money_is_taken_to_stripe(client: Client, cart: Cart, till: Till) -> None:
    _code(value=90, may_lose_money=True)
    till.mock.add("POST", "https://api.stripe.com/v1/coupons", json={"id": "order-1", "object": "coupon"})
    pay(client, action="code", code="spring")
    assert pay(client).status_code == 303
    assert Order.objects.get().total == 500 + 475


@pytest.mark.parametrize(("extra", "before_charge"), [({}, True), ({"action": "quote"}, False)])
def test_only_a_press_that_pays_reads_all_anew(
    client: Client, cart: Cart, monkeypatch: pytest.MonkeyPatch, extra: dict[str, str], *, before_charge: bool
) -> None:
    asked: list[tuple[list[int], bool]] = []

    def fresh(ids: list[int], *, before_charge: bool = False) -> frozenset[int]:
        asked.append((list(ids), before_charge))
        return frozenset()

    monkeypatch.setattr(availability, "ensure_fresh", fresh)
    pay(client, **extra)
    [line] = cart.lines.all()
    assert asked == [([line.variant.product_id], before_charge)]


def test_what_nobody_could_check_for_too_long_is_not_sold(
    client: Client, cart: Cart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "ensure_fresh", lambda ids, **_: frozenset(ids))
    answer = client.post("/checkout/", {"action": "pay"}, follow=True)
    assert answer.redirect_chain == [("/cart/", 302)]
    assert "We cannot check the stock of everything right now." in text(answer)
    assert not Order.objects.exists()


def test_no_ways_of_delivery_and_a_press_that_pays_is_no_order(client: Client, upstream: Upstream, till: Till) -> None:
    holding(client, factories.cart(factories.variant()))
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={}, status=503)
    answer = pay(client)
    assert answer.status_code == 503
    assert "Your cart is safe" in text(answer)
    assert not Order.objects.exists()


def test_a_place_nobody_sends_to_is_told_apart(client: Client, upstream: Upstream) -> None:
    holding(client, factories.cart(factories.variant()))
    refusal = payload("printify/refused_address")
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=refusal, status=400)
    assert "Nobody who prints these ships to this address." in text(client.get("/checkout/"))


def test_an_unpaid_order_that_expired_is_not_shown_for_an_empty_cart(client: Client) -> None:
    order = factories.order(factories.variant(), state="expired")
    session = client.session
    session[checkout_page.MINE] = [order.token]
    session.save()
    assert client.get("/checkout/")["Location"] == "/cart/"


@pytest.mark.parametrize(("kept", "left"), [(0, 1), (9, 10), (10, 10), (12, 10)])
def test_a_browser_remembers_its_last_ten_orders_the_newest_last(rf: Any, kept: int, left: int) -> None:
    request = rf.get("/")
    request.session = {checkout_page.MINE: [f"t{number}" for number in range(kept)]} if kept else {}
    order = Order(token="new")
    for _ in range(2):
        checkout_page.remember(request, order)
    newest = [f"t{number}" for number in range(kept)] + ["new"]
    assert request.session[checkout_page.MINE] == newest[-left:]


def test_the_url_to_pay_asks_for_no_page_below_the_floor(
    monkeypatch: pytest.MonkeyPatch, till: Till, settings: Settings
) -> None:
    settings.MARGIN_FLOOR_PERCENT = 99
    with pytest.raises(ledger.MarginTooLow):
        checkout_page.pay_url(factories.order(factories.variant()))
    assert not till.mock.calls
