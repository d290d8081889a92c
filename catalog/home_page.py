"""What the front page shows: every kind of product by picture, the shop's picks, and what is new."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog import facets
from catalog.cards import Card, cards
from catalog.facets import Entry
from catalog.kinds import BY_SLUG, Kind
from catalog.models import Product
from catalog.pictures import Picture

PICKS = 8
NEW = 4
HERO = 2


@dataclass(frozen=True)
class KindTile:
    kind: Kind
    count: int
    picture: Picture


def page() -> dict[str, Any]:
    entries = facets.entries()
    counts = Counter(entry.kind for entry in entries)
    ready = sorted(entries, key=lambda entry: not entry.in_stock)
    firsts = {entry.kind: entry.pk for entry in reversed(ready)}
    newest = _newest()
    picks = [entry.pk for entry in _varied(ready) if entry.pk not in newest][:PICKS]
    shown = _cards({*firsts.values(), *picks, *newest})
    tiles = [(kind, firsts[slug]) for slug, kind in BY_SLUG.items() if firsts.get(slug) in shown]
    picked = [shown[pk] for pk in picks if pk in shown]
    new = [shown[pk] for pk in newest if pk in shown]
    return {
        "hero": [card for card in [*picked, *new] if card.picture.files][:HERO],
        "kinds": [KindTile(kind, counts[kind.slug], replace(shown[pk].picture, alt="")) for kind, pk in tiles],
        "picks": picked,
        "newest": new,
    }


def _newest() -> list[int]:
    ready = Product.objects.for_sale().filter(in_stock=True)
    return list(ready.order_by("-created_upstream", "pk").values_list("pk", flat=True)[:NEW])


def _varied(entries: Sequence[Entry]) -> list[Entry]:
    """What staff featured, then one of each kind in turn: a newcomer sees how wide the range is."""
    seen: Counter[str] = Counter()
    turns = {}
    for entry in entries:
        turns[entry.pk] = (not entry.in_stock, not entry.featured, 0 if entry.featured else seen[entry.kind])
        seen[entry.kind] += 1
    return sorted(entries, key=lambda entry: turns[entry.pk])


def _cards(pks: set[int]) -> dict[int, Card]:
    return {card.product.pk: card for card in cards(Product.objects.for_sale().filter(pk__in=pks))}
