"""How long a printer needs before it ships and what its parcel costs at least, per blueprint, printer and country.

Source: Printify contract, section 8 (v2 shipping profiles). Days are working days, costs minor units. Kept in
PrintifyCache, so that a page never waits for them.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from catalog import printify
from catalog.models import PrintifyCache, Product
from catalog.sync.payload_fields import amount, objects, text, whole
from ilytat.integrations.errors import Refused

KIND = "shipping"
KEEP = timedelta(days=7)
ELSEWHERE = "REST_OF_THE_WORLD"
USUAL = (2, 5)  # until Printify has told us
SLOWEST = 90  # working days: who says more is mistaken, and no calendar may have such a day
Days = tuple[int, int]
Entry = tuple[int, ...]  # first and last day, and the cost where it is known
COST = 2


def handling_days(products: Iterable[Product], country: str) -> Days:
    """The slowest of the products' printers: what goes into one order starts together. One query."""
    keys = {_key(product.blueprint_id, product.print_provider_id) for product in products}
    # What a page promises is read from what is kept.
    rows = PrintifyCache.objects.filter(type=KIND, external_id__in=keys).values_list("data", flat=True)
    found = [_days(data, country) for data in rows]
    if len(found) < len(keys):
        found.append(USUAL)
    return (max(days[0] for days in found), max(days[1] for days in found)) if found else USUAL


def served(products: Iterable[Product], countries: Iterable[str]) -> list[str]:
    """Those of the countries to which every one of the printers sends, as far as we know. One query."""
    keys = {_key(product.blueprint_id, product.print_provider_id) for product in products}
    rows = PrintifyCache.objects.filter(type=KIND, external_id__in=keys).values_list("data", flat=True)
    known = [data for data in rows if data]  # what was not read yet excludes nothing
    return [code for code in countries if all(code in data or ELSEWHERE in data for data in known)]


def profile(product: Product, country: str) -> tuple[Days, int | None]:
    """The working days of this product's printer, and the least its parcel costs (None: not known). One query."""
    key = _key(product.blueprint_id, product.print_provider_id)
    data = PrintifyCache.objects.filter(type=KIND, external_id=key).values_list("data", flat=True).first() or {}
    entry = data.get(country) or data.get(ELSEWHERE) or USUAL
    return _days(data, country), int(entry[COST]) if len(entry) > COST else None


def refresh_profiles() -> int:
    """Read what is missing or a week old, for everything that is for sale. Returns how many were read.

    Raises Unavailable when Printify is; a profile it refuses is kept as unknown, so that it is not asked again today.
    """
    pairs = set(Product.objects.for_sale().values_list("blueprint_id", "print_provider_id"))
    fresh = set(PrintifyCache.objects.fresh().filter(type=KIND).values_list("external_id", flat=True))
    wanted = [(blueprint, provider) for blueprint, provider in sorted(pairs) if _key(blueprint, provider) not in fresh]
    for blueprint, provider in wanted:
        _keep(_key(blueprint, provider), _read(blueprint, provider))
    return len(wanted)


def _read(blueprint: int, provider: int) -> dict[str, Entry]:
    try:
        answer = printify.client().handling_times(blueprint, provider)
    except Refused:
        return {}
    found: dict[str, Entry] = {}
    for country, (first, last, *cost) in _entries(answer):
        known = found.get(country, (first, last, *cost))
        least = min([*cost, *known[COST:]], default=None)
        slowest = (max(known[0], first), max(known[1], last))
        found[country] = slowest if least is None else (*slowest, least)
    return found


def _entries(answer: dict[str, Any]) -> Iterator[tuple[str, Entry]]:
    """(country, working days and cost) of each readable entry: one a variant and country."""
    for entry in objects(answer, "data"):
        facts = _part(entry, "attributes")
        days, country = _part(facts, "handlingTime"), text(_part(facts, "country"), "code", len(ELSEWHERE))
        first, last = whole(days.get("from")), whole(days.get("to"))
        if country and country.isascii() and first is not None and last is not None and 0 <= first <= last <= SLOWEST:
            yield country, (first, last, *_cost(facts))


def _cost(facts: dict[str, Any]) -> tuple[int, ...]:
    """Of the first piece of a parcel; nothing where it cannot be read."""
    cost = amount(_part(_part(facts, "shippingCost"), "firstItem").get("amount"))
    return () if cost is None else (cost,)


def _part(data: dict[str, Any], name: str) -> dict[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _keep(key: str, days: dict[str, Entry]) -> None:
    now = timezone.now()
    values = {
        "data": days,
        "hash": hashlib.sha256(json.dumps(days, sort_keys=True).encode()).hexdigest(),
        "fetched_at": now,
        "expires_at": now + (KEEP if days else timedelta(days=1)),
    }
    PrintifyCache.objects.update_or_create(type=KIND, external_id=key, defaults=values)


def _key(blueprint: int, provider: int) -> str:
    return f"{blueprint}-{provider}"


def _days(data: dict[str, Any], country: str) -> Days:
    first, last, *_cost_too = data.get(country) or data.get(ELSEWHERE) or USUAL
    return int(first), int(last)
