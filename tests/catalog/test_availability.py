from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from catalog import availability
from catalog.models import PrintifyCache, Product, Variant
from catalog.sync import upsert
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


def test_before_a_charge_even_what_is_fresh_is_read_once_more_but_not_twice_a_minute(
    upstream: Upstream, product: Product
) -> None:
    PrintifyCache.objects.update(expires_at=timezone.now() + timedelta(minutes=30))
    upstream.products = [tee()]
    upstream.products[0]["variants"][1]["price"] = 2999
    assert availability.ensure_fresh([product.pk]) == frozenset()
    assert upstream.calls == []
    for _ in range(2):
        assert availability.ensure_fresh([product.pk], before_charge=True) == frozenset()
    assert (white_s().price, upstream.calls) == (2999, [tee()["id"]])


def test_when_it_was_last_checked_is_told_only_when_that_is_late(product: Product, settings: LazySettings) -> None:
    age(minutes=-1)
    assert availability.last_checked(product) is None
    age(minutes=5)
    assert availability.last_checked(product) is None
    age(hours=2)
    told = availability.last_checked(product)
    assert told is not None
    assert timezone.now() - told >= timedelta(hours=2, minutes=settings.CATALOG_TTL_MINUTES - 1)


def test_the_product_page_tells_it(client: Client, product: Product) -> None:
    address = product.get_absolute_url()
    age(hours=2)
    assert "last checked 3" in client.get(address).content.decode().replace("\xa0", " ")
    age(minutes=-1)
    assert "last checked" not in client.get(address).content.decode()


def test_what_goes_into_the_cart_is_read_again_when_it_is_stale(
    client: Client, upstream: Upstream, product: Product
) -> None:
    age(minutes=1)
    upstream.products = [tee()]
    upstream.products[0]["variants"][1]["is_available"] = False
    variant = white_s()
    answer = client.post(
        "/cart/add/", {"product": product.pk, "variant": variant.variant_id, "quantity": 1}, follow=True
    )
    assert "is sold out at the moment" in answer.content.decode()
    assert upstream.calls == [tee()["id"]]


def test_what_is_older_than_the_shop_trusts_does_not_go_into_the_cart(
    client: Client, upstream: Upstream, product: Product, settings: LazySettings
) -> None:
    age(seconds=settings.CACHE_STALE_LIMIT.total_seconds() + 60)
    upstream.single[tee()["id"]] = 503
    asked = {"product": product.pk, "variant": 12001, "quantity": 1}
    assert "cannot check the stock" in client.post("/cart/add/", asked, follow=True).content.decode()
