import json
from pathlib import Path
from typing import Any

import pytest

from catalog.printify.errors import FailureCode
from catalog.printify.fields import Unreadable, storable
from catalog.printify.products import ProductFacts, digest, read_product
from tests.needs import SHARED
from tests.payloads import payload

OWN = sorted((Path(__file__).parents[2] / "payloads" / "printify").glob("product_*.json"))


def read(data: Any) -> ProductFacts:
    return read_product(storable(data))


def tee_with(**first_variant: Any) -> dict[str, Any]:
    data = payload("printify/product_tee")
    data["variants"][1] |= first_variant
    return data


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_each_of_our_own_payloads_is_readable(path: Path) -> None:
    assert read(json.loads(path.read_text())).variants


@pytest.mark.needs("shared")
def test_each_documented_and_captured_product_is_readable() -> None:
    folder = SHARED / "printify"
    found = [json.loads(path.read_text()) for path in sorted(folder.glob("*/product*.json"))]
    products = [product for each in found for product in each.get("data", [each]) if "variants" in product]
    assert len(products) >= 8
    for product in products:
        facts = read(product)
        assert facts.title
        assert any(variant.is_enabled for variant in facts.variants)
        assert facts.mockups


def test_combinations_come_from_option_ids_whatever_the_order_in_titles() -> None:
    facts = read(payload("printify/product_tee"))
    assert [(variant.id, variant.option_ids) for variant in facts.variants if variant.is_enabled] == [
        (12001, (521, 14)),
        (12002, (521, 15)),
        (12003, (451, 14)),
    ]


def test_two_values_of_one_title_stay_two() -> None:
    facts = read(payload("printify/product_tee"))
    assert [(value.id, value.title, value.colors) for value in facts.axes[0].values][1:] == [
        (451, "Ash", ("#f6f6f6",)),
        (452, "Ash", ("#eeeeee", "#dddddd")),
    ]


def test_mockups_are_those_of_offered_variants_nearest_first() -> None:
    facts = read(payload("printify/product_tee"))
    assert [(mockup.label, mockup.variant_ids) for mockup in facts.mockups] == [
        ("front", (12001, 12002)),
        ("back", (12001, 12002)),
        ("front", (12003,)),
        ("person", ()),
    ]


def test_one_address_listed_twice_is_one_mockup_of_both_lists() -> None:
    data = payload("printify/product_tee")
    again = data["images"][0] | {"variant_ids": [12001], "is_default": False}
    urls = [mockup.url for mockup in read(data | {"images": [data["images"][0], again]}).mockups]
    assert urls == [data["images"][0]["src"]]


def test_a_mockup_the_owner_did_not_select_is_left_out() -> None:
    data = payload("printify/product_tee")
    data["images"][1]["is_selected_for_publishing"] = False
    assert "back" not in [mockup.label for mockup in read(data).mockups]


@pytest.mark.parametrize("src", [None, "", 7, "https://[::1/a.jpg", "no address", "https://a.example/" + "a" * 600])
def test_a_mockup_without_a_usable_address_is_left_out(src: object) -> None:
    data = payload("printify/product_tee")
    data["images"][1]["src"] = src
    assert "back" not in [mockup.label for mockup in read(data).mockups]


def test_text_layers_are_no_artwork() -> None:
    assert read(payload("printify/product_tee")).artwork_ids == ("6712f0c2a1b2c3d4e5f6aaaa",)


def test_a_bare_product_without_options_sells_its_one_variant() -> None:
    facts = read(payload("printify/product_bare"))
    assert (facts.axes, facts.visible, facts.updated, facts.description) == ((), True, None, "")
    (variant,) = facts.variants
    assert (variant.price, variant.cost, variant.option_ids, variant.is_default) == (499, 0, (), False)


