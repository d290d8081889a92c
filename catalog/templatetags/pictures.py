"""Pictures in templates: from a `ProductImage`, or from the bare storage name an order line keeps."""

from django import template

from catalog.images import urls
from catalog.models import ProductImage

register = template.Library()


@register.filter
def picture(image: ProductImage | None, alt: str = "") -> urls.Picture:
    return urls.picture(image, alt)


@register.filter
def media(name: str) -> str:
    """The address of a stored file, "" for none."""
    return urls.address(name) if name else ""
