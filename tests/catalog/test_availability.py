from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from catalog import availability, upsert
from catalog.models import PrintifyCache, Product, Variant
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    upsert.store(tee(), timezone.now() - timedelta(hours=1))
    return Product.objects.get()


def age(**ago: float) -> None:
    PrintifyCache.objects.update(expires_at=timezone.now() - timedelta(**ago))


def white_s() -> Variant:
    return Variant.objects.get(variant_id=12001)


def test_what_is_fresh_is_not_asked_for(upstream: Upstream, product: Product) -> None:
    PrintifyCache.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert availability.ensure_fresh([product.pk]) == frozenset()
    assert upstream.calls == []


def test_what_is_stale_is_read_before_it_is_charged(upstream: Upstream, product: Product) -> None:
    age(minutes=1)
    upstream.products = [tee()]
    upstream.products[0]["variants"][1]["price"] = 2999
    assert availability.ensure_fresh([product.pk]) == frozenset()
    assert white_s().price == 2999


def test_while_printify_is_down_the_shop_sells_from_what_it_knows(upstream: Upstream, product: Product) -> None:
    age(hours=3)
    upstream.single[tee()["id"]] = 503
    assert availability.ensure_fresh([product.pk]) == frozenset()
    assert availability.sellable(white_s())


def test_but_not_for_ever(upstream: Upstream, product: Product, settings: LazySettings) -> None:
    age(seconds=settings.CACHE_STALE_LIMIT.total_seconds() + 60)
    upstream.single[tee()["id"]] = 503
    assert availability.ensure_fresh([product.pk]) == {product.pk}
    assert not availability.sellable(white_s())


def test_after_a_failure_nobody_waits_again_at_once(upstream: Upstream, product: Product) -> None:
    age(hours=1)
    upstream.single[tee()["id"]] = 503
    availability.ensure_fresh([product.pk])
    availability.ensure_fresh([product.pk])
    assert upstream.calls == [tee()["id"]]


def test_a_wait_ends_at_the_deadline(upstream: Upstream, product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    upsert.store(tee(2), timezone.now() - timedelta(hours=1))
    age(hours=1)
    monkeypatch.setattr(availability, "DEADLINE", -1.0)
    assert availability.ensure_fresh(Product.objects.values_list("pk", flat=True)) == frozenset()
    assert upstream.calls == []


def test_a_product_printify_no_longer_has_cannot_be_bought(upstream: Upstream, product: Product) -> None:
    age(minutes=1)
    availability.ensure_fresh([product.pk])
    assert not availability.sellable(white_s())


@pytest.mark.parametrize("changes", [{"is_enabled": False}, {"is_available": False}])
def test_a_variant_that_is_not_offered_cannot_be_bought(product: Product, changes: dict[str, bool]) -> None:
    Variant.objects.update(**changes)
    assert not availability.sellable(white_s())


@pytest.mark.parametrize("changes", [{"hidden": True}, {"visible": False}, {"gone_at": timezone.now()}])
def test_no_variant_of_a_product_that_is_not_shown_can_be_bought(product: Product, changes: dict[str, object]) -> None:
    Product.objects.update(**changes)
    assert not availability.sellable(white_s())
