"""Products that Printify no longer lists: hidden, never deleted, and only on good evidence.

Carts, orders and wish lists keep their lines. A product that is listed again comes back by itself.
"""

from collections import Counter

from django.db import transaction
from django.utils import timezone

from catalog.models import PrintifyCache, Product, ProductQuerySet, SyncChange, SyncRun
from catalog.sync import writers
from catalog.sync.pager import ProductPager
from catalog.sync.upsert import UpsertResult
from ilytat.integrations import alerts

# More than this share missing from one list is a broken list, until staff say otherwise (RELIABILITY D8).
PLAUSIBLE_SHARE = 0.3
VANISHED = "catalogue:vanished"
# What a change says of a product that a run missed too many beside: it waits for staff, or was left by them.
MISSING, LEFT = "missing", "left"


def gone(printify_id: str) -> UpsertResult:
    """Printify itself says that this one is no more."""
    _close_quarantine([printify_id])
    product = Product.objects.filter(printify_id=printify_id, gone_at__isnull=True).first()
    if product is None:
        return UpsertResult("unchanged", printify_id)
    _hide([product.pk])
    return UpsertResult("gone", printify_id, product, {"gone_at": [None, timezone.now().isoformat()]})


def apply_removals(run: SyncRun, walk: ProductPager) -> Counter[str]:
    """After the last page: what a complete walk did not see is gone; too much of it is left to staff."""
    if not walk.complete:
        return Counter()
    missing, alive = _missing(run, walk.seen)
    plausible = len(missing) <= PLAUSIBLE_SHARE * alive or (len(missing) == 1 and walk.seen)
    left = not plausible and _was_left([product.printify_id for product in missing])
    if not plausible:
        walk.notes.append(f"{len(missing)} of {alive} products were missing: nothing was hidden")
    if plausible and not run.dry_run:
        _hide([product.pk for product in missing])
        _close_quarantine(_held_since(run, walk))
        alerts.close_alert(VANISHED)
    elif not plausible and not left:
        _ask_staff(run, len(missing), alive)
    outcome = "gone" if plausible else LEFT if left else MISSING
    SyncChange.objects.bulk_create(
        SyncChange(run=run, product=product, printify_id=product.printify_id, outcome=outcome) for product in missing
    )
    return Counter({outcome: len(missing)})


def confirm(run: SyncRun) -> int:
    """Staff say that what this run missed is really gone. Those seen since then stay."""
    missing = run.changes.filter(outcome=MISSING).values_list("printify_id", flat=True)
    still = _unseen_since(run).filter(printify_id__in=list(missing))
    count = _hide(list(still.values_list("pk", flat=True)))
    run.changes.filter(outcome=MISSING).update(outcome="gone")
    alerts.close_alert(VANISHED)
    return count


def decline(run: SyncRun) -> int:
    """Staff say that the list was wrong: nothing is hidden, and runs that miss no others ask no more."""
    count = run.changes.filter(outcome=MISSING).update(outcome=LEFT)
    alerts.close_alert(VANISHED)
    return count


def _was_left(missing: list[str]) -> bool:
    """Whether staff have said of all these that they stay, the last time they were asked."""
    asked = SyncChange.objects.filter(outcome__in=(LEFT, MISSING)).order_by("-run_id").first()
    left = SyncChange.objects.filter(run_id=asked.run_id, outcome=LEFT) if asked else SyncChange.objects.none()
    return set(missing) <= set(left.values_list("printify_id", flat=True))


def _missing(run: SyncRun, seen: set[str]) -> tuple[list[Product], int]:
    alive = Product.objects.filter(gone_at__isnull=True)
    unseen = _unseen_since(run).only("pk", "printify_id")
    return [product for product in unseen if product.printify_id not in seen], alive.count()


def _unseen_since(run: SyncRun) -> ProductQuerySet:
    """Not read since the run began: a webhook may have brought a product while the pages were walked."""
    read = PrintifyCache.objects.filter(type="product", fetched_at__gte=run.started_at)
    return Product.objects.filter(gone_at__isnull=True).exclude(printify_id__in=read.values("external_id"))


def _held_since(run: SyncRun, walk: ProductPager) -> list[str]:
    """In quarantine, but in nobody's list any more."""
    held = PrintifyCache.objects.filter(type="product", fetched_at__lt=run.started_at).exclude(error="")
    return [key for key in held.values_list("external_id", flat=True) if key not in walk.seen]


def _close_quarantine(keys: list[str]) -> None:
    """What is gone needs no repair, and no answer to its publishing: one that was never good is forgotten."""
    rows = PrintifyCache.objects.filter(type="product", external_id__in=keys).exclude(error="")
    rows.filter(hash="").delete()
    rows.update(error="", error_code="")


def _hide(keys: list[int]) -> int:
    now = timezone.now()
    with transaction.atomic():
        count = Product.objects.filter(pk__in=keys).update(gone_at=now, synced_at=now)
        writers.catch_up(keys)
    return count


def _ask_staff(run: SyncRun, missing: int, alive: int) -> None:
    alerts.open_alert(
        VANISHED,
        f"Printify listed {missing} of our {alive} products no longer. None was hidden.",
        next_step=f"Look at sync run {run.pk}: confirm it if this is right, else check the shop at Printify.",
    )
