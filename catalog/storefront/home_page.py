"""What the front page shows: every kind of product by picture, the shop's picks, what sells best, and what is new."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, QuerySet

from catalog import sales
from catalog.images.urls import Picture
from catalog.models import Product, ShelfEntry
from catalog.product_types import BY_SLUG, ProductType
from catalog.storefront.cards import Card, cards

PICKS = 8
BEST = 4
NEW = 4
HERO = 2
FIRST = PICKS + BEST + NEW  # of each kind: what sells best and what is new is not picked as well
# What is in stock first, then as everywhere.
READY = ("-in_stock", "-featured", "position", "-newest", "pk")


@dataclass(frozen=True)
class KindTile:
    kind: ProductType
    count: int
    picture: Picture


@dataclass(frozen=True)
class Place:
    """One of the first entries of its kind, and which of them."""

    pk: int
    kind: str
    in_stock: bool
    featured: bool
    turn: int


def page() -> dict[str, Any]:
    counts = dict(ShelfEntry.objects.order_by().values_list("kind").annotate(count=Count("pk")))
    places = _firsts(counts)
    firsts = {place.kind: place for place in places if place.turn == 1}
    newest = list(ShelfEntry.objects.filter(in_stock=True).order_by("-newest", "pk").values_list("pk", flat=True)[:NEW])
    sold = sales.best(BEST)
    best = sold.pks if sold.proven else []
    picks = [pk for pk in _varied(places) if pk not in {*newest, *best}][:PICKS]
    shown = _cards({*(place.pk for place in firsts.values()), *picks, *best, *newest})
    tiles = [(kind, firsts[slug]) for slug, kind in BY_SLUG.items() if slug in firsts and firsts[slug].pk in shown]
    picked = [shown[pk] for pk in picks if pk in shown]
    loved = [shown[pk] for pk in best if pk in shown]
    new = [shown[pk] for pk in newest if pk in shown]
    return {
        "hero": [card for card in [*picked, *loved, *new] if card.picture.files][:HERO],
        "kinds": [
            KindTile(kind, counts[place.kind], replace(shown[place.pk].picture, alt="")) for kind, place in tiles
        ],
        "picks": picked,
        "best": loved,
        "newest": new,
    }


def _firsts(kinds: Iterable[str]) -> list[Place]:
    """The first few of each kind, in one query: a short look into the index a kind."""
    columns = ("pk", "kind", *(name.removeprefix("-") for name in READY if name != "pk"))
    each = [
        ShelfEntry.objects.filter(pk__in=ShelfEntry.objects.filter(kind=kind).order_by(*READY).values("pk")[:FIRST])
        for kind in kinds
    ]
    rows: QuerySet[Any, Any] = ShelfEntry.objects.none().union(*(one.values_list(*columns) for one in each), all=True)
    turns: dict[str, int] = defaultdict(int)
    found = []
    for pk, kind, in_stock, featured, *_order in rows.order_by(*READY):
        turns[kind] += 1
        found.append(Place(pk, kind, in_stock, featured, turns[kind]))
    return found


def _varied(places: list[Place]) -> list[int]:
    """What staff featured, then one of each kind in turn: a newcomer sees how wide the range is."""
    ranked = sorted(places, key=lambda one: (not one.in_stock, not one.featured, 0 if one.featured else one.turn))
    return [place.pk for place in ranked]


def _cards(pks: set[int]) -> dict[int, Card]:
    return {card.product.pk: card for card in cards(Product.objects.for_cards().filter(pk__in=pks))}
