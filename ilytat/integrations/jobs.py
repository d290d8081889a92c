"""The row is the job: claim, lease, fence, back off, attention.

A row that has work to do says so itself (`state` in its model's `due_states`, `next_at` reached, no lease). Whoever
wants to work on it claims it with one guarded UPDATE, which holds on SQLite and PostgreSQL alike and needs no row
lock; every later write names the lease's token, so a worker that lost its lease can change nothing. Celery messages
carry only a queue's name ("look now"), and the sweep looks anyway.
"""

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar, Generic, Self, TypeVar

from celery import current_app
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Min, Q, QuerySet
from django.utils import timezone

from ilytat.integrations import failure_texts
from ilytat.integrations.errors import IntegrationError, OutcomeUnknown, Refused, Unavailable
from ilytat.integrations.storable import storable_text

log = logging.getLogger(__name__)

ATTENTION = "attention"
BACKOFF_BASE = 5.0  # seconds
BACKOFF_CAP = 300.0
BATCH = 25
ERROR_MAX = 2000  # characters


def _jitter() -> float:
    return random.uniform(0.5, 1.5)  # noqa: S311 (spreads retries; nobody gains by guessing it)


class LeaseLost(Exception):
    """Another worker owns the row now: stop, write nothing more."""


class Job(models.Model):
    """A row with work to do. Times are UTC; a lease outlasts the timeouts of the step it covers."""

    due_states: ClassVar[tuple[str, ...]] = ("new",)
    max_attempts: ClassVar[int] = 40

    state = models.CharField(max_length=24, default="new")
    next_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)

    _on_attention: Callable[[Any], None] | None = None  # the queue's `on_attention`, while the queue works on the row

    class Meta:
        abstract = True

    @classmethod
    def rows(cls) -> "models.QuerySet[Self]":
        return cls._default_manager.all()

    @classmethod
    def due(cls, now: datetime | None = None) -> "models.QuerySet[Self]":
        moment = now or timezone.now()
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=moment)
        return cls.rows().filter(free, state__in=cls.due_states, next_at__lte=moment)

    @classmethod
    def claim(cls, pk: int) -> "Self | None":
        """The row, leased to the caller, or None when it is not due or a rival has it.

        Attempts are counted here, before anything can crash, so that a poisonous row comes to rest.
        """
        token, now = uuid.uuid4().hex, timezone.now()
        lease = now + timedelta(seconds=settings.LEASE_SECONDS)
        taken = cls.due(now).filter(pk=pk).update(lease_until=lease, lease_token=token, attempts=F("attempts") + 1)
        return cls.rows().get(pk=pk, lease_token=token) if taken else None

    @classmethod
    def requeue(cls, rows: "models.QuerySet[Any]", state: str = "new", **changes: Any) -> int:
        """Make rows due now with a fresh count of attempts, except those a worker holds. Return how many changed."""
        now = timezone.now()
        free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
        return rows.filter(free).update(state=state, next_at=now, attempts=0, lease_until=None, **changes)

    def _leased(self) -> "models.QuerySet[Self]":
        # Without a token nothing is ours: an empty one would match every row that was never claimed.
        return self.rows().filter(pk=self.pk, lease_token=self.lease_token or "nobody")

    def update_leased(self, **changes: Any) -> None:
        """Write under the lease. Raises LeaseLost, having written nothing, when it is no longer ours."""
        if not self._leased().update(**changes):
            raise LeaseLost(f"{type(self).__name__} {self.pk}")
        for name, value in changes.items():
            setattr(self, name, value)

    def ensure_leased(self, margin: float) -> None:
        """Raises LeaseLost unless the lease lasts `margin` seconds more: asked right before a call that matters."""
        until = timezone.now() + timedelta(seconds=margin)
        if not self._leased().filter(lease_until__gt=until).exists():
            raise LeaseLost(f"{type(self).__name__} {self.pk}")

    def finish(self, state: str, *, next_in: float = 0.0, **changes: Any) -> None:
        """Leave the row in `state`, free, due again in `next_in` seconds (if that state is a due one)."""
        next_at = timezone.now() + timedelta(seconds=next_in)
        rest = {"lease_until": None, "attempts": 0, "last_error": ""} | changes
        self.update_leased(state=state, next_at=next_at, **rest)

    def reschedule(self, *, next_in: float) -> None:
        """Give up the lease and leave the state, which others may have changed; due again in `next_in` seconds."""
        next_at = timezone.now() + timedelta(seconds=next_in)
        self.update_leased(next_at=next_at, lease_until=None, attempts=0, last_error="")

    def retry_later(self, error: str, *, wait: float | None = None) -> None:
        """Give up the lease and try again later: after `wait` seconds, else after a growing, jittered pause."""
        pause = min(BACKOFF_CAP, BACKOFF_BASE * 2 ** min(self.attempts - 1, 10)) * _jitter()
        next_at = timezone.now() + timedelta(seconds=pause if wait is None else wait)
        self.update_leased(next_at=next_at, lease_until=None, last_error=storable_text(error, ERROR_MAX))

    def wait_for_provider(self, error: str) -> None:
        """Give up the lease and count no attempt: the provider fails, not the row. `resume_failed` ends the wait."""
        next_at = timezone.now() + timedelta(seconds=BACKOFF_CAP * _jitter())
        attempts = max(self.attempts - 1, 0)
        self.update_leased(
            next_at=next_at, lease_until=None, attempts=attempts, last_error=storable_text(error, ERROR_MAX)
        )

    def needs_attention(self, error: str) -> None:
        """Stop, and wait for staff, who are told in the same transaction: a kill in between must not hide it."""
        with transaction.atomic():
            self.update_leased(state=ATTENTION, lease_until=None, last_error=storable_text(error, ERROR_MAX))
            self.tell_staff()

    def tell_staff(self) -> None:
        """Call the queue's `on_attention`, once, inside the transaction that brings the row to attention."""
        tell, self._on_attention = self._on_attention, None
        if tell:
            tell(self)


