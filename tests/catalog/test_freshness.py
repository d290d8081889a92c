"""An unchanged page is not sent twice, and a changed one is."""

import io

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from catalog.models import Product, ProductImage
from tests import factories
from tests.catalog.goods import tee
from tests.pages import source

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/", "/products/", "/search/?q=tee", "/categories/gifts/"])
def test_an_unchanged_page_is_304_and_a_changed_one_is_not(client: Client, path: str) -> None:
    product = tee()
    etag = client.get(path)["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert "no-store" not in again["Cache-Control"]
    Product.objects.filter(pk=product.pk).update(title_override="Another name")
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_a_product_page_is_private_and_follows_the_cart(client: Client) -> None:
    product = tee()
    path = product.get_absolute_url()
    first = client.get(path)
    assert "private" in first["Cache-Control"]
    client.post("/cart/add/", {"product": product.pk, "variant": product.variants.all()[0].variant_id, "quantity": 1})
    client.get(path)  # the message that it was added
    changed = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert client.get(path, headers={"If-None-Match": changed["ETag"]}).status_code == 304


def test_another_browser_with_another_form_secret_gets_a_page_of_its_own(client: Client) -> None:
    path = tee().get_absolute_url()
    assert client.get(path)["ETag"] != Client().get(path)["ETag"]


def test_the_header_for_prefetching_leads_to_rules_without_a_script(client: Client) -> None:
    tee()
    address = client.get("/products/")["Speculation-Rules"].strip('"')
    rules = client.get(address)
    assert rules["Content-Type"] == "application/speculationrules+json"
    assert rules.json()["prefetch"][0]["eagerness"] == "moderate"


def test_the_picture_for_shared_links_is_a_jpeg_drawn_once(client: Client) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (1400, 1400), "orange").save(buffer, "WEBP")
    name = default_storage.save("products/shared-1200.webp", ContentFile(buffer.getvalue()))
    product = factories.product()
    factories.variant(product)
    ProductImage.objects.create(product=product, source_url="https://images.printify.com/s.jpg", files={"1200": name})
    page = source(client.get(product.get_absolute_url()))
    path = f"/products/{product.slug}/picture.jpg"
    assert f'<meta property="og:image" content="http://testserver{path}">' in page
    for _time in range(2):
        answer = client.get(path)
        with Image.open(io.BytesIO(answer.content)) as drawn:
            assert (drawn.format, drawn.size) == ("JPEG", (1200, 1200))
    assert client.get("/products/nothing/picture.jpg").status_code == 404
