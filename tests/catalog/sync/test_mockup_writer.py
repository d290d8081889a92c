import pytest
from django.utils import timezone

from catalog.models import ProductImage
from catalog.sync import upsert
from tests.catalog.conftest import Product, tee

pytestmark = pytest.mark.django_db


def keep(product: Product) -> None:
    assert upsert.store(product, timezone.now()).outcome in {"created", "changed"}


def fetched() -> None:
    ProductImage.objects.update(digest="d", files={"400": "products/dd/d-400.webp"}, error="")


def test_a_new_title_moves_every_address_and_loses_no_picture() -> None:
    keep(tee())
    fetched()
    keys = set(ProductImage.objects.values_list("pk", flat=True))
    images = [image | {"src": image["src"].replace("hold-gently", "let-go")} for image in tee()["images"]]
    keep(tee(title="Let Go Tee", images=images))
    rows = ProductImage.objects.all()
    assert {row.pk for row in rows} == keys
    assert all("let-go" in row.source_url and row.files and not row.digest for row in rows)


def test_new_artwork_makes_every_picture_due_again_and_shows_the_old_ones_meanwhile() -> None:
    keep(tee())
    fetched()
    redrawn = tee()
    redrawn["print_areas"][0]["placeholders"][0]["images"][0]["angle"] = 45
    keep(redrawn)
    assert [(row.digest, bool(row.files)) for row in ProductImage.objects.all()] == [("", True)] * 4


def test_another_change_fetches_nothing_anew() -> None:
    keep(tee())
    fetched()
    keep(tee(title="Another word", tags=[]))
    assert not ProductImage.objects.filter(digest="").exists()


def test_a_variant_that_becomes_offered_brings_its_pictures() -> None:
    keep(tee())
    more = tee()
    more["variants"][4] |= {"is_enabled": True, "price": 2499}
    keep(more)
    assert ProductImage.objects.get(variant_ids=[12005]).label == "front"
