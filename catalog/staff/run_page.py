"""One run: how it stands, and product by product what it found."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.images import change_previews
from catalog.models import SyncChange, SyncRun
from catalog.models.curation import FieldChange
from catalog.staff import diffs, status
from catalog.staff.failure_causes import Cause, cause
from catalog.sync.run_requests import OPEN

PAGE = 25
PATIENCE = timedelta(minutes=2)  # in which pictures come, or do not
TONES = {"success": "good", "running": "busy", "queued": "busy", "partial": "warn", "failed": "bad"}


@dataclass(frozen=True)
class Outcome:
    """What became of one product; `title` is for those the shop does not have (yet)."""

    row: SyncChange
    title: str
    cause: Cause | None
    diffs: list[diffs.Diff]


def head(run: SyncRun) -> dict[str, Any]:
    """What moves while the run does."""
    return {
        "run": run,
        "tone": TONES.get(run.state, "quiet"),
        "progress": status.progress(run) if run.state in OPEN else None,
        "pictures_due": bool(run.ended_at and timezone.now() - run.ended_at < PATIENCE and _due(run)),
    }


def _due(run: SyncRun) -> bool:
    """Pictures that a worker is about to fetch for this page."""
    return change_previews.due(run.field_changes.filter(field="images", state__in=FieldChange.UNDECIDED))


def page(run: SyncRun, chosen: str, number: str) -> dict[str, Any]:
    """`outcomes` of the page, `counts` [(outcome, how many)], `chosen`, `pages`."""
    counts = list(run.changes.order_by("outcome").values_list("outcome").annotate(n=Count("pk")))
    chosen = chosen if chosen in {name for name, _n in counts} else ""
    rows = run.changes.select_related("product").order_by("pk")
    pages = Paginator(rows.filter(outcome=chosen) if chosen else rows, PAGE).get_page(number)
    return {
        "title": _("Run of %(when)s") % {"when": f"{timezone.localtime(run.started_at):%Y-%m-%d %H:%M}"},
        "counts": counts,
        "chosen": chosen,
        "pages": pages,
        "outcomes": _outcomes(run, list(pages.object_list)),
        "asks_missing": not run.dry_run and any(name == "missing" for name, _n in counts),
    }


def _outcomes(run: SyncRun, rows: Iterable[SyncChange]) -> list[Outcome]:
    rows = list(rows)
    products = [row.product_id for row in rows if row.product_id]
    found = run.field_changes.filter(product__in=products).select_related("product").order_by("pk")
    of: dict[int, list[diffs.Diff]] = defaultdict(list)
    for diff in diffs.diffs(found):
        of[diff.change.product_id].append(diff)
    return [Outcome(row, _title(row), cause(row.error_code), of[row.product_id or 0]) for row in rows]


def _title(row: SyncChange) -> str:
    new = row.fields.get("upstream_title") or [None, ""]
    return str(new[1] or row.printify_id or _("without a number"))