JobT = TypeVar("JobT", bound=Job)


@dataclass(frozen=True)
class Queue(Generic[JobT]):
    """A kind of job: `work` is called with a claimed row, outside any transaction. `lane` is Celery's queue.

    `on_attention` hears of a row that came to rest, for alerts.
    """

    name: str
    model: type[JobT]
    work: Callable[[JobT], None]
    lane: str
    on_attention: Callable[[JobT], None] | None = None


_queues: dict[str, Queue[Any]] = {}


def register(queue: Queue[JobT]) -> Queue[JobT]:
    _queues[queue.name] = queue
    return queue


def queues() -> Iterator[Queue[Any]]:
    return iter(tuple(_queues.values()))


def resume_failed() -> None:
    """Make every waiting row due whose last try failed: a provider works again. Rows of others lose nothing by it."""
    now = timezone.now()
    for queue in queues():
        model = queue.model
        rows = model.rows().filter(state__in=model.due_states, lease_until__isnull=True, next_at__gt=now)
        if rows.exclude(last_error="").update(next_at=now):
            wake(queue.name, queue.lane)


def work_due(name: str, limit: int = BATCH) -> int:
    """Work on what is due in the queue, oldest first. Returns how many rows were looked at; more may be waiting."""
    queue = _queues[name]
    keys = list(queue.model.due().order_by("next_at").values_list("pk", flat=True)[:limit])
    for pk in keys:
        work_one(queue, pk)
    return len(keys)


def work_one(queue: Queue[JobT], pk: int) -> None:
    job = queue.model.claim(pk)
    if job is None:
        return
    job._on_attention = queue.on_attention  # noqa: SLF001 (queue and job are one mechanism)
    try:
        _attempt(queue, job)
    except LeaseLost:
        log.warning("lease lost", extra={"queue": queue.name, "row": pk})


def _attempt(queue: Queue[JobT], job: JobT) -> None:
    """One try, and what its failure means for the row: the single place that decides this."""
    if job.attempts > job.max_attempts:
        job.needs_attention(f"Gave up after {job.max_attempts} tries. {job.last_error}")
        return
    try:
        queue.work(job)
    except LeaseLost:
        raise
    except Refused as error:
        job.needs_attention(error.detail)
    except IntegrationError as error:
        _after_failure(job, error)
    except Exception as error:  # noqa: BLE001 (whatever ends one job, the queue works on the next)
        job.retry_later(failure_texts.logged(error, "job failed", queue=queue.name, row=job.pk))


def _after_failure(job: Job, error: IntegrationError) -> None:
    detail = f"Outcome unknown: {error.detail}" if isinstance(error, OutcomeUnknown) else error.detail
    if error.is_outage:
        job.wait_for_provider(detail)
    else:
        job.retry_later(detail, wait=error.retry_after if isinstance(error, Unavailable) else None)


LOOK = "ilytat.integrations.tasks.look"
SILENCE_SECONDS = 30.0
_silent_until = 0.0


def wake(queue_name: str, lane: str) -> None:
    """Send after commit (at once when no transaction is open)."""
    transaction.on_commit(partial(_send, queue_name, lane), robust=True)


def _send(queue_name: str, lane: str) -> None:
    global _silent_until  # noqa: PLW0603 (a breaker's state is the process's)
    if time.monotonic() < _silent_until:
        return
    try:
        current_app.send_task(
            LOOK,
            args=[queue_name],
            queue=lane,
            retry_policy={"max_retries": 0},
            ignore_result=True,
            expires=600,
        )
    except Exception:  # noqa: BLE001 (whatever the broker's library raises, the row waits for the sweep)
        _silent_until = time.monotonic() + SILENCE_SECONDS
        log.warning("broker unreachable: the sweep will find the work", extra={"queue": queue_name})


@dataclass(frozen=True)
class Lag:
    """A queue whose oldest due row has waited `seconds`."""

    name: str
    seconds: int


def lags() -> Iterator[Lag]:
    """One query a queue."""
    now = timezone.now()
    for queue in queues():
        due: QuerySet[Any] = queue.model.due(now)
        oldest = due.aggregate(oldest=Min("next_at"))["oldest"]
        if oldest is not None:
            yield Lag(queue.name, int((now - oldest).total_seconds()))
