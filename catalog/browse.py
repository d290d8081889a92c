"""The queries behind lists, categories and search: filters, counts, order and pages, all of it in the address."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.db.models import Q, Sum
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import colours, kinds
from catalog.facets import Entry, is_clothing_size, size_key
from catalog.models import Product, ProductQuerySet
from ilytat.display import money

PER_PAGE = 24
VALUES_MAX = 20
PRICE_STEPS = (15, 30, 45)  # major units
SORTS: dict[str, str | Promise] = {
    "featured": gettext_lazy("Featured"),
    "best": gettext_lazy("Best selling"),
    "newest": gettext_lazy("Newest"),
    "price": gettext_lazy("Price, low to high"),
    "-price": gettext_lazy("Price, high to low"),
}
RELEVANCE = {"match": gettext_lazy("Best match")}


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

    @property
    def numbers(self) -> list[int | str]:
        return list(self.page.paginator.get_elided_page_range(self.page.number, on_each_side=1, on_ends=1))

    @property
    def clear_url(self) -> str:
        """The same list without any filter."""
        return f"?{urlencode(self.carried)}" if self.carried else "?"


@dataclass(frozen=True)
class Facet:
    """One group of filters: what it reads of an entry, and how its values are called and ordered."""

    key: str
    name: str | Promise
    read: Callable[[Entry], Iterable[str]]
    label: Callable[[str], str]
    order: Callable[[str], object]


def _step(entry: Entry) -> str:
    return next((f"under-{top}" for top in PRICE_STEPS if entry.price < _minor(top)), f"over-{PRICE_STEPS[-1]}")


def _minor(major: int) -> int:
    return int(major * 10 ** money.exponent(settings.SHOP_CURRENCY))


def _price_label(slug: str) -> str:
    word, _dash, number = slug.partition("-")
    top = int(number)
    if word == "over":
        return _("%(price)s and more") % {"price": _written(top)}
    below = PRICE_STEPS.index(top)
    if below == 0:
        return _("Under %(price)s") % {"price": _written(top)}
    return _("%(low)s to %(high)s") % {"low": _written(PRICE_STEPS[below - 1]), "high": _written(top)}


def _written(major: int) -> str:
    return money.written(_minor(major), settings.SHOP_CURRENCY)


STEPS = [*(f"under-{top}" for top in PRICE_STEPS), f"over-{PRICE_STEPS[-1]}"]
FACETS = (
    Facet(
        "type",
        gettext_lazy("Type"),
        lambda entry: [entry.kind],
        lambda slug: str(kinds.BY_SLUG[slug].name),
        list(kinds.BY_SLUG).index,
    ),
    Facet(
        "color",
        gettext_lazy("Color"),
        lambda entry: entry.families,
        lambda slug: str(colours.BY_SLUG[slug].name),
        list(colours.BY_SLUG).index,
    ),
    Facet("size", gettext_lazy("Size"), lambda entry: entry.sizes, str, size_key),
    Facet("price", gettext_lazy("Price"), lambda entry: [_step(entry)], _price_label, STEPS.index),
    Facet(
        "stock",
        gettext_lazy("Availability"),
        lambda entry: ["in"] if entry.in_stock else [],
        lambda _slug: _("In stock"),
        str,
    ),
)


def listing(query: QueryDict, entries: Sequence[Entry], *, searched: bool = False) -> Listing:
    """`entries` is what the page is about, best first."""
    known = {facet.key: _known(facet, entries) for facet in FACETS}
    chosen = {key: [slug for slug in query.getlist(key) if slug in slugs] for key, slugs in known.items()}
    shown = [entry for entry in entries if _passes(entry, chosen)]
    groups = [_group(facet, entries, known[facet.key], chosen) for facet in FACETS]
    names = RELEVANCE | SORTS if searched else SORTS
    sort = query.get("sort", "")
    sort = sort if sort in names else next(iter(RELEVANCE if searched else SORTS))
    return Listing(
        page=_page([entry.pk for entry in shown], sort, query.get("page")),
        groups=[group for group in groups if len(group.values) > 1 or group.chosen or group.key == "stock"],
        chips=_chips(query, groups),
        sort=sort,
        sorts=[(slug, f"{name}", _address(query, sort=slug)) for slug, name in names.items()],
        carried=[(key, str(query[key])) for key in ("q", "sort") if query.get(key)],
    )


def _known(facet: Facet, entries: Sequence[Entry]) -> list[str]:
    return sorted({slug for entry in entries for slug in facet.read(entry)}, key=facet.order)  # type: ignore[arg-type]  # each facet orders its own slugs


def _passes(entry: Entry, chosen: dict[str, list[str]], but: str = "") -> bool:
    """Or within a group, and between groups."""
    return all(
        facet.key == but or not chosen[facet.key] or any(slug in chosen[facet.key] for slug in facet.read(entry))
        for facet in FACETS
    )


def _group(facet: Facet, entries: Sequence[Entry], known: list[str], chosen: dict[str, list[str]]) -> Group:
    counts = dict.fromkeys(known, 0)
    for entry in entries:
        if _passes(entry, chosen, but=facet.key):
            for slug in facet.read(entry):
                counts[slug] += 1
    kept = _useful(facet, [slug for slug in known if counts[slug] or slug in chosen[facet.key]], chosen)[:VALUES_MAX]
    values = [
        Value(slug, facet.label(slug), counts[slug], slug in chosen[facet.key], _shade(facet, slug)) for slug in kept
    ]
    return Group(facet.key, str(facet.name), values)


def _useful(facet: Facet, slugs: list[str], chosen: dict[str, list[str]]) -> list[str]:
    """Among tees, mugs and phones only clothing sizes help; phone models appear once the list is about phones."""
    clothing = [slug for slug in slugs if is_clothing_size(slug) or slug in chosen[facet.key]]
    return clothing if facet.key == "size" and any(map(is_clothing_size, slugs)) else slugs


def _shade(facet: Facet, slug: str) -> str:
    return colours.BY_SLUG[slug].shade if facet.key == "color" else ""


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


def _page(pks: list[int], sort: str, number: str | None) -> Page[Any]:
    if sort not in RELEVANCE:
        return Paginator(_ordered(Product.objects.for_sale().filter(pk__in=pks), sort), PER_PAGE).get_page(number)
    places = Paginator(pks, PER_PAGE).get_page(number)
    rows = Product.objects.for_sale().in_bulk(list(places.object_list))
    return Page([rows[pk] for pk in places.object_list if pk in rows], places.number, places.paginator)


def _ordered(rows: ProductQuerySet, sort: str) -> ProductQuerySet:
    if sort == "best":
        sold = Sum("orderline__quantity", filter=Q(orderline__order__paid_at__isnull=False), default=0)
        return rows.annotate(sold=sold).order_by("-sold", "-featured", "position", "-created_upstream", "pk")
    orders = {"newest": ("-created_upstream", "pk"), "price": ("price_from", "pk"), "-price": ("-price_from", "pk")}
    return rows.order_by(*orders[sort]) if sort in orders else rows.in_order()
