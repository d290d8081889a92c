"""How long a printer needs before it ships and what its parcel costs at least, per blueprint, printer and country.

Source: Printify contract, section 8 (v2 shipping profiles). Days are working days, costs minor units. Kept in
PrintifyCache, so that a page never waits for them.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from catalog import batches, shipping_rates
from catalog.models import PrintifyCache, Product
from catalog.printify.client import ABSENT, printify
from catalog.printify.fields import amount, objects, part, text, whole
from ilytat.integrations.errors import Refused

KIND = "shipping"
KINDS = (KIND, shipping_rates.KIND)  # both are read from the same answers
KEEP, RETRY = shipping_rates.KEEP, timedelta(hours=1)
NEVER = datetime.min.replace(tzinfo=UTC)
ELSEWHERE = shipping_rates.REST_OF_THE_WORLD
USUAL = (2, 5)  # until Printify has told us
SLOWEST = 90  # working days: who says more is mistaken, and no calendar may have such a day
Pair = tuple[int, int]  # blueprint and print provider
Days = tuple[int, int]
Entry = tuple[int, ...]  # first and last day, and the cost where it is known
COST = 2


def handling_days(products: Iterable[Product], country: str) -> Days:
    """The slowest of the products' printers: what goes into one order starts together. One query."""
    keys = {shipping_rates.key(product.blueprint_id, product.print_provider_id) for product in products}
    # What a page promises is read from what is kept.
    rows = PrintifyCache.objects.filter(type=KIND, external_id__in=keys).values_list("data", flat=True)
    found = [_days(data, country) for data in rows]
    if len(found) < len(keys):
        found.append(USUAL)
    return (max(days[0] for days in found), max(days[1] for days in found)) if found else USUAL


def served(products: Iterable[Product], countries: Iterable[str]) -> list[str]:
    """Those of the countries to which every one of the printers sends, as far as we know. One query."""
    keys = {shipping_rates.key(product.blueprint_id, product.print_provider_id) for product in products}
    rows = PrintifyCache.objects.filter(type=KIND, external_id__in=keys).values_list("data", flat=True)
    known = [data for data in rows if data]  # what was not read yet excludes nothing
    return [code for code in countries if all(code in data or ELSEWHERE in data for data in known)]


def profile(product: Product, country: str) -> tuple[Days, int | None]:
    """The working days of this product's printer, and the least its parcel costs (None: not known). One query."""
    key = shipping_rates.key(product.blueprint_id, product.print_provider_id)
    data = PrintifyCache.objects.filter(type=KIND, external_id=key).values_list("data", flat=True).first() or {}
    entry = data.get(country) or data.get(ELSEWHERE) or USUAL
    return _days(data, country), int(entry[COST]) if len(entry) > COST else None


def refresh_profiles(*, until: float = math.inf) -> int:
    """Read what is missing or a day old, for everything that is for sale, until `until` (monotonic seconds).

    Returns how many were read. Raises as `batches.read_each` does. What was read before stays until Printify gives
    something new.
    """
    return batches.read_each(_due(), _refresh, until=until)


def _due() -> list[Pair]:
    """Blueprint and print provider, first those never asked for, then those whose last attempt is longest ago."""
    pairs = set(Product.objects.for_sale().values_list("blueprint_id", "print_provider_id"))
    rows = PrintifyCache.objects.filter(type__in=KINDS).values_list("type", "external_id", "expires_at")
    due = {(kind, key): expires_at for kind, key, expires_at in rows}

    def due_at(pair: Pair) -> datetime:
        return min(due.get((kind, shipping_rates.key(*pair)), NEVER) for kind in KINDS)

    now = timezone.now()
    # Earlier releases kept a card for a week: one that is due later than any of ours may be too old to quote from.
    return sorted((pair for pair in pairs if not now < due_at(pair) <= now + KEEP), key=lambda x: (due_at(x), x))


def _refresh(pair: Pair) -> None:
    key = shipping_rates.key(*pair)
    for kind in KINDS:
        PrintifyCache.objects.postpone(kind, key, RETRY)
    profiles = _read_profiles(*pair)
    _keep(KIND, key, _days_by_country(profiles.get("standard", {})))
    _keep(shipping_rates.KIND, key, shipping_rates.read(profiles))


def _read_profiles(blueprint: int, provider: int) -> dict[str, Any]:
    """Return method → profile. Printify is asked which methods exist, since each 404 counts as an error there."""
    api, profiles = printify(), {}
    with _absent_is_nothing():
        for method in api.shipping_methods(blueprint, provider):
            with _absent_is_nothing():
                profiles[method] = api.shipping_profile(blueprint, provider, method)
    return profiles


@contextmanager
def _absent_is_nothing() -> Iterator[None]:
    try:
        yield
    except Refused as error:
        if error.status not in ABSENT:
            raise


def _days_by_country(profile: dict[str, Any]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for country, (first, last, *cost) in _entries(profile):
        known = found.get(country, (first, last, *cost))
        least = min([*cost, *known[COST:]], default=None)
        slowest = (max(known[0], first), max(known[1], last))
        found[country] = slowest if least is None else (*slowest, least)
    return found


def _entries(answer: dict[str, Any]) -> Iterator[tuple[str, Entry]]:
    """(country, working days and cost) of each readable entry: one a variant and country."""
    for entry in objects(answer, "data"):
        facts = part(entry, "attributes")
        days, country = part(facts, "handlingTime"), text(part(facts, "country"), "code", len(ELSEWHERE))
        first, last = whole(days.get("from")), whole(days.get("to"))
        if country and country.isascii() and first is not None and last is not None and 0 <= first <= last <= SLOWEST:
            yield country, (first, last, *_cost(facts))


def _cost(facts: dict[str, Any]) -> tuple[int, ...]:
    """Of the first piece of a parcel; nothing where it cannot be read."""
    cost = amount(part(part(facts, "shippingCost"), "firstItem").get("amount"))
    return () if cost is None else (cost,)


def _keep(kind: str, key: str, data: dict[str, Any]) -> None:
    """Store an answer. An empty one replaces nothing: Printify may have one again tomorrow."""
    if not data:
        PrintifyCache.objects.postpone(kind, key, KEEP)
        return
    now = timezone.now()
    digest = hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
    values = {"data": data, "hash": digest, "fetched_at": now, "expires_at": now + KEEP}
    PrintifyCache.objects.update_or_create(type=kind, external_id=key, defaults=values)


def _days(data: dict[str, Any], country: str) -> Days:
    first, last, *_cost_too = data.get(country) or data.get(ELSEWHERE) or USUAL
    return int(first), int(last)
