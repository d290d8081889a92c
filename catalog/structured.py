"""A product in schema.org's words, for search engines and price comparisons."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.html import strip_tags

from catalog.models import Product, Variant
from catalog.pictures import Picture
from ilytat.display import money

IMAGES_MAX = 6
TEXT_MAX = 5000


def absolute(path: str) -> str:
    return path if path.startswith("http") else f"{settings.SITE_URL}{path}"


def product_data(product: Product, offered: Sequence[Variant], pictures: Sequence[Picture]) -> dict[str, Any]:
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.title,
        "description": plain(product.description),
        "image": [absolute(picture.largest) for picture in pictures[:IMAGES_MAX] if picture.files],
        "sku": product.printify_id,
        "offers": _offers(product, offered),
    }


def plain(html: str) -> str:
    return " ".join(strip_tags(html.replace("<", " <")).split())[:TEXT_MAX]


def _offers(product: Product, offered: Sequence[Variant]) -> dict[str, Any]:
    prices = [each.price for each in offered if each.is_available] or [each.price for each in offered]
    currency = settings.SHOP_CURRENCY
    return {
        "@type": "AggregateOffer",
        "url": absolute(product.get_absolute_url()),
        "priceCurrency": currency,
        "lowPrice": str(money.major(min(prices), currency)),
        "highPrice": str(money.major(max(prices), currency)),
        "offerCount": len(offered),
        "availability": f"https://schema.org/{'InStock' if product.in_stock else 'OutOfStock'}",
    }
