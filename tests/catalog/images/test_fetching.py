import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests
import responses
from django.conf import LazySettings
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from catalog.images import encode, fetch
from catalog.models import Product, ProductImage
from catalog.sync import upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db

Draw = Callable[..., bytes]


@pytest.fixture
def host() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def one_picture(url: str = "https://images.printify.com/mockup/a/1/2/tee.jpg?camera_label=front") -> ProductImage:
    upsert.store(tee(images=[{"src": url, "variant_ids": [12001], "position": "front"}]), timezone.now())
    return ProductImage.objects.get()


def test_a_mockup_becomes_our_own_copies_named_by_content(host: responses.RequestsMock, drawn: Draw) -> None:
    row = one_picture()
    host.get(row.source_url, body=drawn(1300, 900))
    assert fetch.fetch_due(10) == fetch.Fetched(done=1, failed=0, left=0)
    row.refresh_from_db()
    assert (row.width, row.height, row.error) == (1300, 900, "")
    assert row.files == {
        width: f"products/{row.digest[:2]}/{row.digest}-{width}.webp" for width in ("400", "800", "1200")
    }
    with default_storage.open(row.files["800"]) as file, Image.open(file) as copy:
        assert (copy.format, copy.size) == ("WEBP", (800, 554))


def test_a_small_mockup_is_not_blown_up(host: responses.RequestsMock, drawn: Draw) -> None:
    row = one_picture()
    host.get(row.source_url, body=drawn(300, 300))
    fetch.fetch_due(10)
    row.refresh_from_db()
    assert list(row.files) == ["300"]


def test_transparency_is_shown_on_white_and_metadata_is_dropped(drawn: Draw) -> None:
    made = encode.make_copies(drawn(500, 500, "PNG", "RGBA"))
    with default_storage.open(made.files["400"]) as file, Image.open(file) as copy:
        assert (copy.mode, dict(copy.getexif())) == ("RGB", {})


def test_the_same_picture_is_stored_once(drawn: Draw) -> None:
    first, second = encode.make_copies(drawn()), encode.make_copies(drawn())
    assert first == second
    assert len(list(Path(default_storage.path("products")).rglob("*.webp"))) == 3


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://evil.example/mockup.jpg", "not among IMAGE_HOSTS"),
        ("http://images.printify.com/a.jpg", "only https"),
        ("http://169.254.169.254/latest/meta-data", "not among IMAGE_HOSTS"),
        ("https://images.printify.com:8443/a.jpg", ""),
        ("https://images.printify.com.evil.example/a.jpg", "not among IMAGE_HOSTS"),
        ("https://images.printify.com@evil.example/a.jpg", "not a plain one"),
        ("file:///etc/passwd", "not a plain one"),
        ("javascript:alert(1)", "not a plain one"),
        ("//images.printify.com/a.jpg", "only https"),
        ("https://IMAGES.printify.com/a.jpg", ""),
        ("https://[::1/a.jpg", "not a plain one"),
    ],
)
def test_only_allowed_hosts_are_asked(url: str, reason: str) -> None:
    assert reason in fetch.refusal(url)
    assert bool(fetch.refusal(url)) == bool(reason)


def test_a_stand_in_may_speak_http_outside_production_only(settings: LazySettings) -> None:
    settings.PRINTIFY_API_BASE, settings.IMAGE_HOSTS = "http://127.0.0.1:8001/printify", ["127.0.0.1:8001"]
    assert fetch.refusal("http://127.0.0.1:8001/mockups/a.jpg") == ""
    assert "IMAGE_HOSTS" in fetch.refusal("http://127.0.0.1:9999/mockups/a.jpg")
    settings.PRODUCTION = True
    assert "only https" in fetch.refusal("http://127.0.0.1:8001/mockups/a.jpg")


def _bomb() -> bytes:
    buffer = io.BytesIO()
    Image.new("1", (7000, 7000)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 404, "answered 404"),
        (b"", 302, "answered 302"),
        (b"", 500, "answered 500"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 200, "not a picture that can be read"),
        (b"<html>not found</html>", 200, "not a picture that can be read"),
        (b"", 200, "not a picture that can be read"),
        (b"x" * (fetch.BYTES_MAX + 1), 200, "larger than 10 MB"),
        (_bomb(), 200, "pixels are too many"),
        (requests.ConnectionError("cut"), 200, "could not be reached (connection failed)"),
        (requests.ReadTimeout("slow"), 200, "did not answer in time"),
    ],
    ids=["404", "redirect", "500", "svg", "html", "empty", "too large", "bomb", "cut", "slow"],
)
def test_what_is_no_good_picture_leaves_a_reason_and_a_placeholder(
    host: responses.RequestsMock, body: bytes | Exception, status: int, reason: str
) -> None:
    row = one_picture()
    host.get(row.source_url, body=body, status=status, headers={"Location": "https://evil.example/"})
    assert fetch.fetch_due(10).failed == 1
    row.refresh_from_db()
    assert reason in row.error
    assert (row.files, row.digest) == ({}, "")


