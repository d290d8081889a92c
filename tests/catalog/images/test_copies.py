"""What is stored of one picture: for pages, for mails, in a folder or in a bucket; what repeats; what goes."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta

import boto3
import pytest
import requests
from django.conf import LazySettings
from django.core.files.storage import default_storage, storages
from django.utils import timezone
from moto.server import ThreadedMotoServer
from PIL import Image, ImageDraw

from catalog.images import cleanup, encode
from catalog.models import FieldChange, ProductImage, UnusedFile
from orders import emails
from orders.models import OrderLine
from tests import factories

pytestmark = pytest.mark.django_db
Draw = Callable[..., bytes]


def shirt(*, colour: str = "white", print_at: tuple[int, int] | None = None, quality: int = 90) -> bytes:
    picture = Image.new("RGB", (600, 600), "gainsboro")
    pen = ImageDraw.Draw(picture)
    pen.rectangle((120, 60, 480, 560), fill=colour)
    if print_at:
        pen.rectangle((*print_at, print_at[0] + 45, print_at[1] + 45), fill="navy")
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


# --- for mails -----------------------------------------------------------------------------------------


def test_a_mail_shows_a_small_jpeg_at_an_absolute_address(drawn: Draw) -> None:
    made = encode.make_copies(drawn(1300, 1300))
    address = encode.mail_url(made.files["400"])
    assert address == f"http://testserver/media/mail/{made.digest[:2]}/{made.digest}.jpg"
    with default_storage.open(encode.mail_name(made.files["1200"])) as file, Image.open(file) as copy:
        assert (copy.format, copy.size) == ("JPEG", (200, 200))


def test_a_picture_of_before_there_were_jpegs_gets_its_own_when_a_mail_asks(drawn: Draw) -> None:
    name = encode.make_copies(drawn()).files["400"]
    default_storage.delete(encode.mail_name(name))
    assert encode.mail_url(name).endswith(".jpg")
    assert default_storage.exists(encode.mail_name(name))


def test_no_picture_and_a_lost_one_are_no_address() -> None:
    assert encode.mail_url("") == ""
    assert encode.mail_url("products/ab/abc-400.webp") == ""


# --- what looks the same ---------------------------------------------------------------------------------


def test_the_same_picture_saved_otherwise_is_alike_and_a_small_print_is_not() -> None:
    plain, again = encode.make_copies(shirt()), encode.make_copies(shirt(quality=60))
    assert plain.digest != again.digest
    assert encode.alike(plain.fingerprint, again.fingerprint)
    for other in (shirt(print_at=(400, 120)), shirt(colour="ivory"), shirt(colour="black")):
        assert not encode.alike(plain.fingerprint, encode.make_copies(other).fingerprint)
    assert not encode.alike("", "")


def test_a_mockup_that_repeats_an_earlier_one_of_its_variants_is_marked() -> None:
    product, same = factories.product(), encode.make_copies(shirt()).fingerprint
    ids = {"first": [1, 2], "repeats": [2], "other colour": [3], "wider": [1, 2, 3], "of none": []}
    for place, (name, listed) in enumerate(ids.items()):
        ProductImage.objects.create(
            product=product, source_url=f"https://x/{name}", variant_ids=listed, position=place,
            fingerprint=same, files={"400": "a.webp"},
        )  # fmt: skip
    encode.mark([product.pk])
    assert [row.source_url[10:] for row in product.images.filter(repeats=True)] == ["repeats"]


# --- what nothing shows ----------------------------------------------------------------------------------


def test_a_file_that_nothing_shows_goes_after_its_time_and_a_mails_picture_later(drawn: Draw) -> None:
    made = encode.make_copies(drawn())
    everything = {*made.files.values(), encode.mail_name(made.files["400"])}
    row = ProductImage.objects.create(product=factories.product(), source_url="https://x/1", files=made.files)
    assert (cleanup.sweep(), UnusedFile.objects.count()) == (0, 0)
    row.delete()
    assert cleanup.sweep() == 0
    assert set(UnusedFile.objects.values_list("name", flat=True)) == everything
    UnusedFile.objects.update(since=timezone.now() - timedelta(days=181))
    assert cleanup.sweep() == 3
    assert default_storage.exists(encode.mail_name(made.files["400"]))
    UnusedFile.objects.update(since=timezone.now() - timedelta(days=201))
    assert cleanup.sweep() == 1
    assert not any(default_storage.exists(name) for name in everything)
    assert not UnusedFile.objects.exists()


def test_what_orders_and_history_show_stays(drawn: Draw) -> None:
    bought, reverted = encode.make_copies(drawn(500, 500)), encode.make_copies(drawn(600, 600))
    order = factories.order(factories.variant())
    OrderLine.objects.filter(order=order).update(image=bought.files["400"])
    FieldChange.objects.create(
        product=factories.product(), field="images", before=[{"url": "https://x/1", "files": reverted.files}]
    )
    cleanup.sweep()
    UnusedFile.objects.update(since=timezone.now() - timedelta(days=999))
    assert cleanup.sweep() == 0


def test_a_file_that_is_of_use_again_is_forgotten_as_unused(drawn: Draw) -> None:
    made = encode.make_copies(drawn())
    cleanup.sweep()
    ProductImage.objects.create(product=factories.product(), source_url="https://x/1", files=made.files)
    cleanup.sweep()
    assert not UnusedFile.objects.exists()


# --- a bucket --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A stand-in for S3 over real HTTP."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3: str, settings: LazySettings) -> Iterator[str]:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=s3, **keys).create_bucket(Bucket="pictures", ACL="public-read")
    options = {
        "bucket_name": "pictures", "endpoint_url": s3, "region_name": "us-east-1", "access_key": "testing",
        "secret_key": "testing", "custom_domain": f"{s3.partition('://')[2]}/pictures", "url_protocol": "http:",
        "querystring_auth": False, "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
    }  # fmt: skip
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    }
    yield f"{s3}/pictures"
    assert storages["default"] is not None


def test_pictures_live_in_a_bucket_and_are_shown_from_it(bucket: str, drawn: Draw) -> None:
    made = encode.make_copies(drawn())
    assert encode.make_copies(drawn()) == made
    address = default_storage.url(made.files["800"])
    assert address == f"{bucket}/{made.files['800']}"
    answer = requests.get(address, timeout=5)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert Image.open(io.BytesIO(answer.content)).size == (800, 800)
    assert encode.mail_url(made.files["400"]) == f"{bucket}/{encode.mail_name(made.files['400'])}"


def test_files_in_a_bucket_go_when_nothing_shows_them(bucket: str, drawn: Draw) -> None:
    made = encode.make_copies(drawn(900, 900))
    cleanup.sweep()
    UnusedFile.objects.update(since=timezone.now() - timedelta(days=999))
    assert cleanup.sweep() >= 3
    assert not default_storage.exists(made.files["400"])


def test_the_mail_of_an_order_shows_the_jpeg_of_what_was_bought(drawn: Draw) -> None:
    made = encode.make_copies(drawn(500, 500))
    order = factories.order(factories.variant())
    OrderLine.objects.filter(order=order).update(image=made.files["400"])
    assert emails.lines(order)[0]["image"] == encode.mail_url(made.files["400"])
