"""The shelf follows the products, and holds nothing that is not for sale."""

import io

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.models import Posting, Product, ShelfEntry, Word
from catalog.search import index
from catalog.sync import upsert
from tests.catalog import goods as shelves
from tests.catalog.conftest import tee as printify_tee

pytestmark = pytest.mark.django_db(transaction=True)


def said(product: Product) -> set[str]:
    return set(Posting.objects.filter(entry=product.pk).values_list("word__text", flat=True))


def test_what_printify_says_is_on_the_shelf_with_the_same_transaction() -> None:
    upsert.store(printify_tee(1, title="Busy Bee Tee"), timezone.now())
    product = Product.objects.get()
    assert {"busy", "bee", "tee", "white", "s", "m"} <= said(product)
    upsert.store(printify_tee(1, title="Moon Cat Tee", updated_at="2030-01-01 00:00:00+00:00"), timezone.now())
    assert {"moon", "cat"} <= said(product)
    assert "bee" not in said(product)


@pytest.mark.parametrize("changes", [{"hidden": True}, {"visible": False}, {"gone_at": timezone.now()}])
def test_what_is_no_longer_for_sale_leaves_the_shelf(changes: dict[str, object]) -> None:
    product = shelves.tee()
    index.catch_up()
    assert ShelfEntry.objects.filter(pk=product.pk).exists()
    Product.objects.filter(pk=product.pk).update(**changes)
    index.catch_up()
    assert not ShelfEntry.objects.exists()


def test_an_unchanged_product_is_not_written_again() -> None:
    product = shelves.tee()
    assert index.put([product.pk]) == 1
    before = set(Posting.objects.values_list("pk", flat=True))
    Product.objects.update(synced_at=timezone.now())
    assert index.put([product.pk]) == 0
    assert set(Posting.objects.values_list("pk", flat=True)) == before
    assert index.catch_up() == 0


def test_words_nobody_says_any_more_are_forgotten_and_the_index_can_be_rewritten() -> None:
    product = shelves.tee(upstream_title="Xylophone Tee")
    index.catch_up()
    Product.objects.filter(pk=product.pk).update(title_override="Drum Tee", synced_at=timezone.now())
    index.catch_up()
    index.forget_words()
    assert not Word.objects.filter(text="xylophone").exists()
    out = io.StringIO()
    call_command("refresh_catalog", "--reindex", stdout=out)
    assert (out.getvalue(), "drum" in said(product)) == ("search index: 1 products\n", True)
