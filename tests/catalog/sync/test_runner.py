"""The whole synchronisation against an upstream that behaves, and one that does not."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.conf import LazySettings
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import PriceChange, PrintifyCache, Product, ProductImage, SyncChange, SyncRun, Variant
from catalog.printify import products
from catalog.sync import runner, upsert
from ilytat.integrations.models import Alert, SyncLog
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db


def done(*, dry_run: bool = False) -> SyncRun:
    run = runner.run("test", dry_run=dry_run)
    assert run is not None
    return run


def alerts() -> list[str]:
    return list(Alert.objects.filter(closed_at=None).values_list("key", flat=True))


def test_every_page_is_read_and_every_product_kept(upstream: Upstream) -> None:
    upstream.products, upstream.per_page = [tee(number) for number in range(7)], 3
    run = done()
    assert (run.state, run.total, run.seen, run.created, run.calls) == ("success", 7, 7, 7, 3)
    assert Product.objects.for_sale().count() == 7
    assert SyncLog.objects.get().detail == "7 of 7 read, 7 created"
    assert upstream.calls == ["page 1", "page 2", "page 3"]


def test_one_product_is_kept_with_what_the_shop_shows_of_it(upstream: Upstream) -> None:
    upstream.products = [tee()]
    done()
    product = Product.objects.get()
    assert (product.slug, product.price_from, product.price_to, product.in_stock) == (
        "hold-gently-tee-f60001",
        2499,
        2599,
        True,
    )
    assert [category.slug for category in product.categories.all()] == ["apparel"]
    assert [(row.variant_id, row.label, row.is_available) for row in product.variants.all()] == [
        (12001, "White / S", True),
        (12002, "White / M", True),
        (12003, "Ash / S", False),
    ]
    assert [row.label for row in product.images.all()] == ["front", "back", "front", "person"]
    assert PrintifyCache.objects.get().data == tee()


def test_a_second_run_writes_no_product_row(upstream: Upstream) -> None:
    upstream.products = [tee(number) for number in range(5)]
    done()
    with CaptureQueriesContext(connection) as queries:
        run = done()
    assert (run.unchanged, run.created, run.changed) == (5, 0, 0)
    written = [each["sql"].split("SET")[0] for each in queries if each["sql"].startswith(("UPDATE", "INSERT"))]
    products = [sql for sql in written if "catalog_" in sql and "catalog_syncrun" not in sql]
    assert products == ['UPDATE "catalog_printifycache" ']


def test_freshness_is_renewed_for_what_did_not_change(upstream: Upstream) -> None:
    upstream.products = [tee()]
    done()
    PrintifyCache.objects.update(expires_at=timezone.now() - timedelta(hours=3))
    done()
    assert PrintifyCache.objects.fresh().count() == 1


def test_what_staff_decided_stays(upstream: Upstream) -> None:
    upstream.products = [tee()]
    done()
    own = {"title_override": "Ours", "description_override": "Words", "hidden": True, "featured": True, "position": 3}
    Product.objects.update(**own)
    upstream.products = [tee(title="Renamed there", tags=["Mugs"])]
    assert done().changed == 1
    product = Product.objects.get()
    assert {name: getattr(product, name) for name in own} == own
    assert (product.upstream_title, product.slug) == ("Renamed there", "hold-gently-tee-f60001")


def test_a_price_change_is_recorded_with_before_and_after(upstream: Upstream) -> None:
    upstream.products = [tee()]
    done()
    upstream.products[0]["variants"][1]["price"] = 2299
    run = done()
    change = SyncChange.objects.get(run=run)
    assert change.fields["variant 12001 price"] == [2499, 2299]
    assert change.fields["price_from"] == [2499, 2299]
    assert list(PriceChange.objects.filter(variant__variant_id=12001).values_list("price", "available")) == [
        (2499, True),
        (2299, True),
    ]


def test_a_dry_run_says_what_it_would_do_and_does_nothing(upstream: Upstream) -> None:
    upstream.products = [tee(1), tee(2)]
    done()
    upstream.products = [tee(1, title="Renamed"), tee(2), tee(3)]
    run = done(dry_run=True)
    assert (run.state, run.created, run.changed, run.unchanged) == ("success", 1, 1, 1)
    assert sorted(run.changes.values_list("outcome", flat=True)) == ["changed", "created"]
    assert sorted(Product.objects.values_list("upstream_title", flat=True)) == ["Hold Gently Tee"] * 2
    assert PrintifyCache.objects.count() == 2


def test_one_bad_product_is_quarantined_and_its_last_good_version_stays(upstream: Upstream) -> None:
    upstream.products = [tee(1), tee(2)]
    done()
    upstream.products[0]["variants"][0]["price"] = "a lot"
    upstream.products[1]["title"] = "Fine"
    run = done()
    assert (run.state, run.failed, run.changed) == ("success", 1, 1)
    held = PrintifyCache.objects.exclude(error="").get()
    assert ("no usable price" in held.error, held.error_code) == (True, "no_price")
    assert run.changes.get(outcome="failed").error_code == "no_price"
    assert Variant.objects.filter(product__printify_id=held.external_id, variant_id=12002).get().price == 2599
    assert alerts() == [runner.QUARANTINE]
    upstream.products[0] = tee(1)
    done()
    assert not PrintifyCache.objects.exclude(error="", error_code="").exists()
    assert alerts() == []


def test_a_surprise_in_one_product_does_not_end_the_walk(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    def surprised(data: Any) -> Any:
        if data["id"] == tee(1)["id"]:
            raise DatabaseError("title is missing: value out of range")
        return original(data)

    original = products.read_product
    monkeypatch.setattr(upsert, "read_product", surprised)
    upstream.products = [tee(1), tee(2)]
    run = done()
    assert (run.failed, run.created) == (1, 1)
    change = run.changes.get(outcome="failed")
    assert ("DatabaseError" in change.error, change.error_code) == (True, "unexpected")
    held = PrintifyCache.objects.exclude(error="").get()
    assert (held.external_id, held.error_code) == (tee(1)["id"], "unexpected")
    monkeypatch.setattr(upsert, "read_product", original)
    assert (done().created, PrintifyCache.objects.exclude(error="").exists()) == (1, False)


def test_a_surprise_in_a_dry_run_leaves_no_trace(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upsert, "read_product", lambda data: data["a key that is not there"])
    upstream.products = [tee()]
    run = runner.run("staff", dry_run=True)
    assert run is not None
    assert (run.failed, PrintifyCache.objects.exists()) == (1, False)


def test_times_that_no_calendar_of_ours_has_are_read_over(upstream: Upstream) -> None:
    upstream.products = [tee(created_at="9999-12-31 23:59:59-12:00", updated_at="0001-01-01 00:00:00+14:00")]
    assert done().created == 1
    assert Product.objects.get().created_upstream is None


def test_what_cannot_be_stored_as_it_is_is_stored_without(upstream: Upstream) -> None:
    upstream.products = [tee(description="nul \0 and half a pair \ud83d")]
    assert done().created == 1
    assert Product.objects.get().upstream_description == "nul  and half a pair ?"


def test_a_product_no_longer_listed_is_hidden_and_comes_back_with_its_row(upstream: Upstream) -> None:
    upstream.products = [tee(number) for number in range(5)]
    done()
    key = Product.objects.get(printify_id=tee(4)["id"]).pk
    upstream.products = upstream.products[:4]
    assert done().gone == 1
    assert Product.objects.for_sale().count() == 4
    upstream.products = [tee(number) for number in range(5)]
    assert done().changed == 1
    assert Product.objects.for_sale().filter(pk=key).exists()


def test_a_list_that_lost_too_much_hides_nothing_and_asks_staff(upstream: Upstream) -> None:
    upstream.products = [tee(number) for number in range(6)]
    done()
    upstream.products = upstream.products[:4]
    run = done()
    assert (run.state, run.gone) == ("partial", 0)
    assert "2 of 6 products were missing" in run.note
    assert Product.objects.for_sale().count() == 6
    assert alerts() == ["catalogue:vanished"]


def test_an_empty_list_with_200_empties_nothing(upstream: Upstream) -> None:
    upstream.products = [tee()]
    done()
    upstream.products = []
    assert done().state == "partial"
    assert Product.objects.for_sale().count() == 1


@pytest.mark.parametrize(
    "trouble", [503, "<html>maintenance</html>", '{"data": [', requests.ConnectionError("cut"), (302, {})], ids=str
)
def test_a_page_that_fails_leaves_the_rest_as_it_was(upstream: Upstream, trouble: object) -> None:
    upstream.products, upstream.per_page = [tee(number) for number in range(4)], 2
    done()
    upstream.products[0]["title"] = "New"
    upstream.pages[2] = trouble
    run = done()
    assert (run.state, run.changed, run.gone) == ("partial", 1, 0)
    assert Product.objects.for_sale().count() == 4


def test_a_refused_token_fails_the_run_and_tells_staff_once(upstream: Upstream) -> None:
    upstream.products = [tee()]
    done()
    upstream.pages[1] = 401
    assert [done().state, done().state] == ["failed", "failed"]
    alert = Alert.objects.get()
    assert (alert.key, alert.count) == ("provider:printify", 1), "the second run makes no call"
    assert Product.objects.for_sale().count() == 1


def test_without_a_token_the_run_fails_with_the_reason(settings: LazySettings) -> None:
    settings.PRINTIFY_API_KEY = ""
    run = done()
    assert (run.state, run.note) == ("failed", "PRINTIFY_API_KEY is not set.")


def test_an_older_answer_never_overwrites_a_newer_one(upstream: Upstream) -> None:
    upstream.products = [tee(updated_at="2026-10-05 12:00:00+00:00", title="Newer")]
    done()
    upstream.products = [tee(updated_at="2026-10-05 11:00:00+00:00", title="Older")]
    assert done().unchanged == 1
    assert Product.objects.get().upstream_title == "Newer"


def test_an_older_answer_is_taken_once_what_we_have_is_too_old_to_sell(
    upstream: Upstream, settings: LazySettings
) -> None:
    upstream.products = [tee(updated_at="2026-10-05 12:00:00+00:00", title="Newer")]
    done()
    PrintifyCache.objects.update(expires_at=timezone.now() - settings.CACHE_STALE_LIMIT - timedelta(minutes=1))
    upstream.products = [tee(updated_at="2026-10-05 11:00:00+00:00", title="Restored")]
    assert done().changed == 1


def test_an_answer_asked_for_earlier_never_overwrites_one_asked_for_later() -> None:
    now = timezone.now()
    upsert.store(tee(title="Webhook's"), now)
    assert upsert.store(tee(title="Slow page's"), now - timedelta(seconds=20)).outcome == "older"
    assert Product.objects.get().upstream_title == "Webhook's"


def test_a_product_listed_as_deleted_is_hidden(upstream: Upstream) -> None:
    upstream.products = [tee()]
    done()
    upstream.products[0]["is_deleted"] = True
    done()
    since = Product.objects.get().gone_at
    assert since is not None
    upstream.products[0]["tags"] = []
    done()
    assert Product.objects.get().gone_at == since


def test_pictures_of_vanished_mockups_go_with_them(upstream: Upstream) -> None:
    upstream.products = [tee()]
    done()
    del upstream.products[0]["images"][3]
    done()
    assert ProductImage.objects.count() == 3
