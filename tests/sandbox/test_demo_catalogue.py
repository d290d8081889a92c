"""The demo's products have Printify's shape, hold the oddities a shop must bear, and can be drawn."""

import io
import json
import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from sandbox.demo import catalogue, mockups
from sandbox.demo.scenes import CAMERAS

PRODUCTS = catalogue.products()
HEX_ID = re.compile(r"[0-9a-f]{24}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00:00")
FEWEST = {
    "tee": 6, "hoodie": 3, "hoodie_aop": 1, "mug": 1, "mug_accent": 1, "poster": 4, "tote": 3,
    "phone": 3, "hat": 2, "sticker": 3, "pillow": 2, "notebook": 2, "magnet": 2,
}  # fmt: skip

# Nothing here asks the shop's database, and drawing takes its time: the run on SQLite is enough.
pytestmark = pytest.mark.needs("sqlite")


def kind(product: dict[str, Any]) -> str:
    return catalogue.BLUEPRINTS[product["blueprint_id"]].kind


def enabled(product: dict[str, Any]) -> list[dict[str, Any]]:
    return [variant for variant in product["variants"] if variant["is_enabled"]]


def each_product(test: Any) -> Any:
    return pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product["title"])(test)


def test_there_are_enough_products_of_every_kind() -> None:
    counted = Counter(kind(product) for product in PRODUCTS)
    assert len(PRODUCTS) >= 34
    assert not {name: number for name, number in FEWEST.items() if counted[name] < number}


def test_the_catalogue_is_the_same_each_time() -> None:
    assert json.dumps(catalogue.products()) == json.dumps(PRODUCTS)


def test_product_ids_are_unique_hex() -> None:
    ids = [product["id"] for product in PRODUCTS]
    assert len(set(ids)) == len(ids)
    assert all(HEX_ID.fullmatch(each) for each in ids)


@each_product
def test_option_values_resolve_in_axis_order(product: dict[str, Any]) -> None:
    axes = [{value["id"] for value in option["values"]} for option in product["options"]]
    for variant in product["variants"]:
        assert len(variant["options"]) == len(axes)
        assert all(value in axis for value, axis in zip(variant["options"], axes, strict=True))


@each_product
def test_exactly_one_variant_is_the_default(product: dict[str, Any]) -> None:
    assert sum(variant["is_default"] for variant in product["variants"]) == 1


@each_product
def test_every_combination_is_listed_once(product: dict[str, Any]) -> None:
    combinations = {tuple(variant["options"]) for variant in product["variants"]}
    every = 1
    for option in product["options"]:
        every *= len(option["values"])
    assert len(combinations) == len(product["variants"]) == every


@each_product
def test_what_is_offered_costs_less_than_its_price(product: dict[str, Any]) -> None:
    for variant in enabled(product):
        assert 499 <= variant["price"] <= 4688
        assert 0.6 < variant["cost"] / variant["price"] < 0.7


@each_product
def test_pictures_belong_to_known_variants_and_cover_what_is_offered(product: dict[str, Any]) -> None:
    known = {variant["id"] for variant in product["variants"]}
    shown = {variant_id for image in product["images"] for variant_id in image["variant_ids"]}
    assert shown <= known
    assert {variant["id"] for variant in enabled(product)} <= shown
    assert any(image["is_default"] for image in product["images"])


@each_product
def test_print_areas_cover_every_variant(product: dict[str, Any]) -> None:
    covered = {variant_id for area in product["print_areas"] for variant_id in area["variant_ids"]}
    assert covered == {variant["id"] for variant in product["variants"]}


@each_product
def test_moments_are_in_printifys_format(product: dict[str, Any]) -> None:
    assert MOMENT.fullmatch(product["created_at"])
    assert MOMENT.fullmatch(product["updated_at"])
    assert product["created_at"] < product["updated_at"]


@each_product
def test_shipping_is_known(product: dict[str, Any]) -> None:
    offer = catalogue.SHIPPING[product["blueprint_id"]]
    assert offer.provider_id == product["print_provider_id"]
    assert "US" in offer.countries
    assert set(offer.methods) <= set(catalogue.METHOD_CODES)
    assert product["is_economy_shipping_eligible"] == ("economy" in offer.methods)
    if product["is_printify_express_eligible"]:
        assert "printify_express" in offer.methods


def test_variant_ids_are_shared_within_a_blueprint_only() -> None:
    by_blueprint: dict[int, set[int]] = {}
    for product in PRODUCTS:
        ids = {variant["id"] for variant in product["variants"]}
        assert by_blueprint.setdefault(product["blueprint_id"], ids) == ids
    assert sum(map(len, by_blueprint.values())) == len(set().union(*by_blueprint.values()))


def test_a_design_keeps_its_upload_id_across_products() -> None:
    goods_of: dict[str, set[str]] = {}
    for product in PRODUCTS:
        for placeholder in product["print_areas"][0]["placeholders"]:
            for image in placeholder["images"]:
                goods_of.setdefault(image["id"], set()).add(kind(product))
    assert max(map(len, goods_of.values())) >= 4


def test_there_are_few_enough_pictures_to_fetch() -> None:
    sources = {image["src"] for product in PRODUCTS for image in product["images"]}
    assert 100 < len(sources) <= 260


