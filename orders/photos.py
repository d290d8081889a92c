"""Photos from strangers: opened with care, drawn anew without their metadata, and small."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from ilytat.pages.image_memory import one_at_a_time

MOST = 5
MAX_BYTES = 10 * 1024 * 1024
JPEG_PIXELS_MAX = 50_000_000  # what telephones take; unpacked at a fraction of its size
PIXELS_MAX = 16_000_000  # of other formats, which are unpacked whole: 64 MB, and a WebP four times that
EDGE = 1600
TABLE_MODES = ("1", "P")  # a pixel is black or white, or a number in a palette
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


class BadPhoto(Exception):
    """The words say to the buyer why."""


@dataclass(frozen=True)
class Photo:
    data: bytes
    width: int
    height: int


def redrawn(file: UploadedFile[Any]) -> Photo:
    """Raises BadPhoto for whatever is no photo, or too large a one."""
    if (file.size or 0) > MAX_BYTES:
        raise BadPhoto(_("A photo may have up to 10 MB."))
    try:
        with Image.open(BytesIO(file.read()), formats=FORMATS) as image:  # reads the head only
            small_enough = image.width * image.height <= _pixels_max(image)
            drawn = _drawn(image) if small_enough else None  # what is too large is never unpacked
    except Exception as error:  # decoders raise what they like: it is no photo for us
        raise BadPhoto(_("This file is no photo that we can read. JPEG, PNG and WebP work.")) from error
    if drawn is None:
        raise BadPhoto(_("This photo has too many pixels. Send it as a JPEG of up to 50 megapixels."))
    return drawn


def _pixels_max(image: Image.Image) -> int:
    return JPEG_PIXELS_MAX if image.format == "JPEG" else PIXELS_MAX


def _drawn(image: Image.Image) -> Photo:
    """Make it small before anything copies it, unless its pixels cannot be blended."""
    with one_at_a_time:
        image.draft("RGB", (EDGE, EDGE))  # a JPEG is unpacked at that size at once: a sixteenth of the memory
        # Colors from a table have nothing in between: they would be dropped, not blended.
        image = image.convert("RGB") if image.mode in TABLE_MODES else image
        image.thumbnail((EDGE, EDGE))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    out = BytesIO()
    upright.save(out, "WEBP", quality=80)
    return Photo(out.getvalue(), upright.width, upright.height)
