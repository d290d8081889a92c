"""The picture that stands for a product where its link is shared: a real JPEG, for not everybody reads WebP."""

import io

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from PIL import Image

from catalog.images.pictures import lead
from catalog.models import Product

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
