"""Copies of one picture, re-encoded and named by content: WebP in several widths for pages, a small JPEG for mails.

The names are immutable, so browsers and CDNs may keep the files for ever. Outlook on Windows shows no WebP.
"""

import hashlib
import io
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps

from catalog.models import ProductImage
from ilytat.pages.image_memory import one_at_a_time

log = logging.getLogger(__name__)

# Part of every file's name through the digest: raise it when the encoding changes.
ENCODING = 1
WIDTHS = (400, 800, 1200)
MAIL_WIDTH = 200  # shown at 64, sharp on dense screens
QUALITY = 82
PIXELS_MAX = 25_000_000  # 100 MB of memory once decoded, twice that if it is transparent
FORMATS = ("JPEG", "PNG", "WEBP")
PAGES, MAILS = "products", "mail"


class Unusable(Exception):
    """The picture cannot be had or cannot be shown; the reason is for staff."""


@dataclass(frozen=True)
class Copies:
    """`files`: {"width": "storage name"}; width and height are the original's. Fields are those of ProductImage."""

    digest: str
    width: int
    height: int
    files: dict[str, str]
    fingerprint: str


def make_copies(content: bytes) -> Copies:
    """Decode, re-encode in every width up to the original's, and store what is not stored yet. Raises Unusable."""
    digest = hashlib.sha256(f"{ENCODING}:".encode() + content).hexdigest()
    with one_at_a_time:
        try:
            picture = _decoded(content)
        except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for a damaged file
            raise Unusable("the file is not a picture that can be read") from error
        size, fingerprint = picture.size, image_fingerprint(picture)
        widths = [width for width in WIDTHS if width <= picture.width] or [picture.width]
        encoded = {_name(digest, width): _encoded(picture, width, "WEBP") for width in widths}
        mail = _encoded(picture, min(MAIL_WIDTH, picture.width), "JPEG")
        del picture
    names = [_stored(name, content) for name, content in encoded.items()]
    _stored(mail_name(names[0]), mail)
    return Copies(digest, *size, dict(zip(map(str, widths), names, strict=True)), fingerprint)


def mail_name(name: str) -> str:
    """Where the JPEG of a picture is stored: `name` is that of any of its WebP copies."""
    folder, _, file = name.removeprefix(f"{PAGES}/").partition("/")
    return f"{MAILS}/{folder}/{file.rpartition('-')[0]}.jpg"


def mail_url(name: str) -> str:
    """The absolute address of the JPEG for mails; `name` is that of a WebP copy. "" when there is none to be had.

    Pictures stored before there were JPEGs get theirs now. Not for pages: it asks the storage.
    """
    if not name:
        return ""
    try:
        wanted = mail_name(name)
        if not default_storage.exists(wanted):
            _convert(name, wanted)
        return str(urljoin(settings.SITE_URL, default_storage.url(wanted)))
    except Exception:  # a mail without a picture is better than none, whatever the storage raises
        log.warning("no picture for a mail", extra={"file": name}, exc_info=True)
        return ""


def _convert(name: str, wanted: str) -> None:
    with default_storage.open(name) as file:
        picture = _decoded(file.read())
    _stored(wanted, _encoded(picture, min(MAIL_WIDTH, picture.width), "JPEG"))


def _decoded(content: bytes) -> Image.Image:
    """Nothing of the sender's file survives but its pixels: no metadata, no second payload behind the image."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as found:
        if found.width * found.height > PIXELS_MAX:
            raise Unusable(f"{found.width} × {found.height} pixels are too many")
        found.verify()
    with Image.open(io.BytesIO(content), formats=FORMATS) as found:
        found.load()
        ImageOps.exif_transpose(found, in_place=True)
        if found.mode in {"RGBA", "LA", "PA", "P"}:
            layer = found if found.mode == "RGBA" else found.convert("RGBA")
            opaque = Image.new("RGB", layer.size, "white")
            opaque.paste(layer, mask=layer.getchannel("A"))
            return opaque
        return found if found.mode == "RGB" else found.convert("RGB")


def _encoded(picture: Image.Image, width: int, kind: str) -> bytes:
    height = max(1, round(picture.height * width / picture.width))
    small = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    buffer = io.BytesIO()
    small.save(buffer, kind, quality=QUALITY, **({"method": 4} if kind == "WEBP" else {"optimize": True}))
    return buffer.getvalue()


def _name(digest: str, width: int) -> str:
    return f"{PAGES}/{digest[:2]}/{digest}-{width}.webp"


def _stored(name: str, content: bytes) -> str:
    if default_storage.exists(name):
        return name
    return default_storage.save(name, ContentFile(content))


SIDE = 16
# Of 255, in the cell that differs most: a small print on one sleeve changes a cell by more, a re-encoding by less.
TOLERANCE = 6


def image_fingerprint(picture: Image.Image) -> str:
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
