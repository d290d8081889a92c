"""Search, lists and product pages over 10,000 products: time and number of queries of one request, in this process."""

import os
import sys
import time
from collections.abc import Sequence

import django
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench import goods
from bench.figures import middle_and_tail, table

PRODUCTS = int(os.environ.get("BENCH_SHELF", "10000"))
VARIANTS, BATCH, TIMES = 6, 100, 40
PATHS = (
    "/",
    "/products/",
    "/products/?page=200",
    "/products/?sort=price",
    "/products/?color=white",
    "/search/?q=otter",
    "/search/?q=brave+moon+tee",
    "/search/?q=lantren",  # misspelt
    "/search/?q=nothingofthekind",
    "/search/suggest/?q=lan",
    "/api/products",
)


def fill() -> float:
    """Up to PRODUCTS, through the same door as a synchronisation. Returns the seconds it took."""
    from catalog.models import Product
    from catalog.search import index  # late: Django must be set up
    from catalog.sync import upsert  # late: Django must be set up

    began = time.monotonic()
    first = 1_000_000  # beside what `bench.sync` may have left
    for start in range(first, first + PRODUCTS - Product.objects.count(), BATCH):
        with transaction.atomic():
            for number in range(start, start + BATCH):
                upsert.store(goods.made(number, VARIANTS), timezone.now())
    index.catch_up()
    return time.monotonic() - began


def measured(client: Client, path: str) -> Sequence[object]:
    with CaptureQueriesContext(connection) as asked:
        answer = client.get(path)
    queries, seconds = len(asked), []  # counted now: each further request empties the list
    for _ in range(TIMES):
        began = time.monotonic()
        client.get(path).getvalue()
        seconds.append(time.monotonic() - began)
    return [path, answer.status_code, *middle_and_tail(seconds), queries, len(answer.getvalue()) // 1024]


def main() -> None:
    django.setup()
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    from catalog.models import Product  # late: Django must be set up

    took = fill()
    sys.stdout.write(f"  {Product.objects.count()} products; filled in {took:.0f} s\n")
    one = Product.objects.order_by("?").values_list("slug", flat=True)[0]
    rows = [measured(Client(), path) for path in (*PATHS, f"/products/{one}/")]
    table(("", "status", "median ms", "p95 ms", "queries", "KB"), rows)


if __name__ == "__main__":
    main()
