"""Placing an order once, and the moves that are allowed: every other one changes nothing (I6, I7, A1, A3, A5, A10)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django.fixtures import Settings

from ilytat.integrations.models import Alert
from ilytat.pages.models import PageText
from notifications.models import OutgoingEmail
from orders import cart as carts
from orders import lifecycle
from orders.addresses import Address
from orders.lifecycle import CheckoutDetails
from orders.models import Cart, Fulfilment, Order, OrderLine
from orders.states import ORDER_MOVES, OrderState
from tests import factories
from tests.orders.conftest import paid
from tests.racing import race

pytestmark = pytest.mark.django_db

CHICAGO = Address("Ana Ruiz", "233 S Wacker Dr", "", "Chicago", "IL", "60606", "US")


def _agreement(cart: Cart, **given: Any) -> CheckoutDetails:
    values: dict[str, Any] = {
        "cart": carts.view(cart),
        "email": "ana@example.com",
        "address": CHICAGO,
        "method": "standard",
        "shipping": 475,
        "arrives_from": date(2026, 12, 1),
        "arrives_until": date(2026, 12, 4),
        "language": "en",
    }
    return CheckoutDetails(**{**values, **given})


def _order_in(state: str) -> Order:
    return factories.order(factories.variant(), state=state)


# --- placing ----------------------------------------------------------------------------------------


def test_an_order_is_a_snapshot_of_the_deal() -> None:
    variant = factories.variant(price=2000, cost=900, sku="S1")
    order = lifecycle.place(_agreement(factories.cart(variant, quantity=3), language="fr"))
    assert (order.state, order.live, order.language) == ("awaiting_payment", False, "fr")
    assert (order.subtotal, order.discount, order.shipping, order.tax, order.total) == (6000, 0, 475, 0, 6475)
    assert lifecycle.address_of(order) == CHICAGO
    line = order.lines.get()
    assert (line.title, line.label, line.sku) == (variant.product.title, "White / S", "S1")
    assert (line.unit_price, line.unit_cost, line.quantity, line.amount) == (2000, 900, 3, 6000)
    assert (line.printify_product_id, line.printify_variant_id) == (variant.product.printify_id, variant.variant_id)
    assert [event.what for event in order.events.all()] == ["placed"]


def test_an_order_remembers_the_terms_it_was_placed_under() -> None:
    first = lifecycle.place(_agreement(factories.cart(factories.variant())))
    assert first.terms.startswith("built-in ")
    PageText.objects.create(slug="terms", language="en", version=4, title="Terms", body="<p>New</p>")
    assert lifecycle.place(_agreement(factories.cart(factories.variant()))).terms == "4"
    first.refresh_from_db()
    assert first.terms.startswith("built-in ")


def test_what_was_bought_never_changes_with_the_catalogue() -> None:
    variant = factories.variant(price=2000)
    order = lifecycle.place(_agreement(factories.cart(variant)))
    before = list(OrderLine.objects.values_list("title", "label", "unit_price", "printify_product_id"))
    variant.product.upstream_title = "Renamed"
    variant.product.save()
    variant.product.delete()
    order.refresh_from_db()
    assert list(OrderLine.objects.values_list("title", "label", "unit_price", "printify_product_id")) == before
    assert OrderLine.objects.get().product_id is None
    assert order.total == 2475


def test_the_same_deal_placed_twice_is_one_order() -> None:
    cart = factories.cart(factories.variant())
    assert lifecycle.place(_agreement(cart)) == lifecycle.place(_agreement(cart))
    assert Order.objects.count() == OrderLine.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_double_click_makes_one_order_with_its_lines_once() -> None:
    agreement = _agreement(factories.cart(factories.variant(), factories.variant()))
    numbers = race(3, lambda: lifecycle.place(agreement).number)
    assert len(set(numbers)) == Order.objects.count() == 1
    assert OrderLine.objects.count() == 2


OTHER_AGREEMENTS: dict[str, Callable[[CheckoutDetails], CheckoutDetails]] = {
    "address": lambda agreement: replace(agreement, address=replace(CHICAGO, address1="1 Main St")),
    "e-mail": lambda agreement: replace(agreement, email="bo@example.com"),
    "delivery": lambda agreement: replace(agreement, method="economy"),
    "shipping cost": lambda agreement: replace(agreement, shipping=500),
}


@pytest.mark.parametrize("change", OTHER_AGREEMENTS.values(), ids=OTHER_AGREEMENTS.keys())
def test_another_agreement_is_another_order(change: Callable[[CheckoutDetails], CheckoutDetails]) -> None:
    agreement = _agreement(factories.cart(factories.variant()))
    assert lifecycle.place(agreement) != lifecycle.place(change(agreement))


def test_another_quantity_or_price_is_another_order() -> None:
    variant = factories.variant(price=2000)
    cart = factories.cart(variant)
    first = lifecycle.place(_agreement(cart))
    carts.add(cart, variant, 1)
    second = lifecycle.place(_agreement(cart))
    variant.price = 2100
    variant.save()
    third = lifecycle.place(_agreement(cart))
    assert [first.total, second.total, third.total] == [2475, 4475, 4675]


def test_two_carts_alike_are_two_orders() -> None:
    variant = factories.variant()
    assert lifecycle.place(_agreement(factories.cart(variant))) != lifecycle.place(_agreement(factories.cart(variant)))


def test_what_expired_unpaid_can_be_ordered_again() -> None:
    agreement = _agreement(factories.cart(factories.variant()))
    old = lifecycle.place(agreement)
    lifecycle.expire(old, who="test")
    new = lifecycle.place(agreement)
    assert (new.state, new != old) == ("awaiting_payment", True)
    assert lifecycle.place(agreement) == new, "a double click still finds it"
    lifecycle.expire(new, who="test")
    assert lifecycle.place(agreement) not in {old, new}


def test_what_was_bought_once_can_be_bought_once_more() -> None:
    variant = factories.variant()
    cart = factories.cart(variant)
    first = lifecycle.place(_agreement(cart))
    assert lifecycle.mark_paid(first, who="test")
    carts.add(cart, variant, 1)
    cart.refresh_from_db()
    second = lifecycle.place(_agreement(cart))
    assert (second.state, second != first) == ("awaiting_payment", True)


def test_pressing_pay_once_more_after_paying_finds_the_paid_order() -> None:
    """The page that was open before: its cart is read with the key it had (A3)."""
    agreement = _agreement(factories.cart(factories.variant()))
    order = lifecycle.place(agreement)
    lifecycle.mark_paid(order, who="test")
    assert lifecycle.place(agreement) == order


def test_totals_that_do_not_add_up_cannot_be_stored() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.order(subtotal=1000, shipping=1, total=1002)


def test_a_quantity_of_nothing_cannot_be_stored() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.order_line(factories.order(), factories.variant(), quantity=0)


def test_numbers_are_easily_read_on_the_phone() -> None:
    order = lifecycle.place(_agreement(factories.cart(factories.variant())))
    assert len(order.number) == 8
    assert not set(order.number) & set("01OIL")
    assert len(order.token) >= 32


# --- the moves --------------------------------------------------------------------------------------

ALL_MOVES = [(old, new) for old in OrderState for new in OrderState]


@pytest.mark.parametrize(("old", "new"), ALL_MOVES)
def test_only_allowed_moves_happen_and_each_leaves_a_line(old: OrderState, new: OrderState) -> None:
    order = _order_in(old)
    moved = lifecycle._move(order, new, who="test", why="because")
    order.refresh_from_db()
    assert moved == (new in ORDER_MOVES[old]) == (order.state != old)
    lines = list(order.events.values_list("who", "old", "new", "why"))
    assert lines == ([("test", old, new, "because")] if moved else [])


def test_the_moves_are_the_ones_that_were_agreed() -> None:
    """Written out once more: a change of the table is a change of the shop's promises."""
    assert {old: set(new) for old, new in ORDER_MOVES.items()} == {
        "awaiting_payment": {"paid", "expired", "canceled", "attention"},
        "expired": {"paid", "attention"},
        "paid": {"canceled", "refunded", "attention"},
        "attention": {"paid", "canceled", "refunded"},
        "canceled": set(),
        "refunded": {"attention"},
    }


