"""A product in schema.org's words, for search engines and price comparisons."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext as _

from catalog.images.pictures import Picture
from catalog.models import Product, Variant
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


def crumbs(product: Product) -> dict[str, Any]:
    """The way to it, as the page shows it."""
    places = [(_("Everything"), reverse("products"))]
    places += [(category.name, category.get_absolute_url()) for category in product.categories.all()[:1]]
    places.append((product.title, product.get_absolute_url()))
    items = [
        {"@type": "ListItem", "position": place, "name": name, "item": absolute(path)}
        for place, (name, path) in enumerate(places, 1)
    ]
    return {"@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items}


def site(name: str) -> dict[str, Any]:
    """The shop itself, and how it is searched."""
    target = f"{absolute(reverse('search'))}?q={{words}}"
    return {
        "@context": "https://schema.org",
        "@type": "WebSite",
        "name": name,
        "url": absolute(reverse("home")),
        "potentialAction": {
            "@type": "SearchAction",
            "target": target,
            "query-input": "required name=words",
        },
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
