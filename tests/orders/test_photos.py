"""Files that pretend to be photos, and photos that carry more than a picture."""

import os
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from orders import photos
from orders.photos import BadPhoto, redrawn


def file(data: bytes, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def drawn(kind: str, mode: str = "RGB", size: tuple[int, int] = (40, 30), **how: Any) -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, kind, **how)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of some bytes that says that it is as large as that."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 64,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"%PDF-1.7 " + b"0" * 500,
        drawn("JPEG")[:200],
        drawn("PNG")[:40],
        drawn("BMP"),
        drawn("TIFF"),
        drawn("ICO"),
        bomb(4000, 4000),
    ],
    ids=["empty", "nothing", "svg", "html", "pdf", "half a jpeg", "cut png", "bmp", "tiff", "ico", "less than it says"],
)
def test_what_is_no_photo_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadPhoto, match="no photo that we can read"):
        redrawn(file(data))


@pytest.mark.parametrize("size", [(60_000, 60_000), (2_000_000_000, 1), (7_072, 7_072)])
def test_a_file_that_would_fill_the_memory_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setattr(photos, "_drawn", lambda _image: pytest.fail("it was unpacked"))
    with pytest.raises(BadPhoto):
        redrawn(file(bomb(*size)))


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "I;16"), ("GIF", "P")]
)
def test_pictures_of_any_colour_model_become_one_kind(kind: str, mode: str) -> None:
    photo = redrawn(file(drawn(kind, mode)))
    made = Image.open(BytesIO(photo.data))
    assert (made.format, made.mode, made.size) == ("WEBP", "RGB", (40, 30))


def test_nothing_but_the_picture_is_kept() -> None:
    """Where it was taken, by whom and with what: in EXIF, XMP, comments, profiles, and behind the end."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x013B] = "my secret"
    more: dict[str, Any] = {
        "exif": exif,
        "comment": b"my secret",
        "xmp": b"<x>my secret</x>",
        "icc_profile": b"my secret" * 20,
    }
    data = drawn("JPEG", **more) + b"my secret"
    assert data.count(b"my secret") > 4
    assert b"my secret" not in redrawn(file(data)).data


def test_an_animation_is_kept_as_its_first_picture() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    photo = Image.open(BytesIO(redrawn(file(out.getvalue())).data))
    assert getattr(photo, "n_frames", 1) == 1
    red, _green, blue = photo.convert("RGB").getpixel((10, 10))  # type: ignore[misc]  # RGB gives three
    assert red > blue


def test_a_photo_taken_sideways_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = redrawn(file(drawn("JPEG", exif=exif)))
    assert (photo.width, photo.height) == (30, 40)


def test_the_name_of_the_file_is_never_kept() -> None:
    assert redrawn(file(drawn("PNG"), name='"><script>.php\0.jpg')).data.startswith(b"RIFF")


PEAK_MB_MAX = 300
PEAK = """
import re, sys
from io import BytesIO
from pathlib import Path
import django
django.setup()
from django.core.files.uploadedfile import SimpleUploadedFile
from orders import photos
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024
file = SimpleUploadedFile("photo", sys.stdin.buffer.read())
before = peak()
photo = photos.redrawn(file)
assert max(photo.width, photo.height) == photos.EDGE, photo
print(peak() - before)
"""


@pytest.mark.parametrize(
    ("kind", "mode", "edge", "how"),
    [
        ("PNG", "RGBA", 4000, {}),
        ("PNG", "P", 4000, {}),
        ("PNG", "I;16", 4000, {}),
        ("WEBP", "RGBA", 4000, {"lossless": True, "method": 0}),
        ("JPEG", "RGB", 7000, {}),
        ("JPEG", "CMYK", 7000, {}),
        ("JPEG", "RGB", 7000, {"progressive": True}),
    ],
)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux says how much memory a process took at most")
def test_the_largest_photo_takes_bounded_memory(kind: str, mode: str, edge: int, how: dict[str, Any]) -> None:
    """In a process of its own: the peak of this one was reached by another test."""
    data = drawn(kind, mode, (edge, edge), **how)
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    run = subprocess.run([sys.executable, "-c", PEAK], input=data, stdout=subprocess.PIPE, env=env, check=True)
    assert int(run.stdout) < PEAK_MB_MAX


@pytest.mark.parametrize("mode", ["1", "P"])
def test_fine_lines_in_a_palette_are_blended_when_made_smaller(mode: str) -> None:
    """A drawing of one black line in four becomes gray; picking pixels would leave black and white."""
    image = Image.new("L", (6400, 40), 255)
    for x in range(0, 6400, 4):
        image.paste(0, (x, 0, x + 1, 40))
    out = BytesIO()
    image.convert(mode).save(out, "PNG")
    with Image.open(BytesIO(redrawn(file(out.getvalue())).data)) as smaller:
        middle = smaller.convert("L").getpixel((800, 5))
    assert isinstance(middle, int | float)
    assert 150 < middle < 230
