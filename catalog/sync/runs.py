"""The one running synchronisation: who has it, whether it still lives, how it ended.

The unique constraint on a running row lets one in; a heartbeat tells a living run from one whose process died; every
later write names the state, so a run that was cancelled or declared dead can write nothing more.
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.models import SyncRun
from catalog.models.curation import FieldChange, SyncPause
from catalog.sync.runner import MAX
from ilytat.integrations import leases
from ilytat.integrations.models import Lease, SyncLog

HEARTBEAT = "catalogue sync"
# Longer than one page can take: three tries of a minute each and the waits between them.
DEAD_AFTER = timedelta(minutes=8)


class Canceled(Exception):
    """Somebody ended the run from outside: stop, write nothing more."""


def begin(trigger: str, *, dry_run: bool, request: int | None = None) -> SyncRun | None:
    """A run of our own, or None while another one lives. `request`: the row by which staff asked for it."""
    close_dead()
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(trigger=trigger, dry_run=dry_run) if request is None else _take_up(request)
            if run:  # not before: whoever only asks must not keep a killed run alive
                leases.heartbeat(HEARTBEAT)
            return run
    except IntegrityError:
        SyncRun.objects.filter(pk=request or 0, state="queued").update(
            state="canceled", ended_at=timezone.now(), note="Another run was under way."
        )
        return None


def _take_up(request: int) -> SyncRun | None:
    """None when it was cancelled, or taken up by another message."""
    rows = SyncRun.objects.filter(pk=request, state="queued")
    return SyncRun.objects.get(pk=request) if rows.update(state="running", started_at=timezone.now()) else None


def running() -> SyncRun | None:
    return SyncRun.objects.filter(state="running").first()


def close_dead() -> None:
    """A run whose process died (or whose machine did) would block all others for ever."""
    dead_line = timezone.now() - DEAD_AFTER
    if Lease.objects.filter(name=HEARTBEAT, beat_at__gte=dead_line).exists():
        return
    SyncRun.objects.filter(state="running", started_at__lt=dead_line).update(
        state="failed", ended_at=timezone.now(), note="The process that ran it ended without a word."
    )


def cancel_running(run_id: int) -> bool:
    """Takes effect before the run's next page. What it has written stays."""
    rows = SyncRun.objects.filter(pk=run_id, state="running")
    return bool(rows.update(state="canceled", ended_at=timezone.now(), note="Cancelled by staff."))


def save(run: SyncRun, **values: Any) -> None:
    """Write to our run. Raises Canceled when it is no longer ours."""
    leases.heartbeat(HEARTBEAT)
    if not SyncRun.objects.filter(pk=run.pk, state="running").update(**values):
        raise Canceled(f"run {run.pk}")
    for name, value in values.items():
        setattr(run, name, value)


@contextmanager
def ending(run: SyncRun) -> Iterator[None]:
    """Whatever happens inside, the run does not stay open; one that nobody closed failed."""
    try:
        yield
    except Canceled:
        pass
    finally:
        unclosed = SyncRun.objects.filter(pk=run.pk, state="running")
        unclosed.update(state="failed", ended_at=timezone.now(), note="Ended by an unexpected error: see the log.")
        run.refresh_from_db()
        SyncLog.objects.create(
            integration="printify",
            action="catalogue sync",
            reference=f"run {run.pk}",
            outcome=run.state,
            detail=summary(run),
        )


def summary(run: SyncRun) -> str:
    parts = [f"{run.seen} of {run.total} read"]
    parts += [f"{count} {name}" for name in ("created", "changed", "gone", "failed") if (count := getattr(run, name))]
    dry = "dry run, nothing written: " if run.dry_run else ""
    return dry + ", ".join(parts) + (f". {run.note}" if run.note else "")


OPEN = ("queued", "running")
KEPT = timedelta(days=90)


log = logging.getLogger(__name__)

REFRESH = "catalog.tasks.refresh"
FETCH_IMAGES = "catalog.tasks.fetch_images"
READ_DETAILS = "catalog.tasks.read_details"
QUEUES = {READ_DETAILS: "bulk"}  # nobody waits for it; the others stand in "sync"
EXPIRES = 600  # seconds: a button pressed while all workers were away is not obeyed at night


def send(task: str, *args: object, **named: object) -> bool:
    """Whether the message left. A broker that refuses is an answer, not an error page."""
    try:
        current_app.send_task(
            task,
            args=args,
            kwargs=named,
            queue=QUEUES.get(task, "sync"),
            retry_policy={"max_retries": 0},
            ignore_result=True,
            expires=EXPIRES,
        )
    except Exception:  # noqa: BLE001 (whatever the broker's library raises)
        log.warning("broker unreachable: nothing was queued", extra={"task": task})
        return False
    return True


# The message is forgotten by then as well (queueing.EXPIRES): a press is not obeyed hours later.
UNHEARD = timedelta(seconds=EXPIRES)


class Unheard(Exception):
    """The broker cannot be reached: nothing was queued."""


def open_run() -> SyncRun | None:
    """The run that is under way, or waits for a worker."""
    close_dead()
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
    if not send(REFRESH, "staff", request=run.pk):
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
    return bool(ended) or cancel_running(run_id)


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
