"""Search: product types, colours, sizes and theme words in any order, forgiving of a slip of the finger.

A constant number of queries, whatever is asked and however large the catalogue is.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import add, or_
from typing import Any, cast
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db import transaction
from django.db.models import Case, Count, Exists, F, IntegerField, Max, Min, OuterRef, Q, QuerySet, When
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy
from limits import parse

from catalog import color_groups
from catalog.models import Category, MissedSearch, Posting, Product, ProductQuerySet, ShelfEntry, Slip, Word
from catalog.search import facets, terms
from catalog.search.facets import Counts, Facet, is_clothing_size
from ilytat.integrations import limits
from ilytat.integrations.limits import client_address

PREFIX_MIN = 3  # letters; the word that is still being typed may be shorter
LAST_MIN = 2
VOCABULARY_MAX = 400
CANDIDATES_MAX = 200


@dataclass(frozen=True)
class TermMatch:
    """One asked word as the catalogue knows it: the ids of the very word, and of synonyms and words that begin so."""

    text: str
    exact: frozenset[int]
    near: frozenset[int]

    @property
    def ids(self) -> frozenset[int]:
        return self.exact | self.near


@dataclass(frozen=True)
class SearchResult:
    """`matched` are postings grouped by entry, with a `score`; None when nothing sensible was asked or is known.

    `instead` is the spelling that was searched in place of what was typed.
    """

    matched: "QuerySet[Any, Any] | None" = None
    senses: list[TermMatch] = field(default_factory=list)
    instead: str = ""

    def among(self, entries: "QuerySet[ShelfEntry]") -> "QuerySet[ShelfEntry]":
        """Those of the entries that say every word: word by word, which databases do faster than by the scores."""
        if self.matched is None:
            return entries.none()
        for sense in self.senses:
            entries = entries.filter(pk__in=Posting.objects.filter(word__in=sense.ids).values("entry_id"))
        return entries


def find(query: str) -> SearchResult:
    asked = terms.query_terms(query)
    if not asked:
        return SearchResult()
    senses = _senses(asked)
    if all(sense.ids for sense in senses):
        return SearchResult(_matched(senses), senses)
    meant = _corrected(senses)
    if not meant:
        return SearchResult()
    corrected = [sense for sense in _senses(meant) if sense.ids]
    return SearchResult(_matched(corrected), corrected, " ".join(meant)) if corrected else SearchResult()


def _senses(asked: Sequence[str]) -> list[TermMatch]:
    """One query for all words."""
    others = {word: terms.alike(word) for word in asked}
    exact = {*asked, *(other for found in others.values() for other in found)}
    beginnings = [word for word in asked if _begins(word, asked)]
    wanted = reduce(or_, (Q(text__startswith=word) for word in beginnings), Q(text__in=exact))
    known = list(_for_sale(Word.objects.filter(wanted)).values_list("text", "pk")[:VOCABULARY_MAX])
    return [_sense(word, others[word], known, prefix=word in beginnings) for word in asked]


def _for_sale(words: "QuerySet[Word]") -> "QuerySet[Word]":
    """Those of the words that find a product for sale now: the index follows the products up to a minute later."""
    products = Product.objects.for_sale().filter(pk=OuterRef("entry_id"))
    return words.filter(Exists(Posting.objects.filter(Exists(products), word=OuterRef("pk"))))


def _begins(word: str, asked: Sequence[str]) -> bool:
    return len(word) >= (LAST_MIN if word == asked[-1] else PREFIX_MIN) and not word.isdigit()


def _sense(word: str, others: Collection[str], known: Sequence[tuple[str, int]], *, prefix: bool) -> TermMatch:
    exact = frozenset(pk for text, pk in known if text == word)
    near = frozenset(pk for text, pk in known if text in others or (prefix and text.startswith(word)))
    return TermMatch(word, exact, near - exact)


def _corrected(senses: Sequence[TermMatch]) -> list[str]:
    """The words that are known, and what was probably meant by the others; what nothing is near to is left out."""
    unknown = [sense.text for sense in senses if not sense.ids]
    keys = {key for word in unknown for key in terms.deletes(word)}
    # From the slips to the words: the other way round each word of the catalogue would be looked at.
    rows = _for_sale(Word.objects.filter(pk__in=Slip.objects.filter(key__in=keys).values("word_id")))
    often = rows.annotate(often=Count("postings")).order_by("-often")
    known = list(often.values_list("text", "often")[:CANDIDATES_MAX])
    meant = [sense.text if sense.ids else terms.nearest(sense.text, known) for sense in senses]
    return list(dict.fromkeys(word for word in meant if word))


def _matched(senses: Sequence[TermMatch]) -> "QuerySet[Any, Any]":
    """Every word must be met; a word in the title weighs more than one in the text, the very word more than a like."""
    rows = Posting.objects.filter(word__in=frozenset().union(*(sense.ids for sense in senses))).values("entry_id")
    points = {f"p{place}": _points(sense) for place, sense in enumerate(senses)}
    rows = rows.annotate(**points)
    if len(senses) > 1:
        rows = rows.filter(**{f"{name}__gt": 0 for name in points})
    return rows.annotate(score=reduce(add, map(F, points)))


def _points(sense: TermMatch) -> Max:
    exactly = When(word__in=sense.exact, then=F("points") * 2)
    nearly = When(word__in=sense.near, then=F("points"))
    cases = [case for case, ids in ((exactly, sense.exact), (nearly, sense.near)) if ids]
    return Max(Case(*cases, default=0, output_field=IntegerField()))


def per_term_counts(found: SearchResult) -> list[tuple[str, int]]:
    """Each word alone with the number of its products: the ways on when nothing has them all."""
    if len(found.senses) < 2:  # noqa: PLR2004 (one word alone is the very search that failed)
        return []
    ids = frozenset().union(*(sense.ids for sense in found.senses))
    said = Posting.objects.filter(word__in=ids, entry__in=Product.objects.for_sale().values("pk"))
    each = {f"n{place}": _products(sense) for place, sense in enumerate(found.senses)}
    counts = said.aggregate(**each)
    return [(sense.text, n) for place, sense in enumerate(found.senses) if (n := counts[f"n{place}"])]


def _products(sense: TermMatch) -> Count:
    return Count("entry", filter=Q(word__in=sense.ids), distinct=True)


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
    found: SearchResult | None = None
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
    return color_groups.BY_SLUG[slug].shade if facet.key == "color" else ""


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


RATE = parse("10/minute")
TERM_MAX = 60  # characters
TERMS_MAX = 2000  # rows
# Nobody looks for a thing by these: somebody's address, number or link went into the wrong box.
PERSONAL = re.compile(r"@|\d{5}|://|www\.|[\x00-\x1f]")


def note(request: HttpRequest, query: str, instead: str = "") -> None:
    """Count a search that found nothing by its own words. At most ten a minute from one address."""
    term = " ".join(query.casefold().split())[:TERM_MAX]
    if not term or PERSONAL.search(term) or not limits.hit(RATE, "missed search", client_address(request)):
        return
    again = MissedSearch.objects.filter(term=term)
    changes = {"count": F("count") + 1, "instead": instead[:TERM_MAX], "last_at": timezone.now()}
    if not again.update(**changes):
        with transaction.atomic():
            MissedSearch.objects.get_or_create(term=term, defaults={"instead": instead[:TERM_MAX]})
        _cap()


def _cap() -> None:
    """The rarest and oldest make room."""
    surplus = MissedSearch.objects.count() - TERMS_MAX
    if surplus > 0:
        oldest = MissedSearch.objects.order_by("count", "last_at").values_list("pk", flat=True)[:surplus]
        MissedSearch.objects.filter(pk__in=list(oldest)).delete()
