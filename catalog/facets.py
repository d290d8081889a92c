"""What can be filtered and searched of every product for sale, read in three queries and kept while nothing changes.

Only numbers and order come from here: what is shown is always read through `Product.objects.for_sale()`, so a product
hidden a moment ago is gone at once whatever this remembers.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Max, Min, Q
from django.utils.html import strip_tags
from django.utils.translation import get_language

from catalog.colours import BY_SLUG, clean_hexes, family_of
from catalog.kinds import kind_of
from catalog.models import Product, Variant

KEEP_SECONDS = 300
STEM_MIN = 4  # letters
WORD = re.compile(r"[^\W_]+")
SIZE_ORDER = ("XXS", "XS", "S", "M", "L", "XL", "2XL", "3XL", "4XL", "5XL", "6XL")


@dataclass(frozen=True)
class Entry:
    """One product. `families` and `sizes` are those of what can be bought; `title` and `other` are words to search."""

    pk: int
    kind: str
    price: int
    in_stock: bool
    featured: bool
    categories: frozenset[int]
    families: frozenset[str]
    sizes: frozenset[str]
    artworks: frozenset[str]
    title: frozenset[str]
    other: frozenset[str]

    @cached_property
    def words(self) -> frozenset[str]:
        return self.title | self.other


def entries() -> list[Entry]:
    """All products for sale, in the shop's own order. One query while nothing has changed."""
    marks = Product.objects.for_sale().aggregate(
        n=Count("pk"), newest=Max("synced_at"), oldest=Min("synced_at"), picks=Count("pk", filter=Q(featured=True))
    )
    key = "facets:" + ":".join(str(mark).replace(" ", "") for mark in marks.values()) + f":{get_language()}"
    kept: list[Entry] | None = cache.get(key)
    if kept is None:
        kept = _read()
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def words(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in WORD.findall(text.casefold().replace("’", "").replace("'", "")))


def _stem(word: str) -> str:
    """So that "mugs" finds "mug". Short words are left alone."""
    plural = len(word) > len("bus") and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if plural else word


def _read() -> list[Entry]:
    offered: dict[int, set[int]] = defaultdict(set)
    sellable: dict[int, set[int]] = defaultdict(set)
    rows = Variant.objects.offered().values_list("product_id", "option_ids", "is_available")
    for product_id, option_ids, available in rows:
        offered[product_id].update(option_ids)
        if available:
            sellable[product_id].update(option_ids)
    places: dict[int, dict[int, str]] = defaultdict(dict)
    for product_id, category_id, name in Product.categories.through.objects.values_list(
        "product_id", "category_id", "category__name"
    ):
        places[product_id][category_id] = name
    products = Product.objects.for_sale().in_order().defer("safety_information")
    return [_entry(row, sellable[row.pk] or offered[row.pk], places[row.pk]) for row in products]


def _entry(product: Product, option_ids: set[int], places: dict[int, str]) -> Entry:
    colours = list(chosen_values(product.options, "color", option_ids))
    sizes = [value["title"] for value in chosen_values(product.options, "size", option_ids)]
    families = {family_of(one) for value in colours for one in clean_hexes(value.get("colors") or [])[:1]}
    kind = kind_of(product.tags)
    said = [str(kind.name), *product.tags, *places.values(), *sizes, *(value["title"] for value in colours)]
    said += [str(BY_SLUG[slug].name) for slug in families]
    return Entry(
        pk=product.pk,
        kind=kind.slug,
        price=product.price_from or 0,
        in_stock=product.in_stock,
        featured=product.featured,
        categories=frozenset(places),
        families=frozenset(families),
        sizes=frozenset(sizes),
        artworks=frozenset(product.artwork_ids),
        title=words(product.title),
        other=words(" ".join([*said, strip_tags(product.description)[:600]])),
    )


def chosen_values(options: Iterable[dict[str, Any]], kind: str, option_ids: set[int]) -> Iterable[dict[str, Any]]:
    """The values of the axes of that type which are among `option_ids`."""
    for axis in options:
        if axis.get("type") == kind:
            yield from (value for value in axis["values"] if value["id"] in option_ids)


def is_clothing_size(size: str) -> bool:
    return size.upper() in SIZE_ORDER


def size_key(size: str) -> tuple[int, list[tuple[int, str]]]:
    """Clothing sizes from small to large, then everything else with its numbers in order."""
    if is_clothing_size(size):
        return SIZE_ORDER.index(size.upper()), []
    parts = re.findall(r"\d+|\D+", size)
    return len(SIZE_ORDER), [(int(part), "") if part.isdigit() else (0, part) for part in parts]
