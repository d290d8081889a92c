"""Which processes and periodic tasks are alive: what they write, and what is wrong when they stop writing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.db.models import Case, Q, When
from django.db.models.functions import Now

from ilytat.integrations.models import Heartbeat, TaskHeartbeat

BEAT = "beat"
TASK_PREFIX = "task:"  # of the problem that a late task is
BEATS_MISSED_MAX = 6
# A periodic task may miss one turn and wait this long behind a catalog sync, which keeps a worker busy for minutes.
TASK_MARGIN = timedelta(minutes=15)
# As the Procfile starts them. Any other division of the queues works too: a worker is named as it was last seen.
WORKERS = {
    "orders": (("webhooks", "fulfilment", "mail"), "--concurrency 2"),
    "sync": (("sync", "bulk"), "--concurrency 1"),
}
QUEUES = tuple(queue for queues, _ in WORKERS.values() for queue in queues)


@dataclass(frozen=True)
class Problem:
    """A silent process or a late periodic task. `name` is stable and unique; `command` starts the process again.

    `queues`: those that a silent worker leaves without a consumer. `detail` is for staff only: `sentence` is public,
    so it names no host.
    """

    name: str
    sentence: str
    command: str = ""
    detail: str = ""
    queues: tuple[str, ...] = ()


def allowed_silence() -> timedelta:
    return timedelta(seconds=BEATS_MISSED_MAX * settings.HEARTBEAT_SECONDS)


def duration_text(duration: timedelta) -> str:
    """In English, whichever language the request before left active: monitors and staff read it."""
    seconds = max(0, int(duration.total_seconds()))
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def record_process(name: str, queues: Iterable[str] = ()) -> None:
    """Store a sign of life. Called on a timer by each worker and by beat."""
    name, consumes = name[:150], list(queues)
    was_silent = Q(beat_at__lt=Now() - allowed_silence())
    started_at = Case(When(was_silent, then=Now()), default="started_at")
    if not Heartbeat.objects.filter(name=name).update(queues=consumes, started_at=started_at, beat_at=Now()):
        Heartbeat.objects.bulk_create([Heartbeat(name=name, queues=consumes, beat_at=Now())], ignore_conflicts=True)


def record_schedule() -> None:
    """Called by beat: a task that has not finished yet is late when it has been known for too long."""
    known = set(TaskHeartbeat.objects.values_list("name", flat=True))
    missing = [TaskHeartbeat(name=task, known_since=Now()) for task in schedule() if task not in known]
    TaskHeartbeat.objects.bulk_create(missing, ignore_conflicts=True)


def record_finish(task: str) -> None:
    """Called in a worker after each task; those that beat does not send are ignored."""
    if task in schedule():
        _record_task(TaskHeartbeat(name=task, known_since=Now(), finished_at=Now()), ["finished_at"])


def record_failure(task: str, error: BaseException) -> None:
    """Store the error's class only: its text may hold personal data, and `/healthz/deep` is public."""
    if task in schedule():
        row = TaskHeartbeat(name=task, known_since=Now(), failed_at=Now(), error=type(error).__name__)
        _record_task(row, ["failed_at", "error"])


def _record_task(row: TaskHeartbeat, fields: list[str]) -> None:
    TaskHeartbeat.objects.bulk_create([row], update_conflicts=True, unique_fields=["name"], update_fields=fields)


def last_runs() -> dict[str, datetime]:
    """Return when each periodic task last finished, or became known."""
    return {row.name: row.finished_at or row.known_since for row in TaskHeartbeat.objects.all()}


def schedule() -> dict[str, dict[str, Any]]:
    """Return beat's entries by task name."""
    return {entry["task"]: entry for entry in current_app.conf.beat_schedule.values()}


def processes() -> list[Heartbeat]:
    """Return the newest first, each with `now`, the time of the database, which wrote `beat_at` too."""
    rows = Heartbeat.objects.annotate(now=Now())  # type: ignore[no-redef]  # the model declares it for readers
    return list(rows.order_by("-beat_at"))