def test_pictures_stand_under_the_sandboxs_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_URL", "http://127.0.0.1:9/")
    sources = [image["src"] for product in catalogue.products() for image in product["images"]]
    assert all(source.startswith("http://127.0.0.1:9/mockups/") for source in sources)


def test_prices_run_from_a_sticker_to_a_hoodie() -> None:
    prices = {variant["price"] for product in PRODUCTS for variant in enabled(product)}
    assert (min(prices), max(prices)) == (499, 4688)


def odd_cases() -> dict[str, int]:
    """How often each oddity stands in the catalogue."""
    titles = Counter(product["title"] for product in PRODUCTS)
    return {
        "a title used twice": sum(number == 2 for number in titles.values()),
        "hidden": sum(not product["visible"] for product in PRODUCTS),
        "locked": sum(product["is_locked"] for product in PRODUCTS),
        "never published": sum("external" not in product for product in PRODUCTS),
        "no safety text": sum(product.get("safety_information", "") is None for product in PRODUCTS),
        "no safety key": sum("safety_information" not in product for product in PRODUCTS),
        "sold out": sum(not any(each["is_available"] for each in enabled(product)) for product in PRODUCTS),
        "enabled, unavailable": sum(not each["is_available"] for product in PRODUCTS for each in enabled(product)),
        "default disabled": sum(
            each["is_default"] and not each["is_enabled"] for product in PRODUCTS for each in product["variants"]
        ),
        "several default pictures": sum(
            sum(image["is_default"] for image in product["images"]) > 1 for product in PRODUCTS
        ),
        "a picture of no variant": sum(not image["variant_ids"] for product in PRODUCTS for image in product["images"]),
        "only sent within the US": sum(
            catalogue.SHIPPING[product["blueprint_id"]].countries == ("US",) for product in PRODUCTS
        ),
    }


def test_the_odd_cases_are_present() -> None:
    expected = {
        "a title used twice": 2,
        "hidden": 2,
        "locked": 1,
        "sold out": 1,
        "default disabled": 1,
        "only sent within the US": 1,
    }
    counted = odd_cases()
    assert {name: counted[name] for name in expected} == expected
    assert not [name for name, number in counted.items() if number == 0]


def test_ash_is_two_option_values_of_one_name() -> None:
    colours = next(product for product in PRODUCTS if product["blueprint_id"] == 6)["options"][0]["values"]
    ash = [value["id"] for value in colours if value["title"] == "Ash"]
    assert len(ash) == len(set(ash)) == 2


def test_titles_of_one_blueprint_name_their_parts_in_either_order() -> None:
    titles = {product["title"]: enabled(product)[0]["title"] for product in PRODUCTS if kind(product) == "sticker"}
    assert titles["Hold Gently Sticker"] == "2″ × 2″ / White"
    assert titles["Bloom Anyway Daisy Sticker"] == "White / 2″ × 2″"


def test_no_description_carries_a_script() -> None:
    assert not [product["title"] for product in PRODUCTS if "<script" in product["description"]]


def test_size_guides_measure_in_inches_and_centimetres() -> None:
    guide = catalogue.size_guide(12)
    assert guide is not None
    assert guide["sizes"] == ["S", "M", "L", "XL", "2XL", "3XL"]
    assert {measure["units"] for measure in guide["types"]} == {"in", "cm"}
    assert catalogue.size_guide(282) is None


def first_of_each_camera() -> list[Any]:
    found: dict[tuple[str, str], Any] = {}
    for product in PRODUCTS:
        for image in product["images"]:
            *_, product_id, variant_id, camera, _name = urlsplit(image["src"]).path.split("/")
            label = parse_qs(urlsplit(image["src"]).query)["camera_label"][0]
            case = pytest.param(product_id, int(variant_id), camera, id=f"{kind(product)} {label}")
            found.setdefault((kind(product), camera), case)
    return list(found.values())


def test_every_camera_is_used() -> None:
    assert len(first_of_each_camera()) == sum(len(cameras) for cameras in CAMERAS.values())


@pytest.mark.parametrize(("product_id", "variant_id", "camera"), first_of_each_camera())
def test_each_kind_is_drawn_from_each_camera(product_id: str, variant_id: int, camera: str) -> None:
    with Image.open(io.BytesIO(mockups.render(product_id, variant_id, camera))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1200, 1200))
        assert len(picture.convert("L").resize((40, 40)).getcolors(1600) or []) > 30


def test_a_picture_is_the_same_when_drawn_again() -> None:
    product = next(product for product in PRODUCTS if product["title"] == "A Little Magic Mug")
    question = (product["id"], product["variants"][0]["id"], "front")
    assert mockups.render(*question) == mockups.render(*question)


@pytest.mark.parametrize(
    ("product_id", "variant_id", "camera"),
    [
        ("0" * 24, 1, "front"),
        (PRODUCTS[0]["id"], 1, "front"),
        (PRODUCTS[0]["id"], PRODUCTS[0]["variants"][0]["id"], "moon"),
    ],
    ids=["product", "variant", "camera"],
)
def test_what_does_not_exist_is_not_drawn(product_id: str, variant_id: int, camera: str) -> None:
    with pytest.raises(KeyError):
        mockups.render(product_id, variant_id, camera)
