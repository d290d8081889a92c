"""What was taken over can be taken back, whatever the field; where it cannot, the page says why."""

import copy
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.images import fetch
from catalog.models import Product, ProductImage, SyncRun
from catalog.models.curation import FieldChange
from catalog.sync import changes, decisions, overrides, upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    upsert.store(tee(), timezone.now())
    return Product.objects.get()


def heard(**changes: Any) -> Product:
    """Printify says the tee otherwise from now on; the shop's row after it."""
    upsert.store(tee(**changes), timezone.now())
    return Product.objects.get()


def redesigned() -> dict[str, Any]:
    areas = copy.deepcopy(tee()["print_areas"])
    areas[0]["placeholders"][0]["images"][0]["id"] = "6712f0c2a1b2c3d4e5f6bbbb"
    return {"print_areas": areas}


def fetched() -> None:
    """As if every picture had been fetched: its files are named for what it is now."""
    for row in ProductImage.objects.filter(digest=""):
        row.files, row.width, row.digest, row.fingerprint = (
            {"400": f"{row.pk}-{row.label}.webp"},
            500,
            f"d{row.pk}",
            "f",
        )
        row.save()


def shown() -> list[tuple[str, Any, Any, str]]:
    rows = ProductImage.objects.order_by("position")
    return [(row.source_url, row.variant_ids, row.files, row.digest) for row in rows]


def change(field: str) -> FieldChange:
    return FieldChange.objects.filter(field=field).latest("pk")


def reverted(field: str, staff: Any) -> Product:
    assert decisions.revert(change(field).pk, staff)
    assert not decisions.revert(change(field).pk, staff)
    return Product.objects.get()


@pytest.mark.parametrize(
    ("field", "was", "said", "column"),
    [
        ("visible", {}, {"visible": False}, "visible"),
        ("safety_information", {}, {"safety_information": "New"}, "safety_information"),
        ("safety_information", {"safety_information": "Old"}, {"safety_information": ""}, "safety_information"),
        ("description", {"description": ""}, {"description": "<p>New</p>"}, "description"),
        ("tags", {"tags": []}, {"tags": ["new"]}, "tags"),
    ],
)
def test_also_what_was_empty_or_off_comes_back_and_stays(
    product: Product, staff: Any, field: str, was: dict[str, Any], said: dict[str, Any], column: str
) -> None:
    before = getattr(heard(**was), column)
    assert getattr(heard(**said), column) != before
    assert getattr(reverted(field, staff), column) == before
    product = heard(**said, title="Another tee")
    assert (getattr(product, column), product.override_moved) == (before, False)
    assert change(field).state == "reverted"
    overrides.keep(product, field)
    assert field in product.basis
    overrides.clear_override(product, field)
    product.refresh_from_db()
    assert getattr(product, column) != before
    assert (product.pins, product.basis) == ({}, {})


def test_pictures_come_back_as_they_were_copies_and_staffs_order_too(product: Product, staff: Any) -> None:
    fetched()
    last = ProductImage.objects.order_by("position").last()
    assert last is not None
    ProductImage.objects.filter(pk=last.pk).update(place=3, hidden=True)
    before = shown()
    fewer = {"images": tee()["images"][:2]}
    heard(**fewer)
    assert len(shown()) == 2
    reverted("images", staff)
    assert shown() == before
    again = ProductImage.objects.get(source_url=last.source_url)
    assert (again.place, again.hidden) == (3, True)
    assert not fetch.due().exists()
    product = heard(**fewer, title="Another tee")
    assert (shown(), product.override_moved) == (before, False)
    product = heard(images=tee()["images"][:1])
    assert (shown(), product.override_moved) == (before, True)
    overrides.clear_override(product, "images")
    assert [row[0] for row in shown()] == [tee()["images"][0]["src"]]
    assert fetch.due().count() == 1


def test_the_pictures_of_an_earlier_design_come_back_from_our_copies(product: Product, staff: Any) -> None:
    """The addresses are the same for both designs: only our copies tell them apart."""
    fetched()
    before = shown()
    heard(**redesigned())
    assert fetch.due().count() == len(before)
    ProductImage.objects.update(files={"400": "new.webp"}, digest="new")
    reverted("images", staff)
    assert shown() == before
    heard(**redesigned(), title="Another tee")
    assert (shown(), fetch.due().exists()) == (before, False)


