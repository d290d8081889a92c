"""The one running synchronisation: who has it, whether it still lives, how it ended.

The unique constraint on a running row lets one in; a heartbeat tells a living run from one whose process died; every
later write names the state, so a run that was cancelled or declared dead can write nothing more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog.models import SyncRun
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


def cancel(run_id: int) -> bool:
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
