"""The queries behind lists, categories and search: filters, counts, order and pages, all of it in the address."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Case, IntegerField, Max, Min, Q, QuerySet, When
from django.http import QueryDict
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy

from catalog import colour_families
from catalog.models import Category, Product, ProductQuerySet, ShelfEntry
from catalog.search import facets
from catalog.search.facets import Counts, Facet, is_clothing_size
from catalog.search.finder import Found

PER_PAGE = 24
PAGE_DIGITS = 6
IN_ORDER = ("-featured", "position", "-newest", "pk")
ORDERS = {
    "featured": IN_ORDER,
    "best": ("-sold", *IN_ORDER),
    "newest": ("-newest", "pk"),
    "price": ("price", "pk"),
    "-price": ("-price", "pk"),
}
SORTS: dict[str, str | Promise] = {
    "featured": gettext_lazy("Featured"),
    "best": gettext_lazy("Best selling"),
    "newest": gettext_lazy("Newest"),
    "price": gettext_lazy("Price, low to high"),
    "-price": gettext_lazy("Price, high to low"),
}
RELEVANCE = {"match": gettext_lazy("Best match")}


@dataclass(frozen=True)
class Scope:
    """What a list is about: everything, a category, what a search found, and any of these at once."""

    category: Category | None = None
    found: Found | None = None
    extra: Q = field(default_factory=Q)

    @property
    def ranked(self) -> bool:
        return self.found is not None

    def entries(self) -> "QuerySet[ShelfEntry]":
        rows = ShelfEntry.objects.filter(self.extra)
        if self.category:
            places = Product.categories.through.objects.filter(category=self.category)
            rows = rows.filter(pk__in=places.values("product_id"))
        return self.found.among(rows) if self.found is not None else rows


@dataclass(frozen=True)
class Value:
    """One thing to tick. `count` is how many products it would show beside the other filters."""

    slug: str
    name: str
    count: int
    chosen: bool
    shade: str = ""


@dataclass(frozen=True)
class Group:
    key: str
    name: str
    values: list[Value]

    @property
    def chosen(self) -> int:
        return sum(value.chosen for value in self.values)


@dataclass(frozen=True)
class Chip:
    """An applied filter; `url` is the same list without it."""

    name: str
    url: str
    shade: str = ""


class Places:
    """Entries as a paginator counts them: how many is known from the filters, so that nothing is counted twice."""

    def __init__(self, rows: "QuerySet[Any, Any]", total: int) -> None:
        self.rows = rows
        self.total = total

    def count(self) -> int:
        return self.total

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, part: slice) -> list[int]:
        return [row if isinstance(row, int) else row[0] for row in self.rows[part]]


@dataclass(frozen=True)
class Listing:
    page: Page[Any]  # of Products
    groups: list[Group]
    chips: list[Chip]
    sort: str
    sorts: list[tuple[str, str, str]]  # slug, name, address
    carried: list[tuple[str, str]] = field(default_factory=list)  # what the filter form passes on

    @property
    def families(self) -> list[str]:
        """The chosen colours: what is listed is shown in one of them."""
        return [value.slug for group in self.groups if group.key == "color" for value in group.values if value.chosen]

    @cached_property
    def numbers(self) -> list[int | str]:
        return list(self.page.paginator.get_elided_page_range(self.page.number, on_each_side=1, on_ends=1))

    @property
    def shown(self) -> int:
        """How many designs stand on this page and those before it."""
        return min(self.page.end_index(), self.page.paginator.count)

    @property
    def clear_url(self) -> str:
        """The same list without any filter."""
        return f"?{urlencode(self.carried)}" if self.carried else "?"


def listing(
    query: QueryDict, scope: Scope | None = None, *, per_page: int = PER_PAGE, products: ProductQuerySet | None = None
) -> Listing:
    """`products` are those that may be shown, with as much of each as the caller needs: by default what cards do."""
    shown = Product.objects.for_cards() if products is None else products
    scope = scope or Scope()
    rows = scope.entries()
    counts = facets.count(facets.combinations(rows), {facet.key: query.getlist(facet.key) for facet in facets.FACETS})
    groups = [_group(facet, counts) for facet in facets.FACETS]
    names = RELEVANCE | SORTS if scope.ranked else SORTS
    sort = query.get("sort", "")
    sort = sort if sort in names else next(iter(names))
    return Listing(
        page=_page(_places(scope, rows, counts, sort), query.get("page", ""), per_page, shown),
        groups=[group for group in groups if len(group.values) > 1 or group.chosen or group.key == "stock"],
        chips=_chips(query, groups),
        sort=sort,
        sorts=[(slug, f"{name}", _address(query, sort=slug)) for slug, name in names.items()],
        carried=[(key, str(query[key])) for key in ("q", "sort") if query.get(key)],
    )


def _places(scope: Scope, rows: "QuerySet[ShelfEntry]", counts: Counts, sort: str) -> Places:
    chosen = facets.where(counts.chosen)
    if sort in RELEVANCE and scope.found and scope.found.matched is not None:
        return Places(_by_score(scope.found.matched, scope, chosen), counts.total)
    order = ORDERS.get(sort, IN_ORDER)
    return Places(rows.filter(chosen).order_by(*order).values_list("pk", flat=True), counts.total)


def _by_score(matched: "QuerySet[Any, Any]", scope: Scope, chosen: Q) -> "QuerySet[Any, int]":
    """Best first, and what matches equally well in the shop's own order."""
    rows = matched
    if chosen or scope.extra or scope.category:
        rows = rows.filter(entry__in=Scope(scope.category, None, scope.extra).entries().filter(chosen))
    # As aggregates, of one value each: the database then groups by the entry's number alone, which is much quicker.
    first = Max(Case(When(entry__featured=True, then=1), default=0, output_field=IntegerField()))
    rows = rows.annotate(first=first, place=Min("entry__position"), new=Max("entry__newest"))
    ranked = rows.order_by("-score", "-first", "place", "-new", "entry_id")
    return cast("QuerySet[Any, int]", ranked.values_list("entry_id", flat=True))