def last_seen(row: Heartbeat) -> str:
    """`row` is one of `processes`."""
    age = row.now - row.beat_at
    if age < -allowed_silence():
        return f"{duration_text(-age)} in the future, so the clock of the database was set back"
    return f"{duration_text(age)} ago"


def problems(rows: list[Heartbeat] | None = None) -> list[Problem]:
    """Return the silent processes, then the late periodic tasks that no silent process explains.

    `rows`: those of `processes`, if the caller has read them.
    """
    rows = processes() if rows is None else rows
    live = [row for row in rows if abs(row.now - row.beat_at) < allowed_silence()]
    consumed = {queue for row in live for queue in row.queues}
    silent = list(_silent_workers(rows, [queue for queue in QUEUES if queue not in consumed]))
    if not any(row.name == BEAT for row in live):
        beat = next((row for row in rows if row.name == BEAT), None)
        sentence = f"Beat is not running: {_last_seen(beat)}. Nothing scheduled happens until it is started."
        return [*silent, Problem(BEAT, sentence, "celery -A ilytat beat")]
    return [*silent, *_late_tasks(rows, consumed)]


def _silent_workers(rows: list[Heartbeat], queues: list[str]) -> Iterator[Problem]:
    """The worker that last consumed each of the `queues`; `rows` are the newest first."""
    while queues:
        last = next((row for row in rows if queues[0] in row.queues), None)
        if last:
            node, own = last.name.partition("@")[0], [queue for queue in queues if queue in last.queues]
        else:
            node = next(name for name, (consumes, _) in WORKERS.items() if queues[0] in consumes)
            own = [queue for queue in queues if queue in WORKERS[node][0]]
        queues = [queue for queue in queues if queue not in own]
        sentence = f"The worker for {', '.join(own)} is not running: {_last_seen(last)}."
        detail = f"Its name was {last.name}." if last else ""
        yield Problem(f"worker:{node}", sentence, _worker_command(node, own), detail, tuple(own))


def _worker_command(node: str, queues: list[str]) -> str:
    consumes, options = WORKERS.get(node, ((), ""))
    command = f"celery -A ilytat worker -n {node}@%h -Q {','.join(queues)}"
    return f"{command} {options}" if tuple(queues) == consumes else command


def _last_seen(row: Heartbeat | None) -> str:
    return f"it was last seen {last_seen(row)}" if row else "it has never been seen"


def _late_tasks(rows: list[Heartbeat], consumed: set[str]) -> Iterator[Problem]:
    """Only time in which both beat and a worker of the task's queue ran counts: after a stop nothing is late yet."""
    entries, now = schedule(), rows[0].now
    beat_since = _running_since([row for row in rows if row.name == BEAT])
    queue_since = {queue: _running_since([row for row in rows if queue in row.queues]) for queue in consumed}
    for task in TaskHeartbeat.objects.filter(name__in=entries).order_by("name"):
        entry = entries[task.name]
        queue = entry.get("options", {}).get("queue", current_app.conf.task_default_queue)
        allowed = 2 * timedelta(seconds=entry["schedule"]) + TASK_MARGIN
        last = task.finished_at or task.known_since
        if queue in consumed and max(last, beat_since, queue_since[queue]) < now - allowed:
            yield Problem(TASK_PREFIX + task.name, _late_sentence(task, allowed, now))


def _running_since(rows: list[Heartbeat]) -> datetime:
    """Return when the first of these processes started, the newest first. Only rows that followed one another without
    a longer silence than allowed count: hosts get new names with each deployment.
    """
    since = rows[0].started_at
    for row in rows:
        if row.beat_at > since - allowed_silence():
            since = min(since, row.started_at)
    return since


def _late_sentence(row: TaskHeartbeat, allowed: timedelta, now: datetime) -> str:
    done = f"last finished {duration_text(now - row.finished_at)} ago" if row.finished_at else "has never finished"
    has_failed = row.failed_at and row.failed_at > (row.finished_at or row.known_since)
    failed = f" Its last run failed ({row.error}). The log has the details." if has_failed else ""
    return f"The periodic task {row.name} {done}; {duration_text(allowed)} are allowed.{failed}"
