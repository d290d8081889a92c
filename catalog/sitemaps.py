"""What search engines may read: the sitemap and the rules for robots. The product feed is `catalog.feed`."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from catalog.models import Category, Product
from catalog.storefront.structured_data import absolute

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
