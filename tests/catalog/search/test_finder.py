"""Search: what people type, and what they meant."""

import pytest
from django.http import QueryDict

from catalog.search import index, query
from catalog.search.query import Scope
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelf() -> None:
    for title, tag in (("Busy Bee Tee", "T-shirts"), ("Busy Bee Mug", "Mugs"), ("Moon Cat Hoodie", "Hoodies")):
        made = factories.product(upstream_title=title, tags=[tag])
        factories.variant(made)
    index.catch_up()


def found(text: str) -> list[str]:
    listing = query.listing(QueryDict(), Scope(found=query.find(text)))
    return [product.title for product in listing.page.object_list]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("bee mug", "Busy Bee Mug"),
        ("mug with bees", "Busy Bee Mug"),
        ("t-shirt", "Busy Bee Tee"),
        ("MOON", "Moon Cat Hoodie"),
        ("sweater", "Moon Cat Hoodie"),
        ("hood", "Moon Cat Hoodie"),
        ("white bee cup", "Busy Bee Mug"),
    ],
)
def test_types_colors_and_theme_words_are_found_in_any_form(text: str, first: str) -> None:
    assert found(text)[0] == first


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("taza con abejas bee", "Busy Bee Mug"),
        ("tazas blancas", "Busy Bee Mug"),
        ("playera blanca", "Busy Bee Tee"),
        ("sudadera talla S", "Moon Cat Hoodie"),
        ("tasse blanche", "Busy Bee Mug"),
        ("la tasse de bee", "Busy Bee Mug"),
        ("pull blanc taille s", "Moon Cat Hoodie"),
        ("bee l'tasse", "Busy Bee Mug"),
    ],
)
def test_things_and_colours_are_found_in_the_shops_other_languages(text: str, first: str) -> None:
    assert found(text)[0] == first


def test_every_word_must_be_met() -> None:
    assert found("bee hoodie") == []


@pytest.mark.parametrize(
    ("typed", "meant", "first"),
    [
        ("hoddie", "hoodie", "Moon Cat Hoodie"),
        ("busi bee", "busy bee", "Busy Bee Tee"),
        ("moon cat hodie", "moon cat hoodie", "Moon Cat Hoodie"),
        ("whiet mug", "white mug", "Busy Bee Mug"),
        ("mgu", "mug", "Busy Bee Mug"),
        ("bee qqqqqqqq", "bee", "Busy Bee Tee"),
    ],
)
def test_a_slip_of_the_finger_is_searched_as_what_was_meant_and_says_so(typed: str, meant: str, first: str) -> None:
    assert query.find(typed).instead == meant
    assert first in found(typed)


@pytest.mark.parametrize("text", ["", "   ", "%", "the of", "qqqqqqqqqq", "a" * 500, "'; drop table", "\\", "_"])
def test_nothing_sensible_finds_nothing(text: str) -> None:
    assert found(text) == []
