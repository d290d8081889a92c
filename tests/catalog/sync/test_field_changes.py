"""Changes at Printify: weighed by staff's policies, approved, declined, taken back; a dry run writes none of them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import PrintifyCache, Product, ProductImage, SyncRun, Variant
from catalog.models.curation import FieldChange
from catalog.sync import changes, decisions, runner, upsert
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    upsert.store(tee(), timezone.now())
    return Product.objects.get()


def heard(**changes: Any) -> None:
    """Printify says the tee otherwise from now on."""
    upsert.store(tee(**changes), timezone.now())


def dearer(by: int = 300) -> dict[str, Any]:
    said = tee()
    for variant in said["variants"]:
        variant["price"] += by
    return {"variants": said["variants"]}


def prices() -> set[int]:
    return set(Variant.objects.filter(is_enabled=True).values_list("price", flat=True))


def states(field: str) -> list[str]:
    return list(FieldChange.objects.filter(field=field).order_by("pk").values_list("state", flat=True))


def test_by_itself_everything_is_taken_over_and_told_field_by_field(product: Product) -> None:
    before = prices()
    heard(title="Another tee", **dearer())
    product.refresh_from_db()
    assert product.title == "Another tee"
    assert prices() == {price + 300 for price in before}
    found = {row.field: row for row in FieldChange.objects.all()}
    assert {row.state for row in found.values()} == {"applied"}
    assert (found["title"].before, found["title"].after) == (tee()["title"], "Another tee")
    change = found["price"]
    old, new = dict(change.before or {}), dict(change.after or {})
    assert {new[key] - old[key] for key in old} == {300}


def test_what_asks_waits_until_staff_approve_it(product: Product, staff: Any) -> None:
    before = prices()
    changes.choose("price", "ask")
    heard(title="Another tee", **dearer())
    product.refresh_from_db()
    assert (product.title, prices()) == ("Another tee", before)
    waiting = FieldChange.objects.get(state="waiting")
    assert decisions.approve(waiting.pk, staff)
    assert not decisions.approve(waiting.pk, staff)
    assert prices() == {price + 300 for price in before}
    assert FieldChange.objects.get(pk=waiting.pk).decided_by == staff


def test_a_waiting_change_follows_printify_and_settles_when_that_goes_back(product: Product) -> None:
    changes.choose("title", "ask")
    heard(title="One")
    heard(title="Two")
    assert FieldChange.objects.get(field="title").after == "Two"
    heard()
    assert states("title") == ["settled"]


def test_what_was_declined_does_not_ask_again_but_another_value_does(product: Product, staff: Any) -> None:
    changes.choose("title", "ask")
    heard(title="One")
    assert decisions.decline(FieldChange.objects.get().pk, staff)
    heard(title="One", tags=["new"])
    assert states("title") == ["declined"]
    heard(title="Two")
    assert states("title") == ["declined", "waiting"]
    product.refresh_from_db()
    assert product.title == tee()["title"]


def test_what_is_ignored_is_told_once_and_can_still_be_taken_over(product: Product, staff: Any) -> None:
    changes.choose("title", "ignore")
    heard(title="One")
    heard(title="One", tags=["new"])
    assert states("title") == ["ignored"]
    decisions.approve(FieldChange.objects.get(field="title").pk, staff)
    product.refresh_from_db()
    assert product.title == "One"


def test_an_exception_holds_for_its_product_only(product: Product) -> None:
    upsert.store(tee(2), timezone.now())
    changes.choose("title", "ask", product)
    heard(title="One")
    upsert.store(tee(2, title="One"), timezone.now())
    assert states("title") == ["waiting", "applied"]
    assert changes.choose("title", "", product)
    assert not changes.choose("title", "", product)


@pytest.mark.parametrize(
    ("field", "said", "shown"),
    [
        ("title", {"title": "One"}, lambda row: row.title),
        ("description", {"description": "<p>One</p>"}, lambda row: row.description),
        ("tags", {"tags": ["one"]}, lambda row: row.tags),
        ("price", dearer(), lambda _row: prices()),
    ],
)
def test_what_was_taken_back_is_ours_whatever_is_read_later(
    product: Product, staff: Any, field: str, said: dict[str, Any], shown: Callable[[Product], Any]
) -> None:
    before = shown(product)
    heard(**said)
    change = FieldChange.objects.get(field=field)
    assert decisions.revert(change.pk, staff)
    assert not decisions.revert(change.pk, staff)
    product.refresh_from_db()
    assert shown(product) == before
    heard(**said, safety_information="new")
    product.refresh_from_db()
    assert (shown(product), product.override_moved) == (before, False)
    assert states(field) == ["reverted"]


def test_staff_hear_when_printify_changes_what_they_override(product: Product, staff: Any) -> None:
    heard(**dearer(100))
    decisions.revert(FieldChange.objects.get().pk, staff)
    before = prices()
    heard(**dearer(200))
    product.refresh_from_db()
    assert (product.override_moved, prices()) == (True, before)
    assert states("price") == ["reverted", "overridden"]
    decisions.clear_override(product, "price")
    product.refresh_from_db()
    assert (product.override_moved, product.pins, product.basis) == (False, {}, {})
    assert prices() == {price + 200 for price in before}


def test_pictures_wait_too(product: Product, staff: Any) -> None:
    changes.choose("images", "ask")
    said = tee()
    shown = set(ProductImage.objects.values_list("source_url", flat=True))
    heard(images=said["images"][:1])
    assert set(ProductImage.objects.values_list("source_url", flat=True)) == shown
    decisions.approve(FieldChange.objects.get(field="images").pk, staff)
    assert ProductImage.objects.get().source_url == said["images"][0]["src"]


def test_pictures_of_our_own_outlive_every_sync(product: Product) -> None:
    ProductImage.objects.create(product=product, source_url="own:1", own=True, files={"400": "x"}, digest="x")
    heard(images=[])
    assert ProductImage.objects.get().own


def test_stock_is_told_and_never_waits(product: Product) -> None:
    changes.choose("availability", "ignore")
    said = tee()
    one = next(variant for variant in said["variants"] if variant["is_enabled"])
    one["is_available"] = not one["is_available"]
    heard(variants=said["variants"])
    change = FieldChange.objects.get()
    assert (change.field, change.state) == ("availability", "applied")
    assert {*(change.before or {}), *(change.after or {})} == {str(one["id"])}


def test_a_dry_run_tells_everything_and_writes_no_row_of_the_catalogue(upstream: Upstream, product: Product) -> None:
    changes.choose("price", "ask")
    upstream.products = [tee(title="Another tee", **dearer()), tee(2)]
    kept = [list(model.objects.order_by("pk").values()) for model in (Product, Variant, ProductImage, PrintifyCache)]
    run = runner.run("staff", dry_run=True)
    assert run is not None
    again = [list(model.objects.order_by("pk").values()) for model in (Product, Variant, ProductImage, PrintifyCache)]
    assert kept == again
    told = {row.field: (row.state, row.policy) for row in run.field_changes.all()}
    assert told == {"title": ("preview", "auto"), "price": ("preview", "ask")}
    assert (run.created, run.changed) == (1, 1)


def test_a_change_carries_the_run_that_found_it(upstream: Upstream, product: Product) -> None:
    upstream.products = [tee(title="Another tee")]
    run = runner.run()
    assert FieldChange.objects.get(field="title").run == run
    assert SyncRun.objects.get().changes.get().product == product


def test_approving_shows_no_product_that_is_gone(product: Product, staff: Any) -> None:
    changes.choose("title", "ask")
    heard(title="One")
    Product.objects.update(gone_at=timezone.now())
    decisions.approve(FieldChange.objects.get().pk, staff)
    product.refresh_from_db()
    assert product.gone_at is not None