@pytest.mark.django_db(transaction=True)
def test_paid_by_two_at_once_queues_one_printing_and_one_mail() -> None:
    order = _order_in("awaiting_payment")
    wins = race(3, lambda: lifecycle.mark_paid(Order.objects.get(pk=order.pk), who="test"))
    assert sorted(wins) == [False, False, True]
    assert Fulfilment.objects.count() == OutgoingEmail.objects.count() == 1
    assert order.events.filter(what="state", new="paid").count() == 1


def test_paying_queues_printing_of_exactly_what_was_bought(settings: Settings) -> None:
    settings.GRACE_MINUTES = 45
    job = paid(ready=False, quantity=1)
    order, line = job.order, job.order.lines.get()
    assert (job.state, job.external_id, job.revision, job.open_holds, job.printify_order_id) == (
        "new",
        order.number,
        1,
        [],
        None,
    )
    assert job.request["line_items"] == [
        {
            "product_id": line.printify_product_id,
            "variant_id": line.printify_variant_id,
            "quantity": 1,
            "external_id": f"{order.number}-{line.pk}",
        }
    ]
    assert job.request["send_shipping_notification"] is False
    assert order.paid_at
    assert (job.release_at - order.paid_at).total_seconds() == 45 * 60


def test_the_confirmation_tells_what_was_bought_and_until_when_it_can_be_changed() -> None:
    order = paid(ready=False).order
    mail = OutgoingEmail.objects.get()
    assert (mail.kind, mail.dedupe_key, mail.to) == ("order_confirmed", f"confirmation:{order.number}", order.email)
    assert mail.context["totals"]["total"] == "$29.74"
    assert mail.context["url"] == f"http://testserver/orders/{order.token}/"
    assert mail.context["cancel_until"]


def test_paid_after_expiry_is_made_all_the_same() -> None:
    order = _order_in("expired")
    assert lifecycle.mark_paid(order, who="stripe")
    assert (order.state, Fulfilment.objects.count()) == ("paid", 1)


@pytest.mark.parametrize("state", ["paid", "canceled", "attention"])
def test_a_payment_moves_no_order_that_is_settled_or_with_a_person(state: str) -> None:
    order = _order_in(state)
    assert not lifecycle.mark_paid(order, who="stripe")
    order.refresh_from_db()
    assert order.state == state
    assert not Fulfilment.objects.exists()
    assert not OutgoingEmail.objects.exists()


def test_paid_with_a_reason_not_to_print_is_held() -> None:
    order = _order_in("awaiting_payment")
    lifecycle.mark_paid(order, who="stripe", refunded="500 already refunded at Stripe")
    job = Fulfilment.objects.get()
    assert job.held_because == "Refunded at Stripe: 500 already refunded at Stripe"
    assert not Fulfilment.due().exists()


def test_attention_tells_staff_each_time_and_moves_once() -> None:
    order = _order_in("awaiting_payment")
    assert lifecycle.flag_for_attention(order, who="stripe", why="wrong amount")
    assert not lifecycle.flag_for_attention(order, who="stripe", why="wrong amount")
    assert Alert.objects.get().count == 2
