"""The cart: one line a variant, capped, priced by the catalogue alone (A15, E1, E3, F6)."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client, RequestFactory
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, Settings

from catalog.models import ProductImage
from orders import cart as carts
from orders.models import Cart, CartLine
from tests import factories
from tests.racing import race

pytestmark = pytest.mark.django_db


def _lines(cart: Cart) -> list[tuple[int, int]]:
    return list(cart.lines.values_list("variant_id", "quantity"))


def test_adding_twice_adds_up_in_one_line() -> None:
    cart, variant = factories.cart(), factories.variant()
    carts.add(cart, variant, 2)
    line = carts.add(cart, variant, 3)
    assert (line.quantity, _lines(cart)) == (5, [(variant.pk, 5)])


def test_a_line_stops_at_the_cap(settings: Settings) -> None:
    cart, variant = factories.cart(), factories.variant()
    carts.add(cart, variant, settings.QUANTITY_MAX - 1)
    assert carts.add(cart, variant, 5).quantity == settings.QUANTITY_MAX
    carts.set_quantity(cart, cart.lines.get().pk, 10**6)
    assert cart.lines.get().quantity == settings.QUANTITY_MAX


def test_more_than_the_cap_at_once_is_the_cap(settings: Settings) -> None:
    assert carts.add(factories.cart(), factories.variant(), settings.QUANTITY_MAX + 1).quantity == settings.QUANTITY_MAX


def test_a_full_cart_takes_no_other_line_but_more_of_its_own(settings: Settings) -> None:
    settings.CART_LINES_MAX = 2
    first, second, third = (factories.variant() for _ in range(3))
    cart = factories.cart(first, second)
    with pytest.raises(carts.CartFull):
        carts.add(cart, third, 1)
    assert carts.add(cart, first, 1).quantity == 2


@pytest.mark.django_db(transaction=True)
def test_a_double_click_adds_twice_to_one_line() -> None:
    cart, variant = factories.cart(), factories.variant()
    race(3, lambda: carts.add(cart, variant, 2))
    assert _lines(cart) == [(variant.pk, 6)]


def test_zero_removes_a_line() -> None:
    cart = factories.cart(factories.variant())
    carts.set_quantity(cart, cart.lines.get().pk, 0)
    assert _lines(cart) == []


def test_a_line_of_another_cart_is_not_touched() -> None:
    mine, theirs = factories.cart(factories.variant()), factories.cart(factories.variant())
    carts.set_quantity(mine, theirs.lines.get().pk, 0)
    carts.set_quantity(mine, theirs.lines.get().pk, 7)
    assert theirs.lines.get().quantity == 1


def test_replacing_leaves_exactly_what_was_wanted() -> None:
    old, new = factories.variant(), factories.variant()
    cart = factories.cart(old)
    carts.replace(cart, [(new, 1), (new, 2)])
    assert _lines(cart) == [(new.pk, 3)]


def test_the_same_variant_id_of_two_products_is_two_lines() -> None:
    """Printify's variant ids repeat across products of a blueprint (E5)."""
    one, other = factories.variant(variant_id=17887), factories.variant(variant_id=17887)
    cart = factories.cart(one)
    carts.add(cart, other, 1)
    assert sorted(_lines(cart)) == sorted([(one.pk, 1), (other.pk, 1)])


def test_prices_are_the_catalogues_of_this_moment() -> None:
    variant = factories.variant(price=2000)
    cart = factories.cart(variant, quantity=2)
    variant.price = 2500
    variant.save()
    shown = carts.view(cart)
    [line] = shown.lines
    assert (shown.subtotal, line.unit_price, line.amount, line.was) == (5000, 2500, 5000, 2000)
    assert shown.price_changes == [line]
    carts.accept_prices(shown)
    assert carts.view(cart).price_changes == []


@pytest.mark.parametrize(
    ("where", "change", "words"),
    [
        ("variant", {"is_available": False}, "Sold out"),
        ("variant", {"is_enabled": False}, "no longer offered"),
        ("product", {"hidden": True}, "no longer offered"),
        ("product", {"visible": False}, "no longer offered"),
    ],
)
def test_what_cannot_be_bought_says_why_and_stops_the_checkout(where: str, change: dict[str, bool], words: str) -> None:
    good, bad = factories.variant(price=1000), factories.variant()
    cart = factories.cart(good, bad)
    row = bad if where == "variant" else bad.product
    type(row)._default_manager.filter(pk=row.pk).update(**change)
    shown = carts.view(cart)
    assert [bool(line.problem) for line in shown.lines] == [False, True]
    assert words in shown.lines[1].problem
    assert (shown.subtotal, shown.buyable, shown.count) == (1000, False, 2)


def test_an_empty_cart_cannot_be_bought() -> None:
    assert not carts.view(None).buyable
    assert not carts.view(factories.cart()).buyable


def test_what_was_paid_leaves_the_cart_and_what_was_added_meanwhile_stays() -> None:
    kept, bought, gone = factories.variant(), factories.variant(), factories.variant()
    order = factories.order(bought, gone, quantity=2)
    cart = factories.cart(bought, quantity=5)
    carts.add(cart, kept, 1)
    carts.add(cart, gone, 1)
    carts.subtract(cart.pk, order.lines.all())
    assert sorted(_lines(cart)) == sorted([(bought.pk, 3), (kept.pk, 1)])


def test_subtracting_what_the_catalogue_forgot_takes_nothing_else_along() -> None:
    kept, forgotten = factories.variant(), factories.variant()
    order = factories.order(forgotten)
    cart = factories.cart(kept)
    forgotten.product.delete()
    carts.subtract(cart.pk, order.lines.all())
    assert _lines(cart) == [(kept.pk, 1)]


def test_a_cart_is_shown_in_few_queries_however_long(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    cart = factories.cart(*(factories.variant() for _ in range(8)))
    with django_assert_num_queries(2):
        shown = carts.view(cart)
        assert [line.product.title for line in shown.lines if not line.problem]


def test_a_line_shows_its_own_colour_else_the_first_picture() -> None:
    white, black = (factories.variant(factories.product()) for _ in range(2))
    black.product = white.product
    black.save()
    for position, ids in enumerate([[1], [black.variant_id]]):
        ProductImage.objects.create(
            product=white.product, source_url=f"https://x.example/{position}", variant_ids=ids, position=position
        )
    found = carts.pictures([white, black])
    assert (found[white.pk].position, found[black.pk].position) == (0, 1)
    assert carts.pictures([factories.variant()]) == {}


def test_looking_makes_no_cart(rf: RequestFactory) -> None:
    request = rf.get("/cart/")
    request.session = {}  # type: ignore[assignment]  # all that the cart asks of a session
    assert carts.current(request) is None
    assert not Cart.objects.exists()
    made = carts.ensure(request)
    assert carts.ensure(request) == carts.current(request) == made
    assert CartLine.objects.count() == 0


def test_nobodys_idle_carts_are_forgotten_and_no_others() -> None:
    variant, member = factories.variant(), get_user_model().objects.create_user("eva@example.com")
    with time_machine.travel(timezone.now() - timedelta(days=61), tick=False):
        idle, used, members = Cart.objects.create(), Cart.objects.create(), Cart.objects.create(user=member)
        for cart in (idle, members):
            carts.add(cart, variant, 1)
    carts.add(used, variant, 1)
    carts.forget()
    assert set(Cart.objects.all()) == {used, members}


def test_a_flood_of_new_carts_is_refused(client: Client) -> None:
    answers = [client.post("/cart/add/").status_code for _ in range(61)]
    assert answers[59:] == [302, 429]
