"""What the front page shows: every kind of product by picture, the shop's picks, and what is new."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from catalog import facets
from catalog.cards import Card, cards
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
    firsts: dict[str, int] = {}
    for entry in entries:
        firsts.setdefault(entry.kind, entry.pk)
    newest = list(Product.objects.for_sale().order_by("-created_upstream", "pk").values_list("pk", flat=True)[:NEW])
    picks = [entry.pk for entry in entries if entry.pk not in newest][:PICKS]
    shown = _cards({*firsts.values(), *picks, *newest})
    hero = [pk for pk in picks if pk in shown and shown[pk].picture.files][:HERO]
    counts = Counter(entry.kind for entry in entries)
    return {
        "kinds": [
            KindTile(kind, counts[slug], replace(shown[firsts[slug]].picture, alt=""))
            for slug, kind in BY_SLUG.items()
            if firsts.get(slug) in shown
        ],
        "hero": [shown[pk] for pk in hero],
        "picks": [shown[pk] for pk in picks if pk in shown],
        "newest": [shown[pk] for pk in newest if pk in shown],
    }


def _cards(pks: set[int]) -> dict[int, Card]:
    return {card.product.pk: card for card in cards(Product.objects.for_sale().filter(pk__in=pks))}
