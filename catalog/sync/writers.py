"""A product's mockups, brought in line with what Printify lists. The pictures themselves are fetched by `images`."""

import posixpath
from collections.abc import Container, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Max

from catalog.models import PriceChange, Product, ProductImage, Variant
from catalog.printify.products import Mockup, VariantFacts

COPY = ("files", "width", "height", "digest", "fingerprint", "repeats")
STAFFS = ("place", "hidden")
IMAGE_COLUMNS = ("source_url", "variant_ids", "label", "is_default", "position", "error", *COPY)


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
            fresh.append(_fill_image(_new(product, mockup), mockup, position))
            continue
        del left[row.pk]
        if _update(row, mockup, position, redesigned=redesigned):
            touched.append(row)
    ProductImage.objects.filter(pk__in=left).delete()
    ProductImage.objects.bulk_update(touched, IMAGE_COLUMNS, batch_size=200)
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


def _fill_image(row: ProductImage, mockup: Mockup, position: int) -> ProductImage:
    row.source_url, row.variant_ids = mockup.url, list(mockup.variant_ids)
    row.label, row.is_default, row.position = mockup.label, mockup.is_default, position
    # What was never fetched has no copy to bring back: it is fetched like any other.
    if mockup.kept.get("digest"):
        for name in COPY:
            setattr(row, name, mockup.kept[name])
        row.error = ""
    return row


def _update(row: ProductImage, mockup: Mockup, position: int, *, redesigned: bool) -> bool:
    before = [getattr(row, name) for name in IMAGE_COLUMNS]
    if redesigned or row.source_url != mockup.url:
        row.digest, row.error = "", ""
    _fill_image(row, mockup, position)
    return before != [getattr(row, name) for name in IMAGE_COLUMNS]


VARIANT_COLUMNS = (
    "sku", "title", "option_ids", "price", "cost", "grams", "is_enabled", "is_available", "is_default", "position",
)  # fmt: skip


def write_variants(
    product: Product, facts: Iterable[VariantFacts], written: Container[str] = ()
) -> dict[str, list[Any]]:
    """Printify lists every combination there could be; rows are kept for those that are, or ever were, offered.

    `written` are the product's own columns that have just changed. Returns the changes as {"field": [before, after]}.
    """
    known = {row.variant_id: row for row in Variant.objects.filter(product=product)}
    changes: dict[str, list[Any]] = {}
    fresh, touched = [], []
    for position, each in enumerate(facts):
        row = known.pop(each.id, None)
        if row is None and each.is_enabled:
            fresh.append(_fill_variant(Variant(product=product, variant_id=each.id), each, position))
        elif row is not None and (found := _differences(row, each, position)):
            changes |= found
            touched.append(row)
    touched += [row for row in known.values() if _withdraw(row, changes)]
    Variant.objects.bulk_create(fresh, batch_size=500)
    Variant.objects.bulk_update(touched, VARIANT_COLUMNS, batch_size=200)
    if fresh or touched or "gone_at" in written:
        catch_up([product.pk])
    return changes | {f"variant {row.variant_id}": [None, row.price] for row in fresh}


def _wanted(each: VariantFacts, position: int) -> dict[str, Any]:
    wanted = {name: getattr(each, name) for name in VARIANT_COLUMNS if name != "position"}
    return wanted | {"option_ids": list(each.option_ids), "position": position}


def _fill_variant(row: Variant, each: VariantFacts, position: int) -> Variant:
    for name, value in _wanted(each, position).items():
        setattr(row, name, value)
    return row


def _differences(row: Variant, each: VariantFacts, position: int) -> dict[str, list[Any]]:
    wanted = _wanted(each, position)
    if not each.is_enabled:
        # The price of a disabled variant is often nonsense (Printify contract, section 6): keep the last real one.
        del wanted["price"]
    found = {}
    for name, value in wanted.items():
        old = getattr(row, name)
        if old != value:
            found[f"variant {row.variant_id} {name}"] = [old, value]
            setattr(row, name, value)
    return found


def _withdraw(row: Variant, changes: dict[str, list[Any]]) -> bool:
    """A variant Printify no longer lists stays, for the orders and carts that name it, but is not offered."""
    if not (row.is_enabled or row.is_available):
        return False
    row.is_enabled = row.is_available = False
    changes[f"variant {row.variant_id} is_enabled"] = [True, False]
    return True


def offered(variant: Variant) -> bool:
    """Whether Printify would make it; what staff hide is another matter."""
    return variant.is_enabled and variant.is_available and variant.product.gone_at is None


def catch_up(product_ids: Iterable[int]) -> None:
    """Add an entry for each variant whose last one no longer holds. Inside the transaction of the change."""
    variants = list(Variant.objects.filter(product__in=list(product_ids)).select_related("product"))
    newest = PriceChange.objects.filter(variant__in=variants).values("variant").annotate(last=Max("pk"))
    rows = PriceChange.objects.filter(pk__in=newest.values("last"))
    last = {row.variant_id: (row.price, row.available) for row in rows}
    PriceChange.objects.bulk_create(
        [
            PriceChange(variant=each, price=each.price, available=offered(each))
            for each in variants
            if last.get(each.pk) != (each.price, offered(each))
        ],
        batch_size=500,
    )
