"""The synchronisation: Printify's catalogue walked page by page and kept product by product.

Memory holds one page and the ids seen. A failure leaves the catalogue as it was; half a walk updates what it saw and
concludes nothing about the rest (RELIABILITY B17).
"""

import time
from collections import Counter
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from catalog.models import PrintifyCache, Product, SyncChange, SyncRun
from catalog.printify import rate_budget
from catalog.printify.client import printify
from catalog.printify.errors import code_of
from catalog.printify.fields import Unreadable, storable, text
from catalog.printify.products import digest, product_id
from catalog.sync import removed, runs, upsert
from catalog.sync.pager import Page, ProductPager
from catalog.sync.upsert import UpsertResult
from ilytat.integrations import alerts, usage
from ilytat.integrations.errors import IntegrationError, KeyRejected, Refused
from ilytat.integrations.models import SyncLog

# The health check's own incident: one row for one cause, closed when Printify answers again.
REFUSED = "health:printify"
QUARANTINE = "catalogue:quarantine"
ERRORS = "catalogue:errors"
SCHEDULE = "schedule"


def run(trigger: str = SCHEDULE, *, dry_run: bool = False, request: int | None = None) -> SyncRun | None:
    """Walk the whole catalogue, or read what staff chose. None when another run is at it.

    Raises nothing for what Printify does.
    """
    sync_run = runs.begin(trigger, dry_run=dry_run, request=request)
    if sync_run is None:
        return None
    with runs.ending(sync_run):
        try:
            (read if sync_run.only else _walk)(sync_run)
        except KeyRejected as error:
            _break_off(sync_run, error)
    return sync_run


def refresh_product(printify_id: str, *, interactive: bool = False, dry_run: bool = False) -> UpsertResult:
    """Read one product anew. Raises an IntegrationError when Printify cannot say how it stands."""
    asked_at = timezone.now()
    payload = printify().product(printify_id, interactive=interactive)
    if dry_run:
        return (
            upsert.store(payload, asked_at, dry_run=True) if payload is not None else UpsertResult("gone", printify_id)
        )
    return keep(printify_id, payload, asked_at)


def keep(printify_id: str, payload: dict[str, Any] | None, asked_at: datetime) -> UpsertResult:
    """Keep the answer about one product; None means that Printify has it no more. Also inside a transaction."""
    stored = removed.gone(printify_id) if payload is None else upsert.store(payload, asked_at)
    if stored.outcome in RECORDED:
        SyncLog.objects.create(
            integration="printify",
            action="product refresh",
            reference=printify_id,
            outcome=stored.outcome,
            detail=stored.error or ", ".join(stored.fields)[:500],
        )
    if "images" in stored.fields or any(each.field == "images" for each in stored.found):
        transaction.on_commit(partial(runs.send, runs.FETCH_IMAGES), robust=True)
    return stored


def _walk(sync_run: SyncRun) -> None:
    tally: Counter[str] = Counter()
    note = _strain(sync_run)
    if note and sync_run.trigger == SCHEDULE and rate_budget.is_failing(usage.recent(rate_budget.KEY)):
        runs.save(sync_run, state="failed", ended_at=timezone.now(), note=f"Not begun: {note}")
        return
    try:
        walk = ProductPager(printify().product_page, wait=partial(_wait, sync_run))
        for page in walk.pages():
            tally += _keep_page(sync_run, page)
            runs.save(sync_run, current=_title(page), **_counts(walk, tally))
    except IntegrationError as error:
        _break_off(sync_run, error)
        return
    tally += removed.apply_removals(sync_run, walk)
    state = "success" if walk.complete else "partial"
    said = "; ".join(filter(None, [*walk.notes, note]))
    runs.save(sync_run, state=state, ended_at=timezone.now(), note=said, current="", **_counts(walk, tally))
    _tell_of_quarantine(sync_run)


def _wait(sync_run: SyncRun, seconds: float) -> None:
    """Raises Canceled when somebody has ended the run meanwhile."""
    runs.save(sync_run, note=f"Waiting {seconds:.0f} s: the rate limit asks for it.")
    time.sleep(seconds)


def _strain(sync_run: SyncRun) -> str:
    """What there is to say about the share of errors, "" while it is small."""
    recent = usage.recent(rate_budget.KEY)
    if not rate_budget.is_degraded(recent):
        alerts.close_alert(ERRORS)
        return ""
    note = f"{recent.error_share:.0f} % of the last {recent.calls} calls to Printify failed, so the sync is slowed"
    runs.save(sync_run, note=note)
    alerts.open_alert(ERRORS, note, next_step="Printify asks for less than 5 %. The log of the API says which calls.")
    return note


def _counts(walk: ProductPager, tally: Counter[str]) -> dict[str, int]:
    names = ("created", "changed", "gone", "failed")
    unchanged = tally["unchanged"] + tally["older"]
    seen = len(walk.seen) + walk.nameless
    return {name: tally[name] for name in names} | {
        "unchanged": unchanged,
        "seen": seen,
        "total": walk.total,
        "calls": walk.calls,
    }


