"""A product in schema.org's words, for search engines and price comparisons."""

import hashlib
import threading
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.html import strip_tags
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.images.urls import Picture, for_variants, lead, picture
from catalog.models import Category, Product, ProductImage, Variant
from catalog.product_types import kind_of
from catalog.search.facets import is_clothing_size
from catalog.search.index import chosen_values
from ilytat.pages import money

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


PAGES = ("about", "shipping", "returns", "size-guide", "contact", "terms", "privacy", "imprint", "accessibility")
PRIVATE = ("/admin/", "/accounts/", "/cart/", "/checkout/", "/orders/", "/search/", "/api/")


class _Sitemap(Sitemap[Any]):
    def get_domain(self, site: Any = None) -> str:  # noqa: ARG002 (Django's signature)
        return str(settings.SITE.netloc)

    def get_protocol(self, protocol: str | None = None) -> str:  # noqa: ARG002 (Django's signature)
        return str(settings.SITE.scheme)


class Products(_Sitemap):
    def items(self) -> QuerySet[Product]:
        return Product.objects.for_sale().order_by("pk")

    def lastmod(self, item: Product) -> datetime | None:
        return item.updated_upstream


class Categories(_Sitemap):
    def items(self) -> QuerySet[Category]:
        return Category.objects.all()


class Pages(_Sitemap):
    def items(self) -> list[str]:
        return [reverse("home"), reverse("products"), *(reverse("page", args=[slug]) for slug in PAGES)]

    def location(self, item: str) -> str:
        return item


SITEMAPS = {"products": Products, "categories": Categories, "pages": Pages}


@require_safe
@cache_control(max_age=3600)
def robots(_request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), f"Sitemap: {absolute('/sitemap.xml')}", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


PRODUCTS = 100
MAX_AGE_SECONDS = 3600
PIECE_BYTES = 64 * 1024
ID_MAX = 50  # characters, by the specification


class Feed(NamedTuple):
    version: str
    compressed: bytes  # a twentieth of the text: some megabytes for 100,000 variants


_latest = Feed("", b"")  # of this process
_drawing = threading.Lock()


@require_safe
def google_feed(request: HttpRequest) -> HttpResponseBase:
    """Draw the feed once for each version of the catalog. Whoever asks meanwhile gets the version before, or 503."""
    with translation.override(settings.LANGUAGE_CODE):  # one feed for all, whatever the request prefers
        head = render_to_string("catalog/google_feed.xml", {}, request)
        version = _version(head)
        etag = quote_etag(version)
        unchanged = get_conditional_response(request, etag)
        if unchanged is not None:
            patch_cache_control(unchanged, max_age=MAX_AGE_SECONDS)
            return unchanged
        feed = _kept(version, head, request)
    if feed is None:
        return HttpResponse(
            "The feed is being written.", status=503, headers={"Retry-After": "60", "Cache-Control": "no-store"}
        )
    headers = {"ETag": quote_etag(feed.version), "Cache-Control": f"max-age={MAX_AGE_SECONDS}"}
    return StreamingHttpResponse(_expanded(feed), content_type="application/xml; charset=utf-8", headers=headers)


def _version(head: str) -> str:
    """Whatever changes a product sets its `synced_at`; `head` holds what the brand says."""
    changed = Product.objects.aggregate(at=Max("synced_at"))["at"]
    return hashlib.sha256(f"{head} {changed} {Product.objects.for_sale().count()}".encode()).hexdigest()[:32]


def _kept(version: str, head: str, request: HttpRequest) -> Feed | None:
    global _latest  # noqa: PLW0603 (the one feed of the process)
    if _latest.version != version and _drawing.acquire(blocking=False):
        try:
            _latest = Feed(version, _compressed(_written(head, request)))
        finally:
            _drawing.release()
    return _latest if _latest.version else None


def _compressed(texts: Iterable[str]) -> bytes:
    compressor = zlib.compressobj()
    pieces = [compressor.compress(text.encode()) for text in texts]
    return b"".join([*pieces, compressor.flush()])


def _expanded(feed: Feed) -> Iterator[bytes]:
    expander = zlib.decompressobj()
    rest = feed.compressed
    while rest:
        yield expander.decompress(rest, PIECE_BYTES)
        rest = expander.unconsumed_tail


def _written(head: str, request: HttpRequest) -> Iterator[str]:
    yield head
    for products in _pages():
        yield render_to_string("catalog/_feed_items.xml", {"items": _items(products)}, request)
    yield "</channel>\n</rss>\n"


def _pages() -> Iterator[list[Product]]:
    last = 0
    while products := list(Product.objects.for_sale().filter(pk__gt=last).order_by("pk")[:PRODUCTS]):
        yield products
        last = products[-1].pk


def _items(products: Sequence[Product]) -> Iterator[dict[str, Any]]:
    variants: dict[int, list[Variant]] = defaultdict(list)
    for variant in Variant.objects.offered().filter(product__in=products).order_by("position", "pk"):
        variants[variant.product_id].append(variant)
    images: dict[int, list[ProductImage]] = defaultdict(list)
    for image in ProductImage.objects.filter(product__in=products):
        images[image.product_id].append(image)
    for product in products:
        for variant in variants[product.pk]:
            shown = lead(for_variants(images[product.pk], [{variant.variant_id}]))
            if shown is not None:  # the specification wants a picture
                yield _item(product, variant, absolute(picture(shown).largest))


def _item(product: Product, variant: Variant, image: str) -> dict[str, Any]:
    colours = [str(value["title"]) for value in chosen_values(product.options, "color", variant.option_ids)]
    sizes = [str(value["title"]) for value in chosen_values(product.options, "size", variant.option_ids)]
    named = " / ".join([*colours, *sizes])
    return {
        "id": f"{product.printify_id}-{variant.variant_id}"[:ID_MAX],
        "group": product.printify_id,
        "title": f"{product.title} ({named})" if named else product.title,
        "text": plain(product.description),
        "link": f"{absolute(product.get_absolute_url())}?variant={variant.variant_id}",
        "image": image,
        "price": f"{money.major(variant.price, settings.SHOP_CURRENCY)} {settings.SHOP_CURRENCY}",
        "in_stock": variant.is_available,
        "color": colours[0] if colours else "",
        "size": sizes[0] if sizes else "",
        "clothing": any(map(is_clothing_size, sizes)),
        "kind": str(kind_of(product.tags).name),
    }


@require_safe
@cache_control(public=True, max_age=86_400)
def speculation(_request: HttpRequest) -> HttpResponse:
    """Which links a browser may fetch when the pointer rests on them: a header leads here, for the policy allows no
    script in the page.
    """
    where = {
        "and": [
            {"href_matches": ["/products/*", "/categories/*", "/pages/*"]},
            {"not": {"selector_matches": "[rel~=nofollow], [data-choose], .chip, .filters a"}},
        ]
    }
    rules = {"prefetch": [{"where": where, "eagerness": "moderate"}]}
    return JsonResponse(rules, content_type="application/speculationrules+json")
