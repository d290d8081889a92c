import pytest
from django.utils import timezone

from catalog.models import PriceChange, Variant
from catalog.models import Product as Shown
from catalog.sync import upsert
from tests.catalog.conftest import Product, tee

pytestmark = pytest.mark.django_db


def keep(product: Product) -> None:
    upsert.store(product, timezone.now())


def row(variant_id: int) -> Variant:
    return Variant.objects.get(variant_id=variant_id)


def test_rows_are_kept_for_what_is_offered_not_for_what_could_be() -> None:
    keep(tee())
    assert set(Variant.objects.values_list("variant_id", flat=True)) == {12001, 12002, 12003}


def test_one_variant_id_may_belong_to_many_products() -> None:
    keep(tee(1))
    keep(tee(2))
    assert Variant.objects.filter(variant_id=12001).count() == 2


def test_a_disabled_variant_keeps_its_row_and_its_last_real_price() -> None:
    keep(tee())
    key = row(12001).pk
    product = tee()
    product["variants"][1] |= {"is_enabled": False, "price": 406}
    keep(product)
    assert (row(12001).pk, row(12001).is_enabled, row(12001).price) == (key, False, 2499)


def test_a_variant_no_longer_listed_keeps_its_row_and_cannot_be_bought() -> None:
    keep(tee())
    product = tee()
    del product["variants"][1]
    keep(product)
    assert (row(12001).is_enabled, row(12001).sellable) == (False, False)
    assert PriceChange.objects.filter(variant=row(12001)).latest("at").available is False


def test_stock_that_comes_and_goes_is_remembered() -> None:
    product = tee()
    for available in (True, False, True):
        product["variants"][1]["is_available"] = available
        keep(product)
    history = PriceChange.objects.filter(variant=row(12001)).order_by("pk")
    assert list(history.values_list("available", flat=True)) == [True, False, True]


def test_variants_stand_in_the_order_of_the_options() -> None:
    keep(tee())
    assert list(Variant.objects.values_list("variant_id", flat=True)) == [12001, 12002, 12003]


def test_prices_are_those_of_what_can_be_bought_while_anything_can() -> None:
    product = tee()
    for variant in product["variants"]:
        variant["is_available"] = False
    keep(tee())
    shown = Shown.objects.get()
    assert (shown.price_from, shown.price_to, shown.in_stock) == (2499, 2599, True)
    keep(product)
    shown.refresh_from_db()
    assert (shown.price_from, shown.price_to, shown.in_stock) == (1999, 2599, False)


def test_without_an_enabled_variant_there_is_no_price_and_no_page() -> None:
    product = tee()
    for variant in product["variants"]:
        variant["is_enabled"] = False
    keep(product)
    shown = Shown.objects.get()
    assert (shown.price_from, Shown.objects.for_sale().exists()) == (None, False)
