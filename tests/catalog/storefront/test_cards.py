"""Cards: the second picture, which shows the same thing and costs a phone nothing."""

import re
from typing import Any

import pytest
from django.test import Client

from catalog.models import Product, ProductImage
from catalog.storefront import product_page
from catalog.storefront.cards import Card, cards
from tests import factories
from tests.catalog.goods import BLACK, MEDIUM, WHITE, tee
from tests.pages import source

pytestmark = pytest.mark.django_db


def look(product: Product, colour: int, label: str, **given: Any) -> ProductImage:
    """Another mockup of that colour, after those the product has."""
    ids = [row.variant_id for row in product.variants.all() if colour in row.option_ids]
    name = f"{product.pk}-{colour}-{label}"
    values: dict[str, Any] = {"files": {"400": f"products/{name}-400.webp"}, "width": 1200, "height": 1200}
    return ProductImage.objects.create(
        product=product,
        source_url=f"https://images.printify.com/{name}.jpg",
        variant_ids=ids,
        label=label,
        position=50 + product.images.count(),
        **values | given,
    )


def second(card: Card) -> str:
    return card.second.smallest.rpartition("/")[2].removesuffix("-400.webp") if card.second else ""


def card(product: Product, *families: str) -> Card:
    (made,) = cards([product], families)
    return made


def test_the_second_picture_is_of_the_same_colour_and_best_of_somebody_who_wears_it() -> None:
    product = tee()
    look(product, BLACK, "person")
    assert second(card(product)) == ""
    look(product, WHITE, "back")
    assert second(card(product)) == f"{product.pk}-{WHITE}-back"
    look(product, WHITE, "person")
    assert second(card(product)) == f"{product.pk}-{WHITE}-person"
    assert second(card(product, "black")) == f"{product.pk}-{BLACK}-person"


@pytest.mark.parametrize("given", [{"hidden": True}, {"repeats": True}, {"files": {}}, {"label": "size-chart"}])
def test_what_is_not_worth_a_look_is_not_shown(given: dict[str, Any]) -> None:
    product = tee()
    look(product, WHITE, **{"label": "back"} | given)
    assert second(card(product)) == ""


def test_what_is_sold_out_stays_still() -> None:
    product = tee(in_stock=False)
    look(product, WHITE, "back")
    assert card(product).second is None


def test_a_list_carries_it_lazily_with_its_room_and_without_words(client: Client) -> None:
    product = tee()
    look(product, WHITE, "back")
    page = source(client.get("/products/"))
    (found,) = re.findall(r"<img[^>]*product-card__second[^>]*>", page)
    assert 'loading="lazy"' in found
    assert 'alt=""' in found
    assert 'width="1200" height="1200"' in found


def test_a_card_needs_two_queries_whatever_it_shows(django_assert_num_queries: Any) -> None:
    rows = [tee() for _ in range(4)]
    for row in rows:
        look(row, WHITE, "back")
        factories.variant(row, option_ids=[BLACK, MEDIUM])
    with django_assert_num_queries(2):
        assert all(made.second for made in cards(rows))


def test_a_swatch_shows_the_card_in_its_colour(client: Client, django_assert_num_queries: Any) -> None:
    product = tee()
    with django_assert_num_queries(2):
        assert product_page.in_colour(product, str(BLACK))
    answer = client.get(f"{product.get_absolute_url()}look/?color={BLACK}")
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"{product.pk}-{BLACK}-1200.webp")
    assert answer["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("query", ["", "?color=1", "?color=%00", "?color=[521]", "?color=-1"])
def test_a_colour_that_is_not_offered_has_no_picture(client: Client, query: str) -> None:
    assert client.get(f"{tee().get_absolute_url()}look/{query}").status_code in {400, 404}


def test_what_is_hidden_has_no_picture_either(client: Client) -> None:
    product = tee(hidden=True)
    assert client.get(f"{product.get_absolute_url()}look/?color={BLACK}").status_code == 404
