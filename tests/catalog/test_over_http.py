"""The catalogue against the stand-in over real HTTP: the client, the walk, pictures, publishing, subscriptions."""

import io

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from catalog.images import fetch
from catalog.models import PrintifyCache, Product, ProductImage, SyncRun, Variant
from catalog.printify.client import printify
from catalog.sync import publishing, runner
from ilytat.integrations import webhook_subscriptions
from tests.stack import KEYS
from tests.stand_in import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(sandbox: Sandbox, settings: LazySettings) -> Sandbox:
    settings.PRINTIFY_API_BASE = f"{sandbox.url}/printify"
    settings.PRINTIFY_API_KEY = KEYS["PRINTIFY_API_KEY"]
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    settings.IMAGE_HOSTS = [sandbox.url.removeprefix("http://")]
    printify.cache_clear()
    return sandbox


def done() -> SyncRun:
    run = runner.run("test")
    assert run is not None
    return run


def test_the_whole_demo_catalogue_is_read_and_a_second_run_changes_nothing(shelf: Sandbox) -> None:
    first, second = done(), done()
    assert (first.state, first.failed, first.created) == ("success", 0, first.total)
    assert first.total >= 34
    assert (second.unchanged, second.changed, second.created) == (first.total, 0, 0)
    assert not PrintifyCache.objects.exclude(error="").exists()
    assert not Variant.objects.filter(is_enabled=True, price__lte=0).exists()
    assert Product.objects.for_sale().filter(categories__isnull=True).count() == 0


def test_every_offered_combination_is_its_own_and_complete(shelf: Sandbox) -> None:
    done()
    for product in Product.objects.prefetch_related("variants"):
        chosen = [tuple(row.option_ids) for row in product.variants.all() if row.is_enabled]
        assert len(set(chosen)) == len(chosen)
        assert {len(ids) for ids in chosen} <= {len(product.options)}


def test_a_page_lost_on_the_way_is_asked_for_again(shelf: Sandbox) -> None:
    fault = shelf.arm("printify.products.list", "500", times=2)
    assert done().state == "success"
    assert shelf.fired(fault) == 2


def test_an_outage_leaves_the_catalogue_as_it_was(shelf: Sandbox) -> None:
    count = done().total
    fault = shelf.arm("printify.products.list", "500", times=None)
    assert done().state == "failed"
    assert shelf.fired(fault) == 3
    assert Product.objects.filter(gone_at=None).count() == count


def test_pictures_come_from_the_stand_in_and_become_ours(shelf: Sandbox) -> None:
    done()
    row = fetch.due().first()
    assert row is not None
    ProductImage.objects.exclude(pk=row.pk).delete()
    assert fetch.fetch_due(30) == fetch.Fetched(done=1, failed=0, left=0)
    row.refresh_from_db()
    assert set(row.files) == {"400", "800", "1200"}


def test_a_product_published_there_is_unlocked_with_our_address(shelf: Sandbox) -> None:
    done()
    product = Product.objects.for_sale().filter(is_locked=False)[0]
    shelf.post(f"/control/printify/products/{product.printify_id}/publish")
    runner.refresh_product(product.printify_id)
    assert product.printify_id in publishing.locked_ids()
    publishing.answer_all()
    assert publishing.locked_ids() == []
    said = PrintifyCache.objects.get(external_id=product.printify_id).data["external"]
    assert said == {"id": str(product.pk), "handle": f"http://testserver{product.get_absolute_url()}"}


def test_a_product_deleted_there_is_hidden_here(shelf: Sandbox) -> None:
    done()
    product = Product.objects.for_sale()[0]
    shelf.post(f"/control/printify/products/{product.printify_id}/delete")
    assert runner.refresh_product(product.printify_id).outcome == "gone"
    assert done().unchanged == Product.objects.filter(gone_at=None).count()


def test_a_price_changed_there_is_the_price_here(shelf: Sandbox) -> None:
    done()
    variant = Variant.objects.sellable()[0]
    key = variant.product.printify_id
    shelf.post(f"/control/printify/products/{key}/price", {"price": "31.50", "variant": variant.variant_id})
    assert runner.refresh_product(key).outcome == "changed"
    variant.refresh_from_db()
    assert variant.price == 3150


def test_subscriptions_are_made_once(shelf: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_subscriptions, "_providers", {})  # Printify's only
    call_command("register_webhooks", stdout=io.StringIO())
    call_command("register_webhooks", stdout=io.StringIO())
    topics = [hook["topic"] for hook in printify().webhooks()]
    assert len(set(topics)) == len(topics) == 10
