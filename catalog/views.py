"""The storefront's pages. Each view's docstring names the context of its template."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from catalog import sales
from catalog.models import Category, OldSlug, Product
from catalog.search import query, suggestions
from catalog.search.query import Scope
from catalog.storefront import home_page, product_page
from catalog.storefront.cards import cards
from ilytat.pages.revalidation import revalidated

QUERY_MAX = 80
BEST = 4
SEEN_MAX = 8
ID_MAX = 2**63
ID_DIGITS = 19
SUGGEST_SECONDS = 300


@require_safe
@revalidated
def home(request: HttpRequest) -> HttpResponse:
    """`hero` (two Cards), `kinds` (KindTiles), `picks`, `best` and `newest` (Cards; `best` only when sales tell it)."""
    return render(request, "catalog/home.html", home_page.page())


@require_safe
@revalidated
def product_list(request: HttpRequest) -> HttpResponse:
    """`listing`, `cards`."""
    return _listed(request, query.listing(request.GET), {})


@require_safe
@revalidated
def category_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """`listing`, `cards`, `category`."""
    category = get_object_or_404(Category, slug=slug)
    return _listed(request, query.listing(request.GET, Scope(category)), {"category": category})


@require_safe
@revalidated
def search_page(request: HttpRequest) -> HttpResponse:
    """`listing`, `cards`, `query`, `instead` (the spelling searched in its place).

    If nothing is found also `singles` (each word alone, how many it finds) and `best` (sales.BestSellers).
    """
    typed = _query(request)
    found = query.find(typed)
    listing = query.listing(request.GET, Scope(found=found))
    nothing = not listing.page.paginator.count and not listing.chips
    if typed and (found.instead or nothing):
        query.note(request, typed, found.instead)
    singles = query.per_term_counts(found) if nothing else []
    extra = {
        "query": typed,
        "instead": found.instead,
        "best": sales.best(BEST) if nothing else None,
        "singles": singles,
    }
    return _listed(request, listing, extra, "catalog/search.html")


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """What the search box offers: {"items": [{"text", "url", "note", "picture"}]}. The same for everybody."""
    response = JsonResponse({"items": suggestions.suggest(_query(request))})
    patch_cache_control(response, public=True, max_age=SUGGEST_SECONDS)
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response


def _query(request: HttpRequest) -> str:
    return " ".join(request.GET.get("q", "").split())[:QUERY_MAX]


def _listed(
    request: HttpRequest, listing: query.Listing, extra: dict[str, Any], template: str = "catalog/list.html"
) -> HttpResponse:
    shown = cards(listing.page.object_list, listing.families)
    return render(request, template, {"listing": listing, "cards": shown, **extra})


@require_safe
@revalidated
def product_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """See `product_page.page`; `ask`: "Add to cart" was pressed before everything was chosen.

    What staff or Printify hid is not there. What is no longer made keeps its page, which says so (410).
    """
    product = Product.objects.for_sale().filter(slug=slug).first()
    if product is None:
        return _retired(request, slug)
    context = product_page.page(product, request.GET.dict())
    return render(request, "catalog/product.html", {**context, "ask": "ask" in request.GET})


@require_safe
def look(request: HttpRequest, slug: str) -> HttpResponse:
    """To the picture of the colour (an option's id) that the address names: what a card shows under the pointer."""
    product = get_object_or_404(Product.objects.for_sale(), slug=slug)
    shown = product_page.in_colour(product, request.GET.get("color", ""))
    if shown is None or not shown.files:
        raise Http404
    response = redirect(shown.src)
    patch_cache_control(response, public=True, max_age=SUGGEST_SECONDS)
    return response


@require_safe
def seen(request: HttpRequest) -> HttpResponse:
    """`cards`: the products that the address names, in its order; a piece of a page."""
    asked = request.GET.get("ids", "").split(",")
    ids = [int(one) for one in asked if one.isascii() and one.isdecimal() and len(one) <= ID_DIGITS][:SEEN_MAX]
    found = Product.objects.for_cards().in_bulk([one for one in ids if one < ID_MAX])
    shown = cards(found[one] for one in dict.fromkeys(ids) if one in found)
    response = render(request, "catalog/_seen.html", {"cards": shown})
    patch_cache_control(response, private=True, max_age=60)
    return response


def _retired(request: HttpRequest, slug: str) -> HttpResponse:
    """`product`, `picture`, `alternatives` (Cards)."""
    product = Product.objects.filter(slug=slug, gone_at__isnull=False, visible=True, hidden=False).first()
    if product is None:
        return _moved(request, slug)
    (once,) = cards([product])
    context = {"product": product, "picture": once.picture, "alternatives": product_page.alternatives(product)}
    return render(request, "catalog/retired.html", context, status=410)


def _moved(request: HttpRequest, slug: str) -> HttpResponse:
    """An address the product had before staff changed it, with whatever was chosen there."""
    old = OldSlug.objects.filter(slug=slug).select_related("product").first()
    if old is None:
        raise Http404
    query = request.META.get("QUERY_STRING", "")
    address = old.product.get_absolute_url()
    return redirect(f"{address}?{query}" if query else address, permanent=True)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 (Django's signature)
    return render(request, "404.html", status=404)
