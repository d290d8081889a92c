from typing import Any

import pytest
from django.utils import timezone

from catalog import categories
from catalog.models import Category, Product
from catalog.sync import upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db


def keep(number: int = 1, **changes: Any) -> Product:
    upsert.store(tee(number, **changes), timezone.now())
    return Product.objects.get(printify_id=tee(number)["id"])


def slugs(product: Product) -> list[str]:
    return [category.slug for category in product.categories.all()]


def test_the_shop_starts_with_four_categories() -> None:
    assert list(Category.objects.values_list("name", flat=True)) == ["Apparel", "Home & Living", "Accessories", "Gifts"]


def test_tags_place_a_product_whatever_their_case() -> None:
    assert slugs(keep(tags=["MUGS", "home & living"])) == ["home-living", "gifts"]


def test_a_blueprint_places_a_product_without_tags() -> None:
    Category.objects.filter(slug="gifts").update(blueprint_ids=[6, "7", "x", None])
    assert slugs(keep(tags=[])) == ["gifts"]


def test_what_no_rule_places_is_on_the_unmapped_list() -> None:
    product = keep(tags=["Something new"])
    assert list(categories.unmapped()) == [product]


def test_new_tags_move_it_and_leave_what_staff_placed() -> None:
    product = keep(tags=["T-shirts"])
    product.categories.add(Category.objects.get(slug="gifts"))
    keep(tags=["Posters"])
    assert slugs(product) == ["home-living", "gifts"]


def test_a_category_staff_took_away_does_not_come_back() -> None:
    product = keep()
    product.categories.clear()
    keep(title="Another")
    assert slugs(product) == []


def test_an_edited_rule_moves_the_products_it_concerns() -> None:
    tee_, mug = keep(1), keep(2, tags=["Mugs"])
    gifts = Category.objects.get(slug="gifts")
    old = categories.rule(gifts)
    gifts.tags = ["T-shirts"]
    gifts.save()
    assert categories.change_rule(old, categories.rule(gifts)) == 2
    assert (slugs(tee_), slugs(mug)) == (["apparel", "gifts"], ["home-living"])


@pytest.mark.parametrize("nonsense", [None, "Mugs", 7, {"a": 1}, [None, 3, ["x"]]])
def test_nonsense_in_a_rule_matches_nothing(nonsense: object) -> None:
    category = Category(pk=1, tags=nonsense, blueprint_ids=[])
    assert not categories.rule(category).matches(["Mugs"], 3)
