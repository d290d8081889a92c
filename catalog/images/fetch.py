"""Our own copies of Printify's mockups: fetched from allowed hosts only, then checked and re-encoded by `encode`.

A row of `ProductImage` is the job: an empty `digest` means that it is due, at once or, after a failure, at `retry_at`.
Products are listed before their pictures have been fetched.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from catalog.images import encode
from catalog.images.encode import Copies, Unusable, make_copies
from catalog.models import Product, ProductImage, UnusedFile
from ilytat.integrations import deadlines, failure_texts, leases
from ilytat.integrations.client import body_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

BYTES_MAX = 10 * 1024 * 1024
TIMEOUTS = (3.0, 10.0)  # seconds: connect, read
DEADLINE = 30.0
THREADS = 4
BATCH = 16
GIVE_UP_AFTER = 12  # failures in a row: the host is down, the rest can wait
ERROR_MAX = 200
RETRY_MINUTES = (1, 5, 15, 60)  # after each failure in a row; the last one repeats


@dataclass
class Fetched:
    done: int = 0
    failed: int = 0
    left: int = 0


def unfetched() -> "QuerySet[ProductImage]":
    """Pictures without a copy of their present content: first those of products that have no picture to show."""
    fetched = ProductImage.objects.filter(product=OuterRef("product_id")).exclude(files={})
    rows = ProductImage.objects.filter(digest="", product__gone_at__isnull=True)
    return rows.annotate(has_picture=Exists(fetched)).order_by("has_picture", "position", "product_id", "pk")


def due() -> "QuerySet[ProductImage]":
    """Those of `unfetched` that have not failed yet or whose wait after a failure is over."""
    return unfetched().filter(Q(error="") | Q(retry_at__isnull=True) | Q(retry_at__lte=timezone.now()))


def fetch_due(seconds: float, *, retry: bool = False) -> Fetched:
    """Fetch what is due for at most about `seconds`; `retry` includes failures whose wait is not over.

    One process at a time; the others leave at once.
    """
    result = Fetched()
    with leases.acquire("images", seconds + DEADLINE + 30) as acquired:
        if acquired:
            _fetch_all(result, time.monotonic() + seconds, retry=retry)
    result.left = due().count()
    return result


def _fetch_all(result: Fetched, end: float, *, retry: bool) -> None:
    keys = list((unfetched() if retry else due()).values_list("pk", flat=True))
    in_a_row = 0
    with ThreadPoolExecutor(THREADS) as pool:
        for start in range(0, len(keys), BATCH):
            rows = list(ProductImage.objects.filter(pk__in=keys[start : start + BATCH], digest=""))
            # The threads fetch and encode; the database is this thread's alone.
            for row, outcome in zip(rows, pool.map(attempt, [row.source_url for row in rows]), strict=True):
                good = isinstance(outcome, Copies)
                _record(row, outcome)
                result.done, result.failed = result.done + good, result.failed + (not good)
                in_a_row = 0 if good else in_a_row + 1
            encode.mark({row.product_id for row in rows})
            if time.monotonic() > end or in_a_row >= GIVE_UP_AFTER:
                return


def attempt(url: str) -> Copies | str:
    """The copies, or why there are none."""
    try:
        return make_copies(download(url))
    except Unusable as error:
        return str(error)[:ERROR_MAX]
    except Exception as error:  # noqa: BLE001 (decoders and storages raise what they like; one picture, not the run)
        return failure_texts.logged(error, "picture not copied", url=url)[:ERROR_MAX].rstrip(".")


def _record(row: ProductImage, outcome: Copies | str) -> None:
    """Unless the row has come to mean another picture meanwhile. A failure leaves an earlier copy in place."""
    same = ProductImage.objects.filter(pk=row.pk, source_url=row.source_url)
    if isinstance(outcome, str):
        failures = row.failures + 1 if row.error else 1
        minutes = RETRY_MINUTES[min(failures, len(RETRY_MINUTES)) - 1]
        same.update(error=outcome, failures=failures, retry_at=timezone.now() + timedelta(minutes=minutes))
        return
    UnusedFile.objects.filter(name__in=outcome.files.values()).delete()
    if same.update(**asdict(outcome), error=""):
        Product.objects.filter(pk=row.product_id).update(synced_at=timezone.now())


def refusal(url: str) -> str:
    """Why we do not fetch this address; "" when we may (RELIABILITY H12)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "the address is not a plain one"
    if parts.username or parts.password or not parts.hostname:
        return "the address is not a plain one"
    if parts.netloc.lower() not in settings.IMAGE_HOSTS and parts.hostname not in settings.IMAGE_HOSTS:
        return f"host {parts.netloc} is not among IMAGE_HOSTS"
    of_api = parts.netloc == urlsplit(settings.PRINTIFY_API_BASE).netloc and not settings.PRODUCTION
    if parts.scheme != "https" and not (parts.scheme == "http" and of_api):
        return "only https is fetched"
    return ""


def download(url: str) -> bytes:
    """At most BYTES_MAX, within DEADLINE, following no redirect. Raises Unusable."""
    if reason := refusal(url):
        raise Unusable(reason)
    try:
        headers = {"User-Agent": "ILYTAT-Designs-shop/1.0", "Accept": "image/webp,image/png,image/jpeg"}
        with deadlines.session(DEADLINE).get(url, headers=headers, timeout=TIMEOUTS, stream=True) as response:
            if response.status_code != requests.codes.ok:
                raise Unusable(f"the host answered {response.status_code}")
            return body_of(response, end=time.monotonic() + DEADLINE, max_bytes=BYTES_MAX)
    except requests.exceptions.ContentDecodingError as error:
        raise Unusable("larger than 10 MB, or packed wrongly") from error
    except requests.Timeout as error:
        raise Unusable("the host did not answer in time") from error
    except requests.RequestException as error:
        raise Unusable(f"the host could not be reached ({failure_texts.reason(error)})") from error
