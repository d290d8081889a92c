"""Pictures as templates need them: addresses of our own copies, and words for who cannot see them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy as _

from catalog.models import ProductImage

MIDDLE = 800
VIEWS = {
    "front": _("front"),
    "back": _("back"),
    "left": _("left side"),
    "right": _("right side"),
    "context": _("in use"),
    "lifestyle": _("in use"),
    "person": _("worn"),
    "folded": _("folded"),
    "hanging": _("on a hanger"),
    "close-up": _("close up"),
    "size-chart": _("size chart"),
}


@dataclass(frozen=True)
class Picture:
    """`files` pairs each width with an address, narrowest first; empty while no copy has been fetched."""

    files: tuple[tuple[int, str], ...] = ()
    alt: str = ""
    width: int = 1200
    height: int = 1200

    @property
    def srcset(self) -> str:
        return ", ".join(f"{address} {width}w" for width, address in self.files)

    @property
    def src(self) -> str:
        wide = [address for width, address in self.files if width >= MIDDLE]
        return wide[0] if wide else self.largest

    @property
    def smallest(self) -> str:
        return self.files[0][1] if self.files else ""

    @property
    def largest(self) -> str:
        return self.files[-1][1] if self.files else ""


def picture(image: ProductImage | None, alt: str = "") -> Picture:
    if image is None:
        return Picture(alt=alt)
    files = sorted((int(width), default_storage.url(name)) for width, name in image.files.items())
    return Picture(tuple(files), alt, image.width or 1200, image.height or 1200)


def lead(images: Iterable[ProductImage]) -> ProductImage | None:
    """What stands for the product: the first default mockup of which there is a copy, else the first copy."""
    fetched = [image for image in images if image.files and not image.repeats]
    return next((image for image in fetched if image.is_default), fetched[0] if fetched else None)


def for_variants(images: Sequence[ProductImage], wanted: Iterable[set[int]]) -> list[ProductImage]:
    """The mockups of the first set of variant ids that has any; those of no variant at all are shown with each."""
    fetched = [image for image in images if image.files and not image.repeats]
    for ids in wanted:
        found = [image for image in fetched if not ids.isdisjoint(image.variant_ids)]
        if found:
            return found + [image for image in fetched if not image.variant_ids]
    return fetched


def words(title: str, colour: str, label: str) -> str:
    """What a picture shows: "Be Kind Tee, Black, back"."""
    return ", ".join(part for part in (title, colour, str(VIEWS.get(label, label.replace("-", " ")))) if part)
