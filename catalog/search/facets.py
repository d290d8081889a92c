"""The groups of filters and their counts: each count says how many products ticking it would show beside the others.

One query reads how many entries there are of each combination; everything else is counted from that.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import color_groups, product_types
from ilytat.pages import money

if TYPE_CHECKING:
    from catalog.models import ShelfEntry

PRICE_STEPS = (15, 30, 45)  # major units
VALUES_MAX = 24
CHOSEN_MAX = 24
SIZE_ORDER = ("XXS", "XS", "S", "M", "L", "XL", "2XL", "3XL", "4XL", "5XL", "6XL")
STEPS = [*(f"under-{top}" for top in PRICE_STEPS), f"over-{PRICE_STEPS[-1]}"]


BAR = "|"


def join_values(values: Iterable[str]) -> str:
    """So that one value can be looked for between its bars."""
    kept = [value.replace(BAR, "/") for value in values if value]
    return f"{BAR}{BAR.join(kept)}{BAR}" if kept else ""


def split_values(text: str) -> list[str]:
    return text.strip(BAR).split(BAR) if text else []


class Combination(NamedTuple):
    """Entries that no filter can tell apart: `n` of them."""

    kind: str
    families: str
    sizes: str
    price: int
    in_stock: bool
    n: int


@dataclass(frozen=True)
class Facet:
    """One group: the slugs in a combination's column, its SQL, and how its values are called and ordered."""

    key: str
    name: str | Promise
    split: Callable[[Any], Collection[str]]
    where: Callable[[str], Q]
    label: Callable[[str], str]
    order: Callable[[str], tuple[object, ...]]


Chosen = Mapping[str, Collection[str]]
Slugs = dict[Any, Collection[str]]  # of a column's values
Held = dict[Any, int]


def minor(major: int) -> int:
    return int(major * 10 ** money.exponent(settings.SHOP_CURRENCY))


def _step(price: int) -> str:
    return next((f"under-{top}" for top in PRICE_STEPS if price < minor(top)), STEPS[-1])


def _priced(slug: str) -> Q:
    word, _dash, number = slug.partition("-")
    top = int(number)
    if word == "over":
        return Q(price__gte=minor(top))
    below = PRICE_STEPS.index(top)
    return Q(price__lt=minor(top), price__gte=minor(PRICE_STEPS[below - 1]) if below else 0)


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
    return money.format_money(minor(major), settings.SHOP_CURRENCY)


def _between_bars(column: str) -> Callable[[str], Q]:
    return lambda slug: Q(**{f"{column}__contains": join_values([slug])})


def is_clothing_size(size: str) -> bool:
    return size.upper() in SIZE_ORDER


def size_key(size: str) -> tuple[object, ...]:
    """Clothing sizes from small to large, then everything else with its numbers in order."""
    if is_clothing_size(size):
        return SIZE_ORDER.index(size.upper()), []
    parts = re.findall(r"\d+|\D+", size)
    return len(SIZE_ORDER), [(int(part), "") if part.isdecimal() else (0, part) for part in parts]


def _place(slugs: Iterable[str]) -> Callable[[str], tuple[object, ...]]:
    places = {slug: place for place, slug in enumerate(slugs)}
    return lambda slug: (places.get(slug, len(places)), slug)


def _known(slugs: Collection[str], names: Container[str]) -> Collection[str]:
    """Drop values that this release has no name for: an entry written by another release still holds them."""
    return [slug for slug in slugs if slug in names]


# In the order of a combination's columns.
FACETS = (
    Facet(
        "type",
        gettext_lazy("Type"),
        lambda kind: _known((kind,), product_types.BY_SLUG),
        lambda slug: Q(kind=slug),
        lambda slug: str(product_types.BY_SLUG[slug].name),
        _place(product_types.BY_SLUG),
    ),
    Facet(
        "color",
        gettext_lazy("Color"),
        lambda families: _known(split_values(families), color_groups.BY_SLUG),
        _between_bars("families"),
        lambda slug: str(color_groups.BY_SLUG[slug].name),
        _place(color_groups.BY_SLUG),
    ),
    Facet("size", gettext_lazy("Size"), split_values, _between_bars("sizes"), str, size_key),
    Facet("price", gettext_lazy("Price"), lambda price: (_step(price),), _priced, _price_label, _place(STEPS)),
    Facet(
        "stock",
        gettext_lazy("Availability"),
        lambda in_stock: ("in",) if in_stock else (),
        lambda _slug: Q(in_stock=True),
        lambda _slug: _("In stock"),
        _place(("in",)),
    ),
)
BY_KEY = {facet.key: facet for facet in FACETS}


def combinations(rows: "QuerySet[ShelfEntry]") -> list[Combination]:
    # By columns as they stand in an index, which a database reads in order and so counts without sorting.
    columns = ("kind", "families", "sizes", "price", "in_stock")
    counted = rows.order_by().values_list(*columns).annotate(n=Count("pk"))
    return [Combination._make(row) for row in counted]


@dataclass(frozen=True)
class Counts:
    """`total` is how many entries pass all of `chosen`; `known` are all values there are, whatever is chosen."""

    total: int
    known: dict[str, list[str]]
    chosen: dict[str, list[str]]
    by_value: dict[str, dict[str, int]]


def count(found: Sequence[Combination], asked: Chosen) -> Counts:
    """Or within a group, and between groups. What is asked for but not there at all is not chosen."""
    slugs = [{raw: facet.split(raw) for raw in {one[place] for one in found}} for place, facet in enumerate(FACETS)]
    there = [{slug for held in each.values() for slug in held} for each in slugs]
    wanted = [
        there[place].intersection(list(asked.get(facet.key, ()))[:CHOSEN_MAX]) for place, facet in enumerate(FACETS)
    ]
    total, raws = _counted(found, slugs, wanted)
    known = {facet.key: sorted(there[place], key=facet.order) for place, facet in enumerate(FACETS)}
    chosen = {
        facet.key: [slug for slug in known[facet.key] if slug in wanted[place]] for place, facet in enumerate(FACETS)
    }
    return Counts(total, known, chosen, {f.key: _by_slug(raws[place], slugs[place]) for place, f in enumerate(FACETS)})


def _counted(found: Sequence[Combination], slugs: list[Slugs], wanted: list[set[str]]) -> tuple[int, list[Held]]:
    """What fails one group only still counts in that group: it would be shown if more of it were ticked.

    By column as it is stored: there are many combinations and few different columns.
    """
    places = range(len(FACETS))
    failing = {
        place: {raw for raw, held in slugs[place].items() if wanted[place].isdisjoint(held)}
        for place in places
        if wanted[place]
    }
    counted: list[Held] = [defaultdict(int) for _place in places]
    total = 0
    for one in found:
        failed = [place for place, raws in failing.items() if one[place] in raws]
        if not failed:
            total += one.n
        if len(failed) <= 1:
            for place in failed or places:
                counted[place][one[place]] += one.n
    return total, counted


def _by_slug(raws: Held, slugs: Slugs) -> dict[str, int]:
    held: dict[str, int] = defaultdict(int)
    for raw, n in raws.items():
        for slug in slugs[raw]:
            held[slug] += n
    return held


def where(chosen: Chosen) -> Q:
    """The same as SQL."""
    found = Q()
    for key, slugs in chosen.items():
        either = Q()
        for slug in slugs:
            either |= BY_KEY[key].where(slug)
        found &= either
    return found