def test_a_picture_that_was_never_fetched_is_fetched_after_it_came_back(product: Product, staff: Any) -> None:
    heard(images=[])
    reverted("images", staff)
    assert fetch.due().count() == len(shown()) > 0
    fetched()
    before = shown()
    heard(images=[], title="Another tee")
    assert shown() == before


def test_a_redesign_that_waits_is_not_forgotten_for_another_change(product: Product, staff: Any) -> None:
    changes.choose("images", "ask")
    fetched()
    before = shown()
    heard(**redesigned())
    heard(**redesigned(), title="Another tee")
    assert (change("images").state, shown()) == ("waiting", before)
    changes.choose("title", "ask")
    heard(**redesigned(), title="A third")
    decisions.approve(change("title").pk, staff)
    assert change("images").state == "waiting"
    decisions.approve(change("images").pk, staff)
    assert fetch.due().count() == len(before)


@pytest.mark.parametrize(("field", "policy"), [("title", "ask"), ("title", "ignore"), ("images", "ask")])
def test_what_was_approved_is_one_change_of_what_was_really_taken_over(
    product: Product, staff: Any, field: str, policy: str
) -> None:
    changes.choose(field, policy)
    said: dict[str, Any] = {"title": "One"} if field == "title" else {"images": tee()["images"][:1]}
    heard(**said)
    old = change(field)
    FieldChange.objects.filter(pk=old.pk).update(before="long ago", after="long ago")
    decisions.approve(old.pk, staff)
    taken = FieldChange.objects.get(field=field)
    assert (taken.state, taken.before, taken.after) == ("approved", old.before, old.after)
    reverted(field, staff)
    assert FieldChange.objects.get(field=field).state == "reverted"


def test_deciding_one_change_leaves_the_others_on_the_page_of_their_run(product: Product, staff: Any) -> None:
    for field in ("title", "tags"):
        changes.choose(field, "ask")
    run = SyncRun.objects.create()
    upsert.store(tee(title="One", tags=["new"]), timezone.now(), run=run)
    decisions.approve(change("title").pk, staff)
    assert (change("tags").state, change("tags").run) == ("waiting", run)


def test_a_title_taken_back_twice_is_the_older_one(product: Product, staff: Any) -> None:
    heard(title="One")
    first = change("title")
    heard(title="Two")
    reverted("title", staff)
    assert decisions.revert(first.pk, staff)
    assert Product.objects.get().title == tee()["title"]


@pytest.mark.parametrize("field", ["cost", "availability", "options"])
def test_what_is_not_ours_to_choose_says_so_in_place_of_the_button(
    office: Client, product: Product, staff: Any, field: str
) -> None:
    row = FieldChange.objects.create(product=product, field=field, before={}, after={}, state="applied")
    page = office.get(reverse("admin:catalog_product_change", args=[product.pk])).content.decode()
    reason = str(changes.FIELDS[field].final)
    assert reason in page
    assert f"/{row.pk}/revert/" not in page
    assert not decisions.revert(row.pk, staff)
    row.refresh_from_db()
    assert row.state == "applied"
    told = office.post(reverse("admin:catalog_decide", args=[row.pk, "revert"]), follow=True).content.decode()
    assert reason in told


def test_pictures_noted_before_the_shop_kept_them_say_so(office: Client, product: Product, staff: Any) -> None:
    row = FieldChange.objects.create(
        product=product, field="images", before=[{"url": "https://x/1", "files": {}}], after=[], state="applied"
    )
    assert "before the shop kept old pictures" in decisions.why_final(row)
    assert not decisions.revert(row.pk, staff)


def test_every_field_can_be_taken_back_or_says_why_not() -> None:
    assert {field.name for field in changes.FIELDS.values() if field.final} == {"cost", "availability", "options"}
    assert all(field.holdable != bool(field.final) for field in changes.FIELDS.values())
