"""Staff's own values: kept through every sync, told apart when Printify moves on, and given up by one press."""

from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.images import encode, urls
from catalog.models import Product, ProductImage
from catalog.models.curation import FieldChange, OldSlug, SizeTable
from catalog.storefront import size_tables
from catalog.sync import changes, overrides, upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    upsert.store(tee(), timezone.now())
    return Product.objects.get()


def saved(office: Client, product: Product, **changes: Any) -> Any:
    """The form as the page would send it, with some of its fields changed."""
    rows = list(product.images.all())
    form: dict[str, Any] = {
        "title_override": product.title_override,
        "description_override": product.description_override,
        "slug": product.slug,
        "position": product.position,
        "variants-TOTAL_FORMS": 0,
        "variants-INITIAL_FORMS": 0,
        "images-TOTAL_FORMS": len(rows),
        "images-INITIAL_FORMS": len(rows),
    }
    for at, row in enumerate(rows):
        form |= {f"images-{at}-id": row.pk, f"images-{at}-product": product.pk, f"images-{at}-place": row.place}
    answer = office.post(reverse("admin:catalog_product_change", args=[product.pk]), form | changes)
    product.refresh_from_db()
    return answer


def pressed(office: Client, product: Product, verb: str, field: str) -> None:
    assert office.post(reverse("admin:catalog_override", args=[product.pk, verb, field])).status_code == 302
    product.refresh_from_db()


def card(office: Client, product: Product) -> str:
    return office.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()


def test_a_title_of_our_own_stays_and_warns_when_printify_changes_its(office: Client, product: Product) -> None:
    assert saved(office, product, title_override="Ours").status_code == 302
    assert (product.title, product.basis) == ("Ours", {"title": tee()["title"]})
    upsert.store(tee(title="Theirs, new"), timezone.now())
    product.refresh_from_db()
    assert (product.title, product.override_moved) == ("Ours", True)
    assert FieldChange.objects.get().state == "overridden"
    assert "Printify has changed it since" in card(office, product)
    pressed(office, product, "keep", "title")
    assert (product.title, product.override_moved, product.basis) == ("Ours", False, {"title": "Theirs, new"})
    pressed(office, product, "drop", "title")
    assert (product.title, product.basis) == ("Theirs, new", {})


def test_a_new_address_leaves_the_old_one_leading_there(office: Client, product: Product, client: Client) -> None:
    first = product.slug
    saved(office, product, slug="gentle-tee")
    answer = client.get(reverse("product", args=[first]), {"color": "521"})
    assert (answer.status_code, answer.headers["Location"]) == (
        301,
        reverse("product", args=["gentle-tee"]) + "?color=521",
    )
    upsert.store(tee(title="Another tee"), timezone.now())
    product.refresh_from_db()
    assert product.slug == "gentle-tee"
    saved(office, product, slug=first)
    assert client.get(reverse("product", args=["gentle-tee"])).status_code == 301
    assert list(OldSlug.objects.values_list("slug", flat=True)) == ["gentle-tee"]


def test_no_product_takes_an_address_another_has_or_had(office: Client, product: Product) -> None:
    upsert.store(tee(2), timezone.now())
    other = Product.objects.exclude(pk=product.pk).get()
    old = other.slug
    overrides.rename(other, "moved")
    for slug in (old, "moved"):
        assert "has or had this address" in saved(office, product, slug=slug).content.decode()


def test_a_photo_of_our_own_is_shown_first_and_stays(office: Client, product: Product, drawn: Any) -> None:
    upload = SimpleUploadedFile("me.jpg", drawn(), content_type="image/jpeg")
    assert saved(office, product, own_photo=upload).status_code == 302
    photo = ProductImage.objects.get(own=True)
    upsert.store(tee(title="Another tee"), timezone.now())
    found = urls.lead(product.images.all())
    assert found == photo
    wrong = SimpleUploadedFile("me.jpg", b"<svg onload=alert(1)>", content_type="image/jpeg")
    assert "cannot be used as a picture" in saved(office, product, own_photo=wrong).content.decode()


def files_of(row: ProductImage) -> list[str]:
    return [*row.files.values(), encode.mail_name(row.files["400"])]


def photo_of(office: Client, product: Product, drawn: Any) -> ProductImage:
    saved(office, product, own_photo=SimpleUploadedFile("me.jpg", drawn(), content_type="image/jpeg"))
    return ProductImage.objects.get(own=True, product=product)


def test_a_photo_of_our_own_is_deleted_with_its_files_of_every_width(
    office: Client, product: Product, drawn: Any, django_capture_on_commit_callbacks: Any
) -> None:
    photo = photo_of(office, product, drawn)
    names = files_of(photo)
    names.append(default_storage.save(names[0].replace("-400.", "-999."), ContentFile(b"of an earlier encoding")))
    before = product.synced_at
    with django_capture_on_commit_callbacks(execute=True):
        assert saved(office, product, **{"images-0-DELETE": "on"}).status_code == 302
    assert not ProductImage.objects.filter(own=True).exists()
    assert not any(default_storage.exists(name) for name in names)
    assert product.synced_at > before


