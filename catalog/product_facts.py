"""Size guides and product safety, which Printify tells on routes of their own (Printify contract, sections 6 and 10).

Kept in PrintifyCache, so that a page never waits for them: a size guide for each blueprint, the safety information for
each product. While there is none, the page falls back on the product's description and its `safety_information`.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from catalog import batches
from catalog.models import PrintifyCache, Product
from catalog.printify.client import printify
from catalog.printify.fields import objects, text
from catalog.storefront.descriptions import ParsedSizeTable
from ilytat.integrations.errors import Refused
from ilytat.integrations.storable import storable_json

SIZE_GUIDE, SAFETY = "size_guide", "safety"
KEEP, KEEP_NOTHING, RETRY = timedelta(days=30), timedelta(days=1), timedelta(hours=1)
NEVER = datetime.min.replace(tzinfo=UTC)
READS_MAX = 300  # in one run: the first walk of a large shop must not use up the budget
SIZES_MAX, MEASURES_MAX, ENTRIES_MAX = 20, 40, 20
NAME_MAX, TEXT_MAX = 80, 4000  # characters
Facts = dict[str, Any]
# Kind, key, and the version of what it is about: PrintifyCache.hash keeps for which one it was read.
Wanted = tuple[str, str, str]


@dataclass(frozen=True)
class SafetyEntry:
    """`text` is Printify's HTML, not cleaned."""

    title: str
    text: str


def of_product(product: Product) -> tuple[ParsedSizeTable | None, list[SafetyEntry]]:
    """Return the size guide and the safety information as they are kept. One query."""
    guide = Q(type=SIZE_GUIDE, external_id=str(product.blueprint_id))
    safety = Q(type=SAFETY, external_id=product.printify_id)
    kept = dict(PrintifyCache.objects.filter(guide | safety).values_list("type", "data"))
    rows = [(name, list(cells)) for name, cells in kept.get(SIZE_GUIDE, {}).get("rows", [])]
    table = ParsedSizeTable(kept[SIZE_GUIDE]["sizes"], rows) if rows else None
    return table, [SafetyEntry(**entry) for entry in kept.get(SAFETY, {}).get("entries", [])]


def refresh(*, until: float = math.inf) -> int:
    """Read what is missing, expired or, for product safety, older than a change of the product.

    Begins none after `until` (monotonic seconds). Returns how many were read, at most READS_MAX. Raises as
    `batches.read_each` does. What was read before stays until Printify gives something new.
    """
    return batches.read_each(_wanted()[:READS_MAX], _refresh, until=until)


def forget_unsold() -> int:
    """Delete the product safety of what is not for sale and expired a month ago. Returns how many rows went.

    What is for sale keeps it however old it is: Printify may be away. Size guides are few: one a blueprint.
    """
    expired = PrintifyCache.objects.filter(type=SAFETY, expires_at__lt=timezone.now() - KEEP)
    return expired.exclude(external_id__in=Product.objects.for_sale().values("printify_id")).delete()[0]


def _wanted() -> list[Wanted]:
    """First what was never asked for, then what was due first: one that failed is due again behind the others."""
    product_columns = ("printify_id", "blueprint_id", "print_provider_id", "upstream_title", "safety_information")
    needed: dict[tuple[str, str], str] = {}
    for printify_id, blueprint_id, *facts in Product.objects.for_sale().order_by("pk").values_list(*product_columns):
        if blueprint_id:
            needed[SIZE_GUIDE, str(blueprint_id)] = ""
        needed[SAFETY, printify_id] = hashlib.sha256(json.dumps([blueprint_id, *facts]).encode()).hexdigest()
    rows = PrintifyCache.objects.filter(type__in=(SIZE_GUIDE, SAFETY))
    columns = ("type", "external_id", "hash", "expires_at")
    known = {(kind, key): (version, at) for kind, key, version, at in rows.values_list(*columns)}
    now = timezone.now()

    def due_at(wanted: Wanted) -> datetime:
        version, expires_at = known.get(wanted[:2], ("", NEVER))
        return expires_at if version == wanted[2] else NEVER

    wanted = [row for row in ((*key, version) for key, version in needed.items()) if due_at(row) <= now]
    # Guides first: one serves every product of its blueprint.
    return sorted(wanted, key=lambda row: (due_at(row), row[0] != SIZE_GUIDE))


def _refresh(wanted: Wanted) -> None:
    """A refusal keeps what is known, and is asked again tomorrow."""
    kind, key, version = wanted
    api = printify()
    PrintifyCache.objects.postpone(kind, key, RETRY, hash=version)
    try:
        if kind == SIZE_GUIDE:
            data = storable_json(read_guide(api.size_guide(int(key))))
        else:
            data = storable_json(read_safety(api.product_safety(key)))
    except (Refused, ValueError):
        PrintifyCache.objects.postpone(kind, key, KEEP_NOTHING)
        return
    now = timezone.now()
    PrintifyCache.objects.filter(type=kind, external_id=key).update(data=data, fetched_at=now, expires_at=now + KEEP)


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
