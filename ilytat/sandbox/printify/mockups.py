"""Product pictures: drawn at the first request, then read from the disk beside the store."""

import re
import uuid
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from ilytat.sandbox import faults, settings
from ilytat.sandbox.demo import mockups

JPEG = b"\xff\xd8"


def _file(product_id: str, variant_id: int, camera: str) -> Path:
    if not re.fullmatch(r"[0-9a-f]{24}", product_id) or not re.fullmatch(r"[\w-]{1,40}", camera):
        raise Http404
    return settings.MOCKUPS / product_id / f"{variant_id}-{camera}"


def picture(product_id: str, variant_id: int, camera: str) -> bytes:
    """Raises Http404 for what the demo does not draw."""
    file = _file(product_id, variant_id, camera)
    if file.is_file():
        return file.read_bytes()
    try:
        drawn = mockups.render(product_id, variant_id, camera)
    except KeyError:
        raise Http404 from None
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
