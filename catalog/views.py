"""The storefront's pages. Each view's docstring names the context of its template."""

import logging
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import select_template
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from catalog import browse, facets, home_page, product_page, search
from catalog.cards import cards
from catalog.models import Category, Product

log = logging.getLogger(__name__)

PAGES = ("about", "accessibility", "contact", "imprint", "privacy", "returns", "shipping", "size-guide", "terms")
QUERY_MAX = 80
BEST = 4


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """`hero` (two Cards), `kinds` (KindTiles), `picks` and `newest` (Cards)."""
    return render(request, "catalog/home.html", home_page.page())


@require_safe
def product_list(request: HttpRequest) -> HttpResponse:
    """`listing`, `cards`."""
    return _listed(request, browse.listing(request.GET, facets.entries()), {})


@require_safe
def category_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """`listing`, `cards`, `category`."""
    category = get_object_or_404(Category, slug=slug)
    entries = [entry for entry in facets.entries() if category.pk in entry.categories]
    return _listed(request, browse.listing(request.GET, entries), {"category": category})


@require_safe
def search_page(request: HttpRequest) -> HttpResponse:
    """`listing`, `cards`, `query`, `instead` (the spelling searched in its place), `best` (Cards, if none)."""
    query = request.GET.get("q", "").strip()[:QUERY_MAX]
    found = search.find(query, facets.entries())
    if query and (found.instead or not found.entries):
        log.info("search without result", extra={"query": query, "instead": found.instead})
    best = [] if found.entries else cards(Product.objects.for_sale().filter(in_stock=True).in_order()[:BEST])
    extra = {"query": query, "instead": found.instead, "best": best}
    return _listed(request, browse.listing(request.GET, found.entries, searched=True), extra, "catalog/search.html")


def _listed(
    request: HttpRequest, listing: browse.Listing, extra: dict[str, Any], template: str = "catalog/list.html"
) -> HttpResponse:
    shown = cards(listing.page.object_list, listing.families)
    return render(request, template, {"listing": listing, "cards": shown, **extra})


@require_safe
def product_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """See `product_page.page`; `ask`: "Add to cart" was pressed before everything was chosen.

    What staff or Printify hid is not there. What is no longer made keeps its page, which says so (410).
    """
    product = Product.objects.for_sale().filter(slug=slug).first()
    if product is None:
        return _retired(request, slug)
    context = product_page.page(product, request.GET.dict())
    return render(request, "catalog/product.html", {**context, "ask": "ask" in request.GET})


def _retired(request: HttpRequest, slug: str) -> HttpResponse:
    """`product`, `alternatives` (Cards)."""
    product = Product.objects.filter(slug=slug, gone_at__isnull=False, visible=True, hidden=False).first()
    if product is None:
        raise Http404
    context = {"product": product, "alternatives": product_page.alternatives(product)}
    return render(request, "catalog/retired.html", context, status=410)


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop's own pages: the language's own text where there is one, else English."""
    if slug not in PAGES:
        raise Http404
    template = select_template([f"pages/{get_language()}/{slug}.html", f"pages/{slug}.html"])
    return HttpResponse(template.render({"slug": slug}, request))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 (Django's signature)
    return render(request, "404.html", status=404)