def _break_off(sync_run: SyncRun, error: IntegrationError) -> None:
    """What was seen is kept. A refusal (shop id) is for staff; the health check tells of anything else."""
    state = "partial" if sync_run.seen else "failed"
    runs.save(sync_run, state=state, ended_at=timezone.now(), note=error.detail[:500])
    if isinstance(error, Refused):
        next_step = "Check PRINTIFY_SHOP_ID: it changes on reconnecting the store."
        alerts.open_alert(REFUSED, f"Printify refuses us: {error.detail}", next_step=next_step)


def _keep_page(sync_run: SyncRun, page: Page) -> Counter[str]:
    known = _known([product_id(item) for item in page.items])
    same = [key for item in page.items if (key := product_id(item)) in known and known[key] == _digest(item)]
    if not sync_run.dry_run:
        _renew(same, page.asked_at)
    unchanged = set(same)
    stored = [
        upsert.store(item, page.asked_at, dry_run=sync_run.dry_run, run=sync_run)
        for item in page.items
        if product_id(item) not in unchanged
    ]
    SyncChange.objects.bulk_create(outcome(sync_run, each) for each in stored if each.outcome in RECORDED)
    return Counter(each.outcome for each in stored) + Counter({"unchanged": len(unchanged)})


def _title(page: Page) -> str:
    """What staff see of the progress."""
    last = page.items[-1] if page.items else None
    return text(last, "title", 200) if isinstance(last, dict) else ""


def _digest(item: Any) -> str | None:
    try:
        return digest(storable(item))
    except Unreadable:
        return None


def _known(keys: list[str]) -> dict[str, str]:
    """Hashes of what is kept and shown as it is: not quarantined, not gone."""
    shown = Product.objects.filter(printify_id__in=keys, gone_at__isnull=True).values("printify_id")
    rows = PrintifyCache.objects.filter(type="product", external_id__in=shown, error="")
    return dict(rows.values_list("external_id", "hash"))


def _renew(keys: list[str], asked_at: datetime) -> None:
    """All that an unchanged product costs: a part of one UPDATE a page."""
    rows = PrintifyCache.objects.filter(type="product", external_id__in=keys, fetched_at__lte=asked_at)
    rows.update(fetched_at=asked_at, expires_at=asked_at + upsert.ttl())


def _tell_of_quarantine(sync_run: SyncRun) -> None:
    held = PrintifyCache.objects.filter(type="product", fetched_at__gte=sync_run.started_at)
    count = held.exclude(error="").count()
    if count:
        next_step = "Their last good version is still shown. The reasons are in the admin under Printify caches."
        alerts.open_alert(QUARANTINE, f"{count} products from Printify cannot be used.", next_step=next_step)
    else:
        alerts.close_alert(QUARANTINE)


MAX = 500  # beyond that a walk over all pages costs fewer calls


def read(sync_run: SyncRun) -> None:
    """Read every product of `sync_run.only`. What cannot be had is recorded and does not stop the others."""
    tally: Counter[str] = Counter()
    titles = dict(Product.objects.filter(printify_id__in=sync_run.only).values_list("printify_id", "upstream_title"))
    runs.save(sync_run, total=len(sync_run.only))
    for number, key in enumerate(sync_run.only, 1):
        runs.save(sync_run, current=titles.get(key, key), seen=number - 1, calls=number, **_selected_counts(tally))
        stored = _read(sync_run, key)
        tally[stored.outcome] += 1
        if stored.outcome in RECORDED:
            outcome(sync_run, stored).save()
    state = "partial" if tally["failed"] else "success"
    runs.save(
        sync_run, state=state, ended_at=timezone.now(), current="", seen=len(sync_run.only), **_selected_counts(tally)
    )


def _read(sync_run: SyncRun, key: str) -> UpsertResult:
    asked_at = timezone.now()
    try:
        payload = printify().product(key)
    except KeyRejected:
        raise  # says nothing about the product: the run ends
    except IntegrationError as error:
        product = Product.objects.filter(printify_id=key).first()
        return UpsertResult("failed", key, product, error=error.detail, error_code=code_of(error))
    if payload is not None:
        return upsert.store(payload, asked_at, dry_run=sync_run.dry_run, run=sync_run)
    return UpsertResult("gone", key) if sync_run.dry_run else removed.gone(key)


def _selected_counts(tally: Counter[str]) -> dict[str, int]:
    values = {name: tally[name] for name in RECORDED}
    return values | {"unchanged": tally["unchanged"] + tally["older"]}


RECORDED = ("created", "changed", "gone", "failed")


def outcome(run: SyncRun, stored: UpsertResult) -> SyncChange:
    rolled_back = run.dry_run and stored.outcome == "created"
    return SyncChange(
        run=run,
        product=None if rolled_back else stored.product,
        printify_id=stored.printify_id,
        outcome=stored.outcome,
        fields=stored.fields,
        error=stored.error,
        error_code=stored.error_code,
    )
