"""Mockups that look like an earlier one: Printify's cameras repeat themselves, and a gallery should not.

Only pictures of the same variants are compared: the same shirt in two colours is two pictures.
"""

from collections.abc import Iterable, Sequence

from PIL import Image

from catalog.models import ProductImage

SIDE = 16
# Of 255, in the cell that differs most: a small print on one sleeve changes a cell by more, a re-encoding by less.
TOLERANCE = 6


def fingerprint(picture: Image.Image) -> str:
    """Its brightness in 16 × 16 cells, and its mean colour, in hex."""
    cells = picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return (cells.tobytes() + picture.resize((1, 1), Image.Resampling.BOX).tobytes()).hex()


def alike(one: str, other: str) -> bool:
    if not one or len(one) != len(other):
        return False
    pairs = zip(bytes.fromhex(one), bytes.fromhex(other), strict=True)
    return all(abs(a - b) <= TOLERANCE for a, b in pairs)


def mark(product_ids: Iterable[int]) -> None:
    """Say of each picture whether it repeats an earlier one. Staff's own photos repeat nothing."""
    rows = ProductImage.objects.filter(product__in=list(product_ids), own=False).order_by("product", "position", "pk")
    by_product: dict[int, list[ProductImage]] = {}
    for row in rows.only("product", "variant_ids", "fingerprint", "repeats", "files"):
        by_product.setdefault(row.product_id, []).append(row)
    for each in by_product.values():
        _mark(each)


def _mark(rows: Sequence[ProductImage]) -> None:
    kept: list[ProductImage] = []
    for row in rows:
        repeats = any(_covers(earlier, row) and alike(earlier.fingerprint, row.fingerprint) for earlier in kept)
        if repeats != row.repeats:
            ProductImage.objects.filter(pk=row.pk).update(repeats=repeats)
        if not repeats and row.files:
            kept.append(row)


def _covers(earlier: ProductImage, later: ProductImage) -> bool:
    """Whether the earlier one is shown wherever the later one would be."""
    return not earlier.variant_ids or bool(later.variant_ids and set(later.variant_ids) <= set(earlier.variant_ids))
