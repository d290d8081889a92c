"""What sells best: lately, really paid, and never an empty shelf."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from catalog import sales, tasks
from catalog.models import Product, ShelfEntry
from catalog.search import index
from orders.models import Order
from tests import factories
from tests.catalog import goods as shelves
from tests.pages import text

pytestmark = pytest.mark.django_db


def sold() -> dict[int, int]:
    return dict(ShelfEntry.objects.values_list("pk", "sold"))


def bought(product: Product, quantity: int = 1, *, days_ago: float = 1) -> Order:
    order = factories.paid_order(product.variants.all()[0], quantity=quantity)
    Order.objects.filter(pk=order.pk).update(paid_at=timezone.now() - timedelta(days=days_ago))
    return order


def shelved(*titles: str) -> list[Product]:
    made = [shelves.tee(upstream_title=title, position=place) for place, title in enumerate(titles)]
    index.catch_up()
    return made


def test_only_what_was_paid_in_the_last_ninety_days_counts() -> None:
    loved, once, looked_at = shelved("Loved", "Once", "Looked at")
    bought(loved, 2, days_ago=89.9)
    bought(loved, 1)
    bought(once, 9, days_ago=90.1)
    factories.order(looked_at.variants.all()[0])
    assert sales.count() == 1
    assert sold() == {loved.pk: 3, once.pk: 0, looked_at.pk: 0}
    assert sales.count() == 0


def test_a_sale_is_forgotten_when_its_ninety_days_are_over() -> None:
    (product,) = shelved("Loved")
    order = bought(product)
    sales.count()
    Order.objects.filter(pk=order.pk).update(paid_at=timezone.now() - timedelta(days=91))
    tasks.count_sales()
    assert sold() == {product.pk: 0}


@pytest.mark.parametrize("state", ["canceled", "refunded", "expired", "awaiting_payment"])
def test_what_was_canceled_or_paid_back_is_no_sale(state: str) -> None:
    (product,) = shelved("Loved")
    Order.objects.filter(pk=bought(product).pk).update(state=state)
    assert sales.count() == 0


def test_what_is_printed_again_for_a_claim_is_no_sale() -> None:
    (product,) = shelved("Loved")
    first = bought(product)
    Order.objects.filter(pk=bought(product, 5).pk).update(reprint_of=first)
    sales.count()
    assert sold() == {product.pk: 1}


def test_the_most_bought_come_first_and_the_shops_own_order_fills_up() -> None:
    first, loved, last = shelved("First", "Loved", "Last")
    bought(loved)
    sales.count()
    found = sales.best(3)
    assert (found.pks, found.proven) == ([loved.pk, first.pk, last.pk], False)
    assert [card.product for card in found.cards] == [loved, first, last]


def test_they_are_called_best_sellers_only_when_each_was_bought() -> None:
    made = shelved("One", "Two", "Three", "Four")
    for product in made:
        bought(product)
    sales.count()
    assert sales.best(4).proven
    assert not sales.best(5).proven
    Product.objects.filter(pk=made[0].pk).update(in_stock=False)
    index.put([made[0].pk])
    assert made[0].pk not in sales.best(4).pks


def test_the_front_page_shows_them_when_sales_tell_and_says_nothing_otherwise(client: Client) -> None:
    made = shelved("One", "Two", "Three", "Four")
    assert "Best sellers" not in text(client.get("/"))
    for product in made:
        bought(product)
    sales.count()
    assert "Best sellers" in text(client.get("/"))


@pytest.mark.parametrize(("times", "heading"), [(1, "Best sellers"), (0, "Some of our favorites")])
def test_a_search_without_result_and_an_empty_cart_lead_to_them(client: Client, times: int, heading: str) -> None:
    made = shelved("One", "Two", "Three", "Four")
    for product in made[: 4 * times]:
        bought(product)
    sales.count()
    for path in ("/search/?q=xylophone", "/cart/"):
        assert heading in text(client.get(path)), path


def test_counting_asks_twice_and_writes_once(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for product in shelved("One", "Two", "Three"):
        bought(product)
    with django_assert_num_queries(3):
        sales.count()
