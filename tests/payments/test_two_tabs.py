"""One cart in two tabs, with two addresses: one page can be paid, the other tab is told, one order is printed (A2)."""

import threading
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from orders.models import Cart, Fulfilment, Order
from payments import checkout, checkout_page, gateway, settlement
from payments.models import CheckoutSession
from payments.stripe_objects import CheckoutSessionData
from tests import factories
from tests.addresses import FORM
from tests.pages import text
from tests.payments.conftest import CREATE, Till, expired_session, opened, pay, remembers, waiting
from tests.payments.world import Stripe
from tests.racing import race

pytestmark = pytest.mark.django_db
TOLD = "You're already paying for this cart in another tab or window."


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> Stripe:
    made = Stripe()
    for name in ("create_session", "session", "expire_session"):
        monkeypatch.setattr(gateway, name, getattr(made, name))
    return made


def _tabs() -> list[Order]:
    """The same cart, ordered to two places."""
    variant = factories.variant()
    cart = factories.cart(variant)
    return [factories.order(variant, cart=cart, address1=street) for street in ("233 S Wacker Dr", "1501 Central St")]


def _pressed(order: Order) -> str:
    """What the tab was answered: "page", or why it has none."""
    try:
        checkout_page.pay_url(Order.objects.get(pk=order.pk))
    except (checkout.PaidInAnotherTab, checkout.NotPayable) as refusal:
        return type(refusal).__name__
    return "page"


def _settle(stripe: Stripe, session_id: str) -> None:
    with transaction.atomic():
        settlement.settle(stripe.session(session_id), who="test")


@pytest.mark.django_db(transaction=True)
def test_of_two_tabs_that_pay_at_once_one_has_a_page_and_the_other_is_told(
    stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have looked for a rival and found none: only the database can tell them apart now."""
    tabs, looked, supersede = _tabs(), threading.Barrier(2), checkout.supersede

    def supersede_and_meet(order: Order) -> None:
        supersede(order)
        looked.wait(timeout=60)

    monkeypatch.setattr(checkout, "supersede", supersede_and_meet)
    waiting_tabs = list(tabs)
    assert sorted(race(2, lambda: _pressed(waiting_tabs.pop()))) == ["PaidInAnotherTab", "page"]
    [session_id] = stripe.open()
    assert CheckoutSession.objects.get(state__in=checkout.OPEN).stripe_session_id == session_id


@pytest.mark.parametrize("winner", [0, 1])
def test_whichever_tab_is_paid_one_order_is_printed(stripe: Stripe, winner: int) -> None:
    tabs = _tabs()
    paid, other = tabs[winner], tabs[1 - winner]
    assert [_pressed(other), _pressed(paid)] == ["page", "page"]
    [session_id] = stripe.open()
    assert stripe.session(session_id).order == paid.number
    stripe.pay(session_id)
    _settle(stripe, session_id)
    assert _pressed(other) == "NotPayable"
    assert (stripe.open(), Fulfilment.objects.get().order) == ([], paid)


@pytest.mark.parametrize("press", [checkout_page.pay_url, checkout.start])
def test_a_tab_that_was_refused_cannot_pay_once_the_other_is_paid(stripe: Stripe, press: Any) -> None:
    """Reloading its page as well: nothing of it was ever open, so nothing of it was closed."""
    paid, refused_tab = _tabs()
    checkout_page.pay_url(paid)
    [session_id] = stripe.open()
    with pytest.raises(checkout.PaidInAnotherTab):
        checkout.start(refused_tab)
    stripe.pay(session_id)
    _settle(stripe, session_id)
    with pytest.raises(checkout.NotPayable) as past:
        press(refused_tab)
    assert (past.value.order, stripe.open()) == (paid, [])


def test_the_same_cart_may_be_ordered_once_more_after_it_was_paid(stripe: Stripe) -> None:
    first, _other = _tabs()
    checkout_page.pay_url(first)
    [session_id] = stripe.open()
    stripe.pay(session_id)
    _settle(stripe, session_id)
    assert _pressed(factories.order(factories.variant(), cart=first.cart)) == "page"


def test_orders_whose_cart_is_gone_do_not_stand_in_each_others_way(stripe: Stripe) -> None:
    assert [_pressed(factories.order(factories.variant())) for _ in range(2)] == ["page", "page"]
    assert len(stripe.open()) == 2


def test_a_tab_closed_while_stripe_answers_is_not_led_to_the_closed_page(
    stripe: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _tabs()

    def overtaken(params: Any, *, key: str) -> CheckoutSessionData:
        """The other tab closes this one and opens its own, before this one hears of its session."""
        made = stripe.create_session(params, key=key)
        monkeypatch.setattr(gateway, "create_session", stripe.create_session)
        checkout_page.pay_url(second)
        return made

    monkeypatch.setattr(gateway, "create_session", overtaken)
    with pytest.raises(checkout.PaidInAnotherTab):
        checkout_page.pay_url(first)
    [session_id] = stripe.open()
    assert stripe.session(session_id).order == second.number


@pytest.mark.parametrize("asked", [False, True])
def test_a_tab_that_died_before_or_after_asking_stripe_does_not_block_the_cart(stripe: Stripe, *, asked: bool) -> None:
    first, second = _tabs()
    row = checkout.claim_attempt(first)
    if asked:
        checkout.create_stripe_session(first, row)
    assert _pressed(second) == "page"
    [session_id] = stripe.open()
    assert stripe.session(session_id).order == second.number
    row.refresh_from_db()
    assert row.state == "expired"


def _overlooks_the_rival(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkout, "supersede", lambda _order: None)


def test_the_checkout_page_tells_the_second_tab_and_its_next_press_pays_there(
    client: Client, cart: Cart, till: Till
) -> None:
    other = opened(waiting(cart=cart), number=2)
    with pytest.MonkeyPatch.context() as patch:
        _overlooks_the_rival(patch)
        answer = pay(client)
    assert (answer.status_code, TOLD in text(answer)) == (409, True)
    assert not till.asked("POST", CREATE)
    till.expires(str(other.stripe_session_id), json=expired_session(other.order, number=2))
    assert pay(client).status_code == 303
    assert CheckoutSession.objects.get(state__in=checkout.OPEN).order.address1 == FORM["address1"]


def test_the_page_to_pay_again_tells_the_second_tab(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    order = waiting(cart=factories.cart())
    opened(waiting(cart=order.cart))
    remembers(client, order)
    _overlooks_the_rival(monkeypatch)
    assert TOLD in text(client.post(f"/checkout/again/{order.token}/", {"total": order.total}))


def test_our_own_form_is_not_shown_beside_another_tabs_page(client: Client, till: Till, settings: Any) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting(cart=factories.cart(factories.variant()))
    opened(waiting(cart=order.cart))
    remembers(client, order)
    answer = client.get(f"/checkout/pay/{order.token}/", follow=True)
    assert answer.redirect_chain == [("/cart/", 302)]
    assert TOLD in text(answer)
    assert not till.asked("POST", CREATE)
