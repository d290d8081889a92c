"""Search: what people type, and what they meant."""

import pytest

from catalog import facets, search
from catalog.models import Product
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelf() -> None:
    for title, tag in (("Busy Bee Tee", "T-shirts"), ("Busy Bee Mug", "Mugs"), ("Moon Cat Hoodie", "Hoodies")):
        made = factories.product(upstream_title=title, tags=[tag])
        factories.variant(made)


def found(query: str) -> list[str]:
    titles = dict(Product.objects.values_list("pk", "upstream_title"))
    return [titles[entry.pk] for entry in search.find(query, facets.entries()).entries]


@pytest.mark.parametrize(
    ("query", "first"),
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
def test_types_colors_and_theme_words_are_found_in_any_form(query: str, first: str) -> None:
    assert found(query)[0] == first


def test_every_word_must_be_met() -> None:
    assert found("bee hoodie") == []


def test_a_slip_of_the_finger_is_searched_as_what_was_meant_and_says_so() -> None:
    result = search.find("hoddie", facets.entries())
    assert (len(result.entries), result.instead) == (1, "hoodie")


@pytest.mark.parametrize("query", ["", "   ", "%", "the of", "qqqqqqqqqq", "a" * 500])
def test_nothing_sensible_finds_nothing(query: str) -> None:
    assert search.find(query, facets.entries()).entries == []
