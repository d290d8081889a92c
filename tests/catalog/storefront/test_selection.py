"""Choosing on a product page, by option-value ids."""

from typing import Any

import pytest

from catalog.models import Product
from catalog.storefront.selection import Selection, select
from tests import factories

pytestmark = pytest.mark.django_db

WHITE, BLACK, SMALL, MEDIUM = 521, 418, 14, 15


def tee(**unavailable: Any) -> Product:
    """White and black, S and M; black M is missing, and `sold_out` names pairs that cannot be had."""
    made = factories.product()
    for position, pair in enumerate([(WHITE, SMALL), (WHITE, MEDIUM), (BLACK, SMALL)]):
        available = pair not in unavailable.get("sold_out", ())
        factories.variant(made, option_ids=list(pair), is_available=available, position=position, price=2000 + position)
    return made


def chosen(product: Product, **query: str) -> Selection:
    return select(product, list(product.variants.offered()), query)


def values(selection: Selection, key: str) -> dict[str, tuple[bool, str]]:
    """Name → can be chosen, and why it cannot be bought."""
    axis = next(axis for axis in selection.axes if axis.key == key)
    return {value.name: (bool(value.url), value.reason) for value in axis.values}


def test_at_first_a_color_is_proposed_and_the_size_is_asked_for() -> None:
    selection = chosen(tee())
    assert selection.label == "White"
    assert [axis.key for axis in selection.missing] == ["size"]
    assert selection.variant is None
    assert selection.prices == (2000, 2001)


def test_color_and_size_together_are_one_variant() -> None:
    selection = chosen(tee(), color=str(WHITE), size=str(MEDIUM))
    assert selection.variant is not None
    assert (selection.variant.option_ids, selection.buyable, selection.label) == ([WHITE, MEDIUM], True, "White / M")


def test_the_first_proposal_is_one_that_can_be_bought() -> None:
    selection = chosen(tee(sold_out=[(WHITE, SMALL), (WHITE, MEDIUM)]))
    assert selection.label == "Black"


def test_another_color_keeps_the_size_and_says_when_the_two_are_not_made_together() -> None:
    selection = chosen(tee(), color=str(BLACK), size=str(MEDIUM))
    assert (selection.variant, selection.buyable, selection.label) == (None, False, "Black / M")
    assert values(selection, "size") == {"S": (True, ""), "M": (False, "not made in this color")}


def test_a_sold_out_size_cannot_be_chosen_and_says_why_while_its_color_can_be_looked_at() -> None:
    selection = chosen(tee(sold_out=[(WHITE, MEDIUM)]), size=str(MEDIUM), color=str(WHITE))
    assert selection.variant is not None
    assert not selection.buyable
    assert values(selection, "size") == {"S": (True, ""), "M": (False, "sold out")}
    assert values(selection, "color") == {
        "White": (True, "sold out in this size"),
        "Black": (True, "not made in this size"),
    }


@pytest.mark.parametrize(
    "query",
    [{"color": "999"}, {"color": "x"}, {"color": "9" * 40}, {"color": "-521"}, {"variant": "1"}, {"variant": "None"}],
)
def test_an_unknown_choice_never_becomes_another_one(query: dict[str, str]) -> None:
    selection = chosen(tee(), size=str(SMALL), **query)
    assert selection.variant is None
    assert "color" in [axis.key for axis in selection.missing]


def test_a_variant_named_by_its_number_chooses_everything() -> None:
    product = tee()
    wanted = product.variants.get(option_ids=[BLACK, SMALL])
    assert chosen(product, variant=str(wanted.variant_id)).variant == wanted


def test_a_disabled_variant_is_not_offered_at_all() -> None:
    product = tee()
    product.variants.filter(option_ids=[BLACK, SMALL]).update(is_enabled=False)
    assert values(chosen(product), "color") == {"White": (True, "")}


def test_two_values_of_one_name_are_told_apart_by_their_ids() -> None:
    ashes = [{"id": 391, "title": "Ash", "colors": ["#d9dad8"]}, {"id": 1372, "title": "Ash", "colors": ["#cfd0cf"]}]
    product = factories.product(options=[{"name": "Colors", "type": "color", "values": ashes}])
    for option in (391, 1372):
        factories.variant(product, option_ids=[option])
    selection = chosen(product, color="1372")
    assert selection.variant is not None
    assert (selection.variant.option_ids, selection.label) == ([1372], "Ash (2)")


def test_a_model_lets_go_of_a_surface_it_does_not_come_in() -> None:
    options = [
        {"name": "Phone Models", "type": "size", "values": [{"id": 1, "title": "A"}, {"id": 2, "title": "B"}]},
        {"name": "Surface", "type": "surface", "values": [{"id": 8, "title": "Matte"}, {"id": 9, "title": "Glossy"}]},
    ]
    product = factories.product(options=options)
    for pair in ([1, 8], [1, 9], [2, 9]):
        factories.variant(product, option_ids=pair)
    selection = chosen(product, size="1", surface="8")
    model = {value.name: value.url for value in selection.axes[0].values}
    assert model["B"].endswith("?size=2")
