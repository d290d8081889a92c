"""Pictures as templates need them: addresses of our own copies, and words for who cannot see them."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from PIL import Image

from catalog.models import Product, ProductImage

MIDDLE = 800
NO_PLACE = 1000  # where staff have said nothing
CHART = "size-chart"
LOOKS = {label: rank for rank, label in enumerate(("person", "lifestyle", "context", "back"))}
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
    CHART: _("size chart"),
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


@lru_cache(maxsize=16_384)  # a list names a hundred files
def address(name: str) -> str:
    """Where browsers find a stored file. It does not change: names carry the content's digest."""
    return default_storage.url(name)


def picture(image: ProductImage | None, alt: str = "") -> Picture:
    if image is None:
        return Picture(alt=alt)
    files = sorted((int(width), address(name)) for width, name in image.files.items())
    return Picture(tuple(files), alt, image.width or 1200, image.height or 1200)


def lead(images: Iterable[ProductImage]) -> ProductImage | None:
    """What stands for the product: what staff put first, else the first default mockup, else the first copy."""
    fetched = _shown(images)
    if fetched and fetched[0].place < NO_PLACE:
        return fetched[0]
    return next((image for image in fetched if image.is_default), fetched[0] if fetched else None)


def other_side(images: Sequence[ProductImage], first: ProductImage | None) -> ProductImage | None:
    """Another look at what `first` shows, in the same variants: best on a person or in use, else from behind."""
    if first is None:
        return None
    variant_ids = set(first.variant_ids)
    others = [
        image
        for image in _shown(images)
        if image.pk != first.pk
        and image.label != CHART
        and (not variant_ids or not image.variant_ids or not variant_ids.isdisjoint(image.variant_ids))
    ]
    return min(others, key=lambda one: (one.label == first.label, LOOKS.get(one.label, len(LOOKS))), default=None)


def _shown(images: Iterable[ProductImage]) -> list[ProductImage]:
    """There is a copy, nothing before it looks the same, and staff have not hidden it."""
    return [image for image in images if image.files and not image.repeats and not image.hidden]


def for_variants(images: Sequence[ProductImage], wanted: Iterable[set[int]]) -> list[ProductImage]:
    """The mockups of the first set of variant ids that has any; those of no variant at all are shown with each."""
    fetched = _shown(images)
    for ids in wanted:
        fitting = [image for image in fetched if not image.variant_ids or not ids.isdisjoint(image.variant_ids)]
        if any(image.variant_ids for image in fitting):
            # Those of no variant come last, except where staff gave them a place.
            return sorted(fitting, key=lambda image: not image.variant_ids and image.place >= NO_PLACE)
    return fetched


def words(title: str, colour: str, label: str) -> str:
    """What a picture shows: "Be Kind Tee, Black, back"."""
    return ", ".join(part for part in (title, colour, str(VIEWS.get(label, label.replace("-", " ")))) if part)


SIDE = 1200
QUALITY = 85
WEEK = 604_800


@require_safe
@cache_control(public=True, max_age=WEEK)
def picture_jpeg(_request: HttpRequest, slug: str) -> HttpResponse:
    """Drawn from our own copy of the mockup when first asked for, then kept."""
    product = get_object_or_404(Product.objects.for_sale(), slug=slug)
    image = lead(product.images.all())
    if image is None:
        raise Http404
    widest = image.files[max(image.files, key=int)]
    name = f"social/{widest.rsplit('/', 1)[-1].rsplit('.', 1)[0]}.jpg"
    if not default_storage.exists(name):
        default_storage.save(name, ContentFile(_jpeg(widest)))
    with default_storage.open(name) as kept:
        return HttpResponse(kept.read(), content_type="image/jpeg")


def _jpeg(name: str) -> bytes:
    with default_storage.open(name) as stored, Image.open(stored) as opened:
        picture = opened.convert("RGB")
        picture.thumbnail((SIDE, SIDE))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=QUALITY, progressive=True, optimize=True)
        return buffer.getvalue()