def test_drifted_types_are_read_where_they_are_clear() -> None:
    facts = read(payload("printify/product_drifted"))
    assert (facts.title, facts.description, facts.tags, facts.blueprint_id) == ("Bloom Anyway Mug 🌼", "", (), 68)
    assert [(variant.id, variant.price, variant.cost) for variant in facts.variants] == [
        (33719, 1399, 520),
        (33720, 1599, 0),
    ]
    assert all(variant.is_enabled and variant.is_available for variant in facts.variants)
    assert (facts.mockups, facts.artwork_ids, facts.updated) == ((), (), None)
    assert facts.created is not None
    assert facts.created.isoformat() == "2026-05-01T08:00:00+00:00"


@pytest.mark.parametrize(
    "price", ["19.99", 19.99, -1, 0, None, "", True, "1e3", "١٩٩٩", [1999], 100_000_000, 10**30, float("inf")], ids=repr
)
def test_an_enabled_variant_without_a_clear_price_makes_the_product_unreadable(price: object) -> None:
    with pytest.raises(Unreadable, match="no usable price") as refused:
        read(tee_with(price=price))
    assert refused.value.code == FailureCode.NO_PRICE


def test_a_disabled_variant_may_say_what_it_likes() -> None:
    facts = read(tee_with(price="soon", is_enabled=False))
    assert 12001 not in [variant.id for variant in facts.variants]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "not an object"),
        ([], "not an object"),
        ({"title": "No id"}, "not an object"),
        ({"id": "../../etc", "title": "x"}, "not an object"),
        ({"id": "a" * 41, "title": "x"}, "not an object"),
        ({"id": "6712f0c2", "title": " "}, "title is missing"),
        ({"id": "6712f0c2", "title": None}, "title is missing"),
        ({"id": "6712f0c2", "title": "x", "variants": None}, "variants are missing"),
        ({"id": "6712f0c2", "title": "x", "variants": {}}, "variants are missing"),
    ],
    ids=str,
)
def test_what_is_no_product_is_unreadable(data: object, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as refused:
        read(data)
    assert refused.value.code == (FailureCode.NO_TITLE if "title" in reason else FailureCode.INCOMPLETE)


def test_two_variants_of_one_id_are_unreadable() -> None:
    with pytest.raises(Unreadable, match="more than once") as refused:
        read(tee_with(id=12002))
    assert refused.value.code == FailureCode.DUPLICATE_VARIANT


@pytest.mark.parametrize("options", [[521, 99999], [521], None, [521, 451, 14], [521, 15]], ids=repr)
def test_combinations_that_do_not_fit_the_options_become_one_choice_of_our_own(options: object) -> None:
    """Unknown, missing, two of one axis, or another variant's: nothing may silently become the first variant."""
    facts = read(tee_with(options=options))
    assert [axis.name for axis in facts.axes] == ["Option"]
    assert [value.title for value in facts.axes[0].values] == ["M / White", "White / S", "Ash / S"]
    chosen = [variant.option_ids for variant in facts.variants if variant.is_enabled]
    assert len(set(chosen)) == len(chosen)


def test_nul_lone_surrogates_and_infinities_are_made_storable() -> None:
    assert storable({"a\0": ["b\0", "c\ud800", float("inf")]}) == {"a": ["b", "c?", None]}


def test_a_product_nested_too_deeply_is_unreadable() -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(Unreadable, match="too deeply") as refused:
        read(payload("printify/product_tee", extra=deep))
    assert refused.value.code == FailureCode.UNREADABLE


def test_the_digest_does_not_depend_on_the_order_of_keys() -> None:
    data = payload("printify/product_tee")
    assert digest(data) == digest(dict(reversed(data.items())))
    assert digest(data) != digest(data | {"title": "Another"})


def test_the_design_changes_with_the_artwork_alone() -> None:
    data = payload("printify/product_tee")
    assert read(data).design == read(data | {"title": "Another"}).design
    data["print_areas"][0]["placeholders"][0]["images"][0]["scale"] = 0.8
    assert read(data).design != read(payload("printify/product_tee")).design