def best_first(matched: "QuerySet[Any, Any]") -> "QuerySet[Any, int]":
    """The entries' ids, the best match first."""
    return _by_score(matched, Scope(), Q())


def _page(places: Places, number: str, per_page: int, shown: ProductQuerySet) -> Page[Any]:
    """The products of that page, as they are now: one hidden a moment ago is not among them."""
    digits = number if number.isascii() and number.isdecimal() and len(number) <= PAGE_DIGITS else "1"
    page = Paginator(cast("Any", places), per_page).get_page(digits)
    pks = list(page.object_list)
    found = shown.in_bulk(pks)
    return Page([found[pk] for pk in pks if pk in found], page.number, page.paginator)


def _group(facet: Facet, counts: Counts) -> Group:
    held, chosen = counts.by_value[facet.key], counts.chosen[facet.key]
    known = [slug for slug in counts.known[facet.key] if held.get(slug) or slug in chosen]
    kept = _useful(facet, known, chosen)[: facets.VALUES_MAX]
    values = [Value(slug, facet.label(slug), held.get(slug, 0), slug in chosen, _shade(facet, slug)) for slug in kept]
    return Group(facet.key, str(facet.name), values)


def _useful(facet: Facet, slugs: list[str], chosen: list[str]) -> list[str]:
    """Among tees, mugs and phones only clothing sizes help; phone models appear once the list is about phones."""
    clothing = [slug for slug in slugs if is_clothing_size(slug) or slug in chosen]
    return clothing if facet.key == "size" and any(map(is_clothing_size, slugs)) else slugs


def _shade(facet: Facet, slug: str) -> str:
    return colour_families.BY_SLUG[slug].shade if facet.key == "color" else ""


def _chips(query: QueryDict, groups: Iterable[Group]) -> list[Chip]:
    return [
        Chip(value.name, _address(query, without=(group.key, value.slug)), value.shade)
        for group in groups
        for value in group.values
        if value.chosen
    ]


def _address(query: QueryDict, *, sort: str = "", without: tuple[str, str] | None = None) -> str:
    """The same list, otherwise sorted or with one filter less, from its first page."""
    changed = query.copy()
    changed.pop("page", None)
    if sort:
        changed["sort"] = sort
    if without:
        key, slug = without
        changed.setlist(key, [value for value in changed.getlist(key) if value != slug])
    return f"?{changed.urlencode()}"