def test_a_deleted_photo_that_something_else_shows_keeps_its_files(
    office: Client, product: Product, drawn: Any, django_capture_on_commit_callbacks: Any
) -> None:
    upsert.store(tee(2), timezone.now())
    other = Product.objects.exclude(pk=product.pk).get()
    photo, second = (photo_of(office, each, drawn) for each in (product, other))
    with django_capture_on_commit_callbacks(execute=True):
        saved(office, product, **{"images-0-DELETE": "on"})
    assert list(ProductImage.objects.filter(own=True)) == [second]
    assert all(default_storage.exists(name) for name in files_of(photo))


def test_printifys_pictures_are_hidden_not_deleted(office: Client, product: Product) -> None:
    count = product.images.count()
    saved(office, product, **{f"images-{at}-DELETE": "on" for at in range(count)})
    assert product.images.count() == count
    assert 'type="checkbox" name="images-0-DELETE"' not in card(office, product)


def test_whether_a_thing_is_made_to_the_buyers_words_is_kept(office: Client, product: Product) -> None:
    saved(office, product, personalised="on")
    assert product.personalised


def test_chosen_and_ordered_pictures_survive_a_sync(office: Client, product: Product) -> None:
    ProductImage.objects.update(files={"400": "x.webp"}, digest="x")
    rows = list(product.images.all())
    saved(office, product, **{"images-0-hidden": "on", "images-1-place": 1})
    upsert.store(tee(title="Another tee"), timezone.now())
    product.refresh_from_db()
    assert urls.lead(product.images.all()) == rows[1]
    shown = urls.for_variants(list(product.images.all()), [])
    assert rows[0] not in shown
    assert Product.objects.filter(override_moved=False).exists()
    upsert.store(tee(images=tee()["images"][1:]), timezone.now())
    product.refresh_from_db()
    assert product.override_moved
    pressed(office, product, "drop", "images")
    assert not ProductImage.objects.filter(hidden=True).exists()


def test_an_exception_for_one_product_is_set_on_its_page(office: Client, product: Product) -> None:
    saved(office, product, policy_price="ask")
    assert changes.exceptions(product) == {"price": "ask"}
    saved(office, product, policy_price="")
    assert changes.exceptions(product) == {}


def test_the_page_shows_both_sides_and_the_buttons(office: Client, product: Product) -> None:
    saved(office, product, title_override="Ours")
    page = card(office, product)
    for words in ("At a glance", "Ours", tee()["title"], "Sync now", "Open in Printify", "In paid orders"):
        assert words in page
    assert "style=" not in page.split('id="glance"')[1].split("</section>")[0]


@pytest.mark.parametrize(
    ("text", "unit", "rows"),
    [
        ("Size | S | M\nWidth | 46 | 51", "cm", [["Width", [460, 510]]]),
        ("Size;S;M\nWidth;18;20,5\n\nLength;28;29", "in", [["Width", [457, 521]], ["Length", [711, 737]]]),
        ("|Size|S|\n|Width|45.7|", "cm", [["Width", [457]]]),
    ],
)
def test_a_size_table_is_read_as_people_type_it(text: str, unit: str, rows: Any) -> None:
    assert size_tables.parse(text, unit)[1] == rows


@pytest.mark.parametrize(
    "text",
    ["", "Size | S", "Size | S\nWidth", "Size | S\nWidth | wide", "Size | S\nWidth | -1", "Size | S\nWidth | 1e9"],
)
def test_what_is_no_size_table_says_why(text: str) -> None:
    with pytest.raises(size_tables.Unclear):
        size_tables.parse(text, "cm")


def test_staffs_measures_stand_on_the_product_and_in_the_size_guide(office: Client, product: Product) -> None:
    form = {
        "name": "Unisex tee",
        "blueprint_id": product.blueprint_id,
        "measured": "flat",
        "unit": "in",
        "table": "Size | S | M\nWidth | 18 | 20",
        "within": "1",
    }
    page = reverse("admin:catalog_sizetable_add")
    assert "a name and 2 numbers" in office.post(page, form | {"table": "Size | S | M\nWidth | 18"}).content.decode()
    assert office.post(page, form).status_code == 302
    table = SizeTable.objects.get()
    assert (table.sizes, table.rows, table.tolerance) == (["S", "M"], [["Width", [457, 508]]], 25)
    for address in (product.get_absolute_url(), reverse("page", args=["size-guide"])):
        shown = office.get(address).content.decode()
        assert "45.7 / 18" in shown
        assert "2.5 cm (1 in)" in shown
    edit = reverse("admin:catalog_sizetable_change", args=[table.pk])
    assert "Width | 45.7 | 50.8" in office.get(edit).content.decode()
