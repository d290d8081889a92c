"""Pictures of a change before staff decide: fetched by us from allowed hosts, shown from our storage, else a label."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog import tasks
from catalog.images import change_previews, cleanup
from catalog.models import Product, ProductImage, SyncRun, UnusedFile
from catalog.models.curation import FieldChange
from catalog.staff import diffs, sync_admin
from catalog.sync import changes, decisions, runner, runs, upsert
from catalog.sync.runner import outcome
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db
Draw = Callable[..., bytes]
NEW = "https://images.printify.com/mockup/n/1/9/new.jpg?camera_label=back"


@pytest.fixture
def host() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def product() -> Product:
    upsert.store(tee(), timezone.now())
    ProductImage.objects.update(files={"400": "old.webp"}, digest="d")
    return Product.objects.get()


def with_new() -> list[dict[str, Any]]:
    """One picture goes, one comes."""
    return [*tee()["images"][:-2], {"src": NEW, "variant_ids": [12001], "position": "back"}]


def dry(**changes: Any) -> SyncRun:
    run = SyncRun.objects.create(dry_run=True, state="success", ended_at=timezone.now())
    outcome(run, upsert.store(tee(**changes), timezone.now(), dry_run=True, run=run)).save()
    return run


def diff() -> diffs.Diff:
    return diffs.diffs(FieldChange.objects.filter(field="images").order_by("-pk")[:1])[0]


def arriving() -> list[change_previews.Shot]:
    return [shot for shot in diff().after_shots if shot.moved]


def test_what_stays_is_shown_from_our_copy_what_comes_by_its_label(product: Product) -> None:
    dry(images=with_new())
    found = diff()
    assert [bool(shot.src) for shot in found.before_shots] == [True] * 4
    assert sum(shot.moved for shot in found.before_shots) == 1
    assert [(shot.src, shot.name, shot.why) for shot in arriving()] == [("", "back", "not fetched yet")]


def test_the_worker_fetches_what_a_dry_run_would_bring(
    host: responses.RequestsMock, drawn: Draw, product: Product
) -> None:
    host.get(NEW, body=drawn())
    dry(images=with_new())
    assert (change_previews.fetch_due(10), change_previews.fetch_due(10), len(host.calls)) == (1, 0, 1)
    shot = arriving()[0]
    assert default_storage.exists(shot.src.removeprefix("/media/"))
    assert not ProductImage.objects.filter(source_url=NEW).exists()


def test_all_of_a_new_design_is_fetched_though_no_address_changed(product: Product) -> None:
    areas = copy.deepcopy(tee()["print_areas"])
    areas[0]["placeholders"][0]["images"][0]["id"] = "6712f0c2a1b2c3d4e5f6bbbb"
    dry(print_areas=areas)
    assert len(arriving()) == len(change_previews.missing(FieldChange.objects.get())) == 4
    assert all(shot.src for shot in diff().before_shots)


@pytest.mark.parametrize("url", ["https://evil.example/x.jpg", "http://169.254.169.254/x.jpg"])
def test_a_host_that_is_not_allowed_is_never_asked_and_never_linked(
    host: responses.RequestsMock, office: Client, product: Product, url: str
) -> None:
    run = dry(images=[{"src": url, "variant_ids": [12001], "position": "front"}])
    assert change_previews.fetch_due(10) == 1
    assert (change_previews.fetch_due(10), len(host.calls)) == (0, 0)
    assert [shot.why for shot in arriving()] == ["could not be fetched"]
    page = office.get(reverse("admin:catalog_syncrun_change", args=[run.pk])).content.decode()
    assert "could not be fetched" in page
    assert "evil.example" not in page
    assert 'src="http' not in page


def test_the_page_of_a_run_waits_for_its_pictures_and_no_longer(
    host: responses.RequestsMock, office: Client, drawn: Draw, product: Product
) -> None:
    host.get(NEW, body=drawn())
    run = dry(images=with_new())
    live = reverse("admin:catalog_run_live", args=[run.pk])
    page = office.get(live).content.decode()
    assert 'data-every="3000"' in page
    assert 'data-state="success pictures"' in page
    SyncRun.objects.update(ended_at=timezone.now() - sync_admin.PATIENCE)
    assert 'data-every="0"' in office.get(live).content.decode()
    SyncRun.objects.update(ended_at=timezone.now())
    change_previews.fetch_due(10)
    assert 'data-state="success"' in office.get(live).content.decode()


def test_pictures_of_a_waiting_change_are_fetched_once_and_anew_when_it_changes(
    host: responses.RequestsMock, drawn: Draw, product: Product
) -> None:
    changes.choose("images", "ask")
    host.get(NEW, body=drawn())
    upsert.store(tee(images=with_new()), timezone.now())
    change_previews.fetch_due(10)
    upsert.store(tee(images=with_new(), title="Another tee"), timezone.now())
    assert FieldChange.objects.get(field="images").copies[NEW]["files"]
    upsert.store(tee(images=with_new()[1:]), timezone.now())
    assert FieldChange.objects.get(field="images").copies == {}


def test_files_shown_before_a_decision_stay_until_it_is_made(
    host: responses.RequestsMock, drawn: Draw, product: Product, staff: Any
) -> None:
    changes.choose("images", "ask")
    host.get(NEW, body=drawn())
    upsert.store(tee(images=with_new()), timezone.now())
    change_previews.fetch_due(10)
    cleanup.sweep()
    assert not UnusedFile.objects.exists()
    decisions.decline(FieldChange.objects.get().pk, staff)
    cleanup.sweep()
    assert UnusedFile.objects.count() == 4


def test_a_decided_change_shows_what_the_shop_has_since(product: Product, staff: Any) -> None:
    upsert.store(tee(images=with_new()), timezone.now())
    assert [shot.why for shot in arriving()] == ["not fetched yet"]
    ProductImage.objects.filter(source_url=NEW).update(files={"400": "new.webp"}, digest="n")
    assert [shot.src for shot in arriving()] == ["/media/new.webp"]


def test_a_dry_run_and_a_held_change_ask_the_worker_for_pictures(
    upstream: Upstream, product: Product, queued: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    changes.choose("images", "ask")
    upstream.products = [tee(images=with_new())]
    run = SyncRun.objects.create(state="queued", dry_run=True)
    tasks.refresh("staff", request=run.pk)
    assert [task for task, *_ in queued] == [runs.FETCH_IMAGES]
    with django_capture_on_commit_callbacks(execute=True):
        runner.refresh_product(tee()["id"])
    assert [task for task, *_ in queued] == [runs.FETCH_IMAGES] * 2