def test_a_truncated_picture_is_refused(host: responses.RequestsMock, drawn: Draw) -> None:
    row = one_picture()
    host.get(row.source_url, body=drawn()[:900])
    assert fetch.fetch_due(10).failed == 1
    row.refresh_from_db()
    assert row.error == "the file is not a picture that can be read"


def test_a_failure_keeps_the_earlier_copy(host: responses.RequestsMock) -> None:
    row = one_picture()
    ProductImage.objects.update(files={"400": "products/old-400.webp"})
    host.get(row.source_url, status=500)
    fetch.fetch_due(10)
    row.refresh_from_db()
    assert row.files == {"400": "products/old-400.webp"}


def test_a_failure_is_retried_after_1_5_and_15_minutes_and_then_hourly(
    host: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = one_picture()
    host.get(row.source_url, status=500)
    now = timezone.now()
    for number, minutes in enumerate((1, 5, 15, 60, 60), start=1):
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        assert fetch.fetch_due(10).failed == 1
        row.refresh_from_db()
        assert (row.failures, row.retry_at) == (number, now + timedelta(minutes=minutes))
        now += timedelta(minutes=minutes)
        monkeypatch.setattr(timezone, "now", lambda now=now: now - timedelta(seconds=1))
        assert not fetch.due().exists()


def test_a_person_can_retry_at_once_and_a_success_ends_the_count(host: responses.RequestsMock, drawn: Draw) -> None:
    row = one_picture()
    host.get(row.source_url, status=500)
    fetch.fetch_due(10)
    fetch.fetch_due(10, retry=True)
    host.reset()
    host.get(row.source_url, body=drawn())
    assert fetch.fetch_due(10).done == 0
    assert fetch.fetch_due(10, retry=True).done == 1
    ProductImage.objects.update(digest="")
    host.reset()
    host.get(row.source_url, status=500)
    fetch.fetch_due(10)
    row.refresh_from_db()
    assert row.failures == 1


def test_a_picture_that_changed_is_due_at_once_whatever_failed_before(host: responses.RequestsMock) -> None:
    row = one_picture()
    host.get(row.source_url, status=500)
    fetch.fetch_due(10)
    assert not fetch.due().exists()
    one_picture("https://images.printify.com/mockup/a/1/2/tee.jpg?camera_label=front&s=2")
    assert fetch.due().get().error == ""


def test_a_product_without_any_picture_comes_first() -> None:
    for number in (1, 2):
        upsert.store(tee(number), timezone.now())
    fetched, bare = Product.objects.order_by("pk")
    ProductImage.objects.filter(product=fetched, position=0).update(digest="d", files={"400": "products/a-400.webp"})
    assert [row.product_id for row in fetch.due()] == [bare.pk] * 4 + [fetched.pk] * 3


def test_first_pictures_of_all_products_come_before_second_ones() -> None:
    for number in (1, 2):
        upsert.store(tee(number), timezone.now())
    places = [(row.position, row.product_id) for row in fetch.due()]
    assert places == sorted(places)
    assert [place for place, _ in places] == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_row_that_came_to_mean_another_picture_is_not_given_the_old_one(drawn: Draw) -> None:
    row = one_picture()
    made = encode.make_copies(drawn())
    ProductImage.objects.update(source_url="https://images.printify.com/another.jpg")
    fetch._record(row, made)
    assert ProductImage.objects.get().files == {}


def test_a_host_that_is_down_is_left_alone_after_some_tries(
    host: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "BATCH", 4)
    monkeypatch.setattr(fetch, "GIVE_UP_AFTER", 4)
    for number in range(3):
        upsert.store(tee(number), timezone.now())
    assert fetch.fetch_due(10).failed == 4


def test_a_fetched_picture_renews_what_lists_and_caches_know(host: responses.RequestsMock, drawn: Draw) -> None:
    row = one_picture()
    before = Product.objects.get().synced_at
    host.get(row.source_url, body=drawn())
    fetch.fetch_due(10)
    assert Product.objects.get().synced_at > before
