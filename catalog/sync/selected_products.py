"""A run over some products only: those staff chose, or those that failed. Each is asked for by itself."""

from collections import Counter

from django.utils import timezone

from catalog import printify
from catalog.failure_codes import code_of
from catalog.models import Product, SyncRun
from catalog.sync import disappearance, runs, upsert
from catalog.sync.outcomes import RECORDED, outcome
from catalog.sync.upsert import Stored
from ilytat.integrations.errors import IntegrationError, KeyRejected

MAX = 500  # beyond that a walk over all pages costs fewer calls


def read(sync_run: SyncRun) -> None:
    """Read every product of `sync_run.only`. What cannot be had is recorded and does not stop the others."""
    tally: Counter[str] = Counter()
    titles = dict(Product.objects.filter(printify_id__in=sync_run.only).values_list("printify_id", "upstream_title"))
    runs.save(sync_run, total=len(sync_run.only))
    for number, key in enumerate(sync_run.only, 1):
        runs.save(sync_run, current=titles.get(key, key), seen=number - 1, calls=number, **_counts(tally))
        stored = _read(sync_run, key)
        tally[stored.outcome] += 1
        if stored.outcome in RECORDED:
            outcome(sync_run, stored).save()
    state = "partial" if tally["failed"] else "success"
    runs.save(sync_run, state=state, ended_at=timezone.now(), current="", seen=len(sync_run.only), **_counts(tally))


def _read(sync_run: SyncRun, key: str) -> Stored:
    asked_at = timezone.now()
    try:
        payload = printify.client().product(key)
    except KeyRejected:
        raise  # says nothing about the product: the run ends
    except IntegrationError as error:
        product = Product.objects.filter(printify_id=key).first()
        return Stored("failed", key, product, error=error.detail, error_code=code_of(error))
    if payload is not None:
        return upsert.store(payload, asked_at, dry_run=sync_run.dry_run, run=sync_run)
    return Stored("gone", key) if sync_run.dry_run else disappearance.gone(key)


def _counts(tally: Counter[str]) -> dict[str, int]:
    values = {name: tally[name] for name in RECORDED}
    return values | {"unchanged": tally["unchanged"] + tally["older"]}
