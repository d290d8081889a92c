"""A run over some products only: those staff chose, or those that failed. Each is asked for by itself."""

from collections import Counter

from django.utils import timezone

from catalog import printify
from catalog.models import Product, SyncRun
from catalog.sync import disappearance, runs, upsert
from catalog.sync.outcomes import RECORDED, outcome
from catalog.sync.upsert import Stored
from ilytat.integrations.errors import IntegrationError

MAX = 500  # beyond that a walk over all pages costs fewer calls


def read(mine: SyncRun) -> None:
    """Read every product of `mine.only`. What cannot be had is told and does not stop the others."""
    tally: Counter[str] = Counter()
    titles = dict(Product.objects.filter(printify_id__in=mine.only).values_list("printify_id", "upstream_title"))
    runs.save(mine, total=len(mine.only))
    for number, key in enumerate(mine.only, 1):
        runs.save(mine, current=titles.get(key, key), seen=number - 1, calls=number, **_counts(tally))
        stored = _read(mine, key)
        tally[stored.outcome] += 1
        if stored.outcome in RECORDED:
            outcome(mine, stored).save()
    state = "partial" if tally["failed"] else "success"
    runs.save(mine, state=state, ended_at=timezone.now(), current="", seen=len(mine.only), **_counts(tally))


def _read(mine: SyncRun, key: str) -> Stored:
    asked_at = timezone.now()
    try:
        payload = printify.client().product(key)
    except IntegrationError as error:
        product = Product.objects.filter(printify_id=key).first()
        return Stored("failed", key, product, error=error.detail)
    if payload is not None:
        return upsert.store(payload, asked_at, dry_run=mine.dry_run, run=mine)
    return Stored("gone", key) if mine.dry_run else disappearance.gone(key)


def _counts(tally: Counter[str]) -> dict[str, int]:
    told = {name: tally[name] for name in RECORDED}
    return told | {"unchanged": tally["unchanged"] + tally["older"]}
