"""Size guides and product safety, which Printify tells on routes of their own (Printify contract, sections 6 and 10).

Kept in PrintifyCache, so that a page never waits for them: a size guide for each blueprint, the safety information for
each product. While there is none, the page falls back on the product's description and its `safety_information`.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils import timezone

from catalog import printify
from catalog.models import PrintifyCache, Product
from catalog.storefront.descriptions import SizeTable
from catalog.sync.payload_fields import objects, text
from ilytat.integrations.errors import Refused
from ilytat.integrations.storable import storable_json

SIZE_GUIDE, SAFETY = "size_guide", "safety"
KEEP, KEEP_NOTHING = timedelta(days=30), timedelta(days=1)
READS_MAX = 300  # in one run: the first walk of a large shop must not use up the budget
SIZES_MAX, MEASURES_MAX, ENTRIES_MAX = 20, 40, 20
NAME_MAX, TEXT_MAX = 80, 4000  # characters
Facts = dict[str, Any]


@dataclass(frozen=True)
class SafetyEntry:
    """`text` is Printify's HTML, not cleaned."""

    title: str
    text: str


def of_product(product: Product) -> tuple[SizeTable | None, list[SafetyEntry]]:
    """Return the size guide and the safety information as they are kept. One query."""
    guide = Q(type=SIZE_GUIDE, external_id=str(product.blueprint_id))
    safety = Q(type=SAFETY, external_id=product.printify_id)
    kept = dict(PrintifyCache.objects.filter(guide | safety).values_list("type", "data"))
    rows = [(name, list(cells)) for name, cells in kept.get(SIZE_GUIDE, {}).get("rows", [])]
    table = SizeTable(kept[SIZE_GUIDE]["sizes"], rows) if rows else None
    return table, [SafetyEntry(**entry) for entry in kept.get(SAFETY, {}).get("entries", [])]


def refresh() -> int:
    """Read what is missing, expired or, for product safety, older than a change of the product.

    Returns how many were read, at most READS_MAX. Raises Unavailable when Printify is; what is kept stays.
    """
    client, wanted = printify.client(), _wanted()[:READS_MAX]
    for kind, key, version in wanted:
        _store(kind, key, version, partial(_read, client, kind, key))
    return len(wanted)


def _wanted() -> list[tuple[str, str, str]]:
    """Kind, key, and the version of what it is about: PrintifyCache.hash keeps for which one it was read."""
    columns = ("printify_id", "blueprint_id", "print_provider_id", "upstream_title", "safety_information")
    needed: dict[tuple[str, str], str] = {}
    for printify_id, blueprint_id, *facts in Product.objects.for_sale().order_by("pk").values_list(*columns):
        if blueprint_id:
            needed[SIZE_GUIDE, str(blueprint_id)] = ""
        needed[SAFETY, printify_id] = hashlib.sha256(json.dumps([blueprint_id, *facts]).encode()).hexdigest()
    rows = PrintifyCache.objects.fresh().filter(type__in=(SIZE_GUIDE, SAFETY))
    fresh = {(kind, key): version for kind, key, version in rows.values_list("type", "external_id", "hash")}
    # Guides first: one serves every product of its blueprint.
    wanted = [(*key, version) for key, version in needed.items() if fresh.get(key) != version]
    return sorted(wanted, key=lambda row: row[0] != SIZE_GUIDE)


def _read(client: printify.Printify, kind: str, key: str) -> Facts:
    return read_guide(client.size_guide(int(key))) if kind == SIZE_GUIDE else read_safety(client.product_safety(key))


def _store(kind: str, key: str, version: str, read: Callable[[], Facts]) -> None:
    """A refusal keeps what is known, and is asked again tomorrow."""
    now = timezone.now()
    values: Facts = {"hash": version, "fetched_at": now}
    try:
        values["data"] = storable_json(read())
    except (Refused, ValueError):
        values["expires_at"] = now + KEEP_NOTHING
        PrintifyCache.objects.update_or_create(
            type=kind, external_id=key, defaults=values, create_defaults=values | {"data": {}}
        )
        return
    values["expires_at"] = now + KEEP
    PrintifyCache.objects.update_or_create(type=kind, external_id=key, defaults=values)


def read_guide(answer: Facts) -> Facts:
    """{"sizes", "rows": [["Width, in", ["18.00", …]]]}, like the table in a description; {} for none."""
    names = answer.get("sizes")
    sizes = [str(name)[:NAME_MAX] for name in names if isinstance(name, str | int)] if isinstance(names, list) else []
    rows = []
    for measure in list(objects(answer, "types"))[:MEASURES_MAX]:
        cells = [_cell(step) for step in objects(measure, "ranges")]
        label = ", ".join(filter(None, (text(measure, "name", NAME_MAX), text(measure, "units", NAME_MAX))))
        if label and len(cells) == len(sizes):
            rows.append([label, cells])
    return {"sizes": sizes, "rows": rows} if rows and len(sizes) <= SIZES_MAX else {}


def _cell(step: Facts) -> str:
    """One measure, or two with a dash between them. Either may be null, and both are text."""
    ends = [str(step[name])[:NAME_MAX] for name in ("from", "to") if isinstance(step.get(name), str | int | float)]
    return "–".join(dict.fromkeys(filter(None, ends)))


def read_safety(answer: list[Facts]) -> Facts:
    entries = [{"title": text(entry, "title", NAME_MAX), "text": text(entry, "text", TEXT_MAX)} for entry in answer]
    return {"entries": [entry for entry in entries if entry["text"]][:ENTRIES_MAX]}
