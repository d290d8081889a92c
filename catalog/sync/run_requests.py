"""Staff ask for a run, pause the timetable, end a run. The row is the request: a second press finds the first one."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import SyncRun
from catalog.models.curation import FieldChange, SyncPause
from catalog.sync import runs, task_queue
from catalog.sync.selected_products import MAX

OPEN = ("queued", "running")
KEPT = timedelta(days=90)
# The message is forgotten by then as well (queueing.EXPIRES): a press is not obeyed hours later.
UNHEARD = timedelta(seconds=task_queue.EXPIRES)


class Unheard(Exception):
    """The broker cannot be reached: nothing was queued."""


def open_run() -> SyncRun | None:
    """The run that is under way, or waits for a worker."""
    runs.close_dead()
    _close_unheard()
    return SyncRun.objects.filter(state__in=OPEN).order_by(F("state").desc()).first()


def ask(by: Any, *, dry_run: bool = False, only: Iterable[str] = ()) -> tuple[SyncRun, bool]:
    """A run of ours and True, or the one that is open already and False. Raises Unheard."""
    keys = sorted(set(only))[:MAX]
    if found := open_run():
        return found, False
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(trigger="staff", state="queued", dry_run=dry_run, only=keys, asked_by=by)
    except IntegrityError:  # two presses at once
        return SyncRun.objects.get(state="queued"), False
    if not task_queue.ask(task_queue.REFRESH, "staff", request=run.pk):
        run.delete()
        raise Unheard
    return run, True


def retry(run: SyncRun, by: Any) -> tuple[SyncRun, bool]:
    """What failed in that run, once more. Raises Unheard."""
    return ask(by, dry_run=run.dry_run, only=failed(run))


def failed(run: SyncRun) -> list[str]:
    keys = run.changes.filter(outcome="failed").exclude(printify_id="").values_list("printify_id", flat=True)
    return sorted(set(keys))


def cancel(run_id: int) -> bool:
    """A waiting one at once, a running one before its next step. What it has written stays."""
    waiting = SyncRun.objects.filter(pk=run_id, state="queued")
    ended = waiting.update(state="canceled", ended_at=timezone.now(), note=_("Cancelled by staff."))
    return bool(ended) or runs.cancel(run_id)


def pause(by: Any) -> bool:
    """False when it was paused before."""
    return SyncPause.objects.get_or_create(pk=1, defaults={"by": by})[1]


def resume() -> bool:
    return bool(SyncPause.objects.all().delete()[0])


def paused() -> SyncPause | None:
    return SyncPause.objects.select_related("by").first()


def forget_old() -> None:
    """Runs of long ago with what they told. What was decided about a product stays with the product."""
    old = SyncRun.objects.filter(ended_at__lt=timezone.now() - KEPT)
    FieldChange.objects.filter(run__in=old, state=FieldChange.State.PREVIEW).delete()
    old.exclude(pk__in=SyncRun.objects.filter(state="success", dry_run=False)[:1].values("pk")).delete()


def _close_unheard() -> None:
    old = SyncRun.objects.filter(state="queued", started_at__lt=timezone.now() - UNHEARD)
    old.update(state="failed", ended_at=timezone.now(), note=_("No worker took it up: is one running?"))
