"""A product's mockups, brought in line with what Printify lists. The pictures themselves are fetched by `images`."""

import posixpath
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from catalog.models import Product, ProductImage
from catalog.sync.mockup_reader import Mockup

COPY = ("files", "width", "height", "digest", "fingerprint", "repeats")
STAFFS = ("place", "hidden")
COLUMNS = ("source_url", "variant_ids", "label", "is_default", "position", "error", *COPY)


def write_mockups(product: Product, mockups: Iterable[Mockup], *, redesigned: bool) -> dict[str, list[Any]]:
    """An empty `digest` says that a picture is due to be fetched; until then its earlier copy stays in `files`.

    Returns the change as {"images": [before, after]} in numbers, {} when there is none.
    """
    known = list(ProductImage.objects.filter(product=product, own=False))
    left = {row.pk: row for row in known}
    fresh, touched = [], []
    for position, mockup in enumerate(mockups):
        row = _same_picture(left.values(), mockup.url)
        if row is None:
            fresh.append(_filled(_new(product, mockup), mockup, position))
            continue
        del left[row.pk]
        if _update(row, mockup, position, redesigned=redesigned):
            touched.append(row)
    ProductImage.objects.filter(pk__in=left).delete()
    ProductImage.objects.bulk_update(touched, COLUMNS, batch_size=200)
    ProductImage.objects.bulk_create(fresh, batch_size=200)
    changed = bool(left or touched or fresh)
    return {"images": [len(known), len(known) - len(left) + len(fresh)]} if changed else {}


def _same_picture(rows: Iterable[ProductImage], url: str) -> ProductImage | None:
    """By address, else by camera: the address carries the title, so a new title moves every picture."""
    candidates = list(rows)
    exact = (row for row in candidates if row.source_url == url)
    moved = (row for row in candidates if camera(row.source_url) == camera(url))
    return next(exact, None) or next(moved, None)


def camera(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return parts.netloc, posixpath.dirname(parts.path), parts.query


def recorded(row: ProductImage) -> dict[str, Any]:
    """A picture as a change remembers it: enough to show it again when the change is taken back."""
    names = ("variant_ids", "label", "is_default", *STAFFS, *COPY)
    return {"url": row.source_url} | {name: getattr(row, name) for name in names}


def is_whole(records: Any) -> bool:
    """Whether these can be shown again: changes of long ago remembered addresses and files only."""
    return isinstance(records, list) and all(isinstance(each, dict) and "variant_ids" in each for each in records)


def brought_back(record: dict[str, Any]) -> Mockup:
    return Mockup(record["url"], tuple(record["variant_ids"]), record["label"], record["is_default"], {**record})


def _new(product: Product, mockup: Mockup) -> ProductImage:
    """One that staff brought back stands where they had put it."""
    return ProductImage(product=product, **{name: mockup.kept[name] for name in STAFFS if name in mockup.kept})


def _filled(row: ProductImage, mockup: Mockup, position: int) -> ProductImage:
    row.source_url, row.variant_ids = mockup.url, list(mockup.variant_ids)
    row.label, row.is_default, row.position = mockup.label, mockup.is_default, position
    # What was never fetched has no copy to bring back: it is fetched like any other.
    if mockup.kept.get("digest"):
        for name in COPY:
            setattr(row, name, mockup.kept[name])
        row.error = ""
    return row


def _update(row: ProductImage, mockup: Mockup, position: int, *, redesigned: bool) -> bool:
    before = [getattr(row, name) for name in COLUMNS]
    if redesigned or row.source_url != mockup.url:
        row.digest, row.error = "", ""
    _filled(row, mockup, position)
    return before != [getattr(row, name) for name in COLUMNS]
