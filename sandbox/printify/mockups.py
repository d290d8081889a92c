"""Product pictures: drawn at the first request, then read from the disk beside the store."""

import hashlib
import re
import uuid
from functools import cache
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from sandbox import faults, settings
from sandbox.demo import mockups

JPEG = b"\xff\xd8"
DEMO = Path(mockups.__file__).parent


@cache
def _folder() -> Path:
    """Changed drawings get a new folder: a picture drawn by older code is never shown."""
    digest = hashlib.sha256()
    for file in sorted(each for each in DEMO.rglob("*") if each.is_file() and each.suffix != ".pyc"):
        digest.update(f"{file.relative_to(DEMO)} {file.stat().st_size} {file.stat().st_mtime_ns}".encode())
    return settings.MOCKUPS / digest.hexdigest()[:12]


def _file(product_id: str, variant_id: int, camera: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{24}", product_id) or not re.fullmatch(r"[\w-]{1,40}", camera):
        raise Http404
    return _folder() / product_id / f"{variant_id}-{camera}"


def picture(product_id: str, variant_id: int, camera: str) -> bytes:
    """Raises Http404 for what the demo does not draw."""
    file = _file(product_id, variant_id, camera)
    if file.is_file():
        return file.read_bytes()
    try:
        drawn = mockups.render(product_id, variant_id, camera)
    except KeyError as missing:
        if missing.args[0] in {product_id, variant_id, camera}:
            raise Http404 from None
        raise
    file.parent.mkdir(parents=True, exist_ok=True)
    # Two requests may draw the same picture at once; whoever reads must never see half of it.
    fresh = file.with_suffix(f".{uuid.uuid4().hex}")
    fresh.write_bytes(drawn)
    fresh.replace(file)
    return drawn


@require_safe
@faults.route("printify.mockup")
def view(_request: HttpRequest, product_id: str, variant_id: int, camera: str, slug: str) -> HttpResponse:  # noqa: ARG001 - the slug is for people
    content = picture(product_id, variant_id, camera)
    kind = "image/jpeg" if content.startswith(JPEG) else "image/png"
    return HttpResponse(content, content_type=kind, headers={"Cache-Control": "public, max-age=86400"})
