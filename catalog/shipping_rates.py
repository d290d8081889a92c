"""The shipping rate card: Printify's shipping profiles, stored so that shipping can be priced while Printify is away.

One row of PrintifyCache per blueprint and print provider. Variants with the same rates share a group:
{"groups": [{"variants": [12001, 12002], "rates": {"standard": {"US": [475, 240]}}}]}, where a rate is the cost of the
first and of each additional item, in minor units of `settings.SHOP_CURRENCY`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from catalog import freshness
from catalog.models import PrintifyCache, Product
from catalog.printify.fields import amount, flag, objects, part, text, whole

KIND = "rate_card"
REST_OF_THE_WORLD = "REST_OF_THE_WORLD"
KEEP = timedelta(days=1)  # then a card is due to be read again
Rate = tuple[int, int]  # first item, each additional item
Rates = dict[str, dict[str, Rate]]  # by method and country


@dataclass(frozen=True)
class CardLine:
    product: Product
    variant_id: int
    quantity: int

    @property
    def profile(self) -> str:
        return key(self.product.blueprint_id, self.product.print_provider_id)


def key(blueprint_id: int, provider_id: int) -> str:
    return f"{blueprint_id}-{provider_id}"


def costs(lines: Sequence[CardLine], country: str) -> dict[str, int] | None:
    """Return method → cost of sending all lines to the country, from the card. Three queries at most.

    None when the card does not know one of the lines, or is too old (`_oldest`). Empty when it knows
    all of them and no method takes them there. Per blueprint and print provider the dearest first item pays the first
    item's cost and every other item the additional cost (Printify contract, section 8: the additional cost applies
    within one blueprint and provider, and each provider ships separately). Express and economy need products that
    Printify marks as eligible (same section).
    """
    cards = {line.profile: {} for line in lines} | _cards({line.profile for line in lines})
    rates = [_rates(cards[line.profile], line.variant_id) for line in lines]
    if not lines or any(not found for found in rates):
        return None
    eligible = _eligible(lines) if any({"economy", "printify_express"} & found.keys() for found in rates) else {}
    totals = {}
    for method in set.intersection(*(set(found) for found in rates)):
        prices = [found[method].get(country) or found[method].get(REST_OF_THE_WORLD) for found in rates]
        known = [(line, price) for line, price in zip(lines, prices, strict=True) if price]
        if len(known) == len(lines) and all(_is_eligible(line, method, eligible) for line in lines):
            totals[method] = _total(known)
    return totals


def read(profiles: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card's compact form of these profiles (method → Printify's answer); {} when none can be read."""
    by_variant: dict[int, Rates] = {}
    for method, profile in profiles.items():
        for variant_id, country, rate in _entries(profile):
            by_variant.setdefault(variant_id, {}).setdefault(method, {})[country] = rate
    groups: dict[str, dict[str, Any]] = {}
    for variant_id, rates in sorted(by_variant.items()):
        group = groups.setdefault(json.dumps(rates, sort_keys=True), {"variants": [], "rates": rates})
        group["variants"].append(variant_id)
    return {"groups": list(groups.values())} if groups else {}


def usable() -> Iterable[tuple[str, Any]]:
    """Return (profile's key, time of reading) of each card that may still be quoted from. One query."""
    rows = PrintifyCache.objects.filter(type=KIND, fetched_at__gt=_oldest())
    return rows.filter(data__groups__0__isnull=False).values_list("external_id", "fetched_at")


def _oldest() -> datetime:
    """Return when a card must have been read to be quoted from: the stale limit counts from when it was due.

    `expires_at` says nothing of it: it moves on also when Printify gives no new card.
    """
    return freshness.due_since() - KEEP


def _entries(profile: Any) -> Iterator[tuple[int, str, Rate]]:
    """Yield (variant, country, rate) of each entry in the shop's currency; an unreadable one is left out."""
    for entry in objects(profile, "data"):
        facts = part(entry, "attributes")
        country = text(part(facts, "country"), "code", len(REST_OF_THE_WORLD))
        variant_id = whole(facts.get("variantId"))
        cost = part(facts, "shippingCost")
        first, additional = _cost(part(cost, "firstItem")), _cost(part(cost, "additionalItems"))
        if country and country.isascii() and variant_id is not None and first is not None and additional is not None:
            yield variant_id, country, (first, additional)


def _cost(money: Mapping[str, Any]) -> int | None:
    same_currency = text(money, "currency", 3).upper() == settings.SHOP_CURRENCY.upper()
    return amount(money.get("amount")) if same_currency else None


def _cards(keys: set[str]) -> dict[str, Any]:
    rows = PrintifyCache.objects.filter(type=KIND, external_id__in=keys, fetched_at__gt=_oldest())
    return dict(rows.values_list("external_id", "data"))


def _rates(card: Mapping[str, Any], variant_id: int) -> Rates:
    return next((group["rates"] for group in card.get("groups", ()) if variant_id in group["variants"]), {})


def _total(priced: Sequence[tuple[CardLine, Rate]]) -> int:
    profiles: dict[str, list[tuple[CardLine, Rate]]] = {}
    for line, rate in priced:
        profiles.setdefault(line.profile, []).append((line, rate))
    total = sum(line.quantity * additional for line, (_first, additional) in priced)
    for rows in profiles.values():
        first, additional = max(rate for _line, rate in rows)
        total += first - additional
    return total


def _eligible(lines: Sequence[CardLine]) -> dict[str, Any]:
    rows = PrintifyCache.objects.filter(type="product", external_id__in={x.product.printify_id for x in lines})
    return dict(rows.values_list("external_id", "data"))


def _is_eligible(line: CardLine, method: str, products: Mapping[str, Any]) -> bool:
    data = products.get(line.product.printify_id, {})
    if method == "economy":
        return flag(data, "is_economy_shipping_enabled", default=False)
    if method == "printify_express":
        variant = next((x for x in objects(data, "variants") if whole(x.get("id")) == line.variant_id), {})
        return flag(variant, "is_printify_express_eligible", default=False)
    return True
