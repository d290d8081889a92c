"""Heartbeats from inside Celery's processes: each worker's consumer, beat's scheduler, and finished periodic tasks.

`ilytat.celery` loads this before Django is set up, so models are imported inside the functions.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from celery import bootsteps
from celery.beat import PersistentScheduler
from celery.signals import task_failure, task_success
from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError

log = logging.getLogger(__name__)

WATCH = "ilytat.integrations.tasks.watch"
WATCH_BEATS = 4  # heartbeats: a minute
POOL_SECONDS = 1.0  # to wait for a connection


class WorkerHeartbeat(bootsteps.StartStopStep):
    """Runs on the consumer's timer, so a worker that has lost the broker or hangs falls silent."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    entries: tuple[Any, ...] = ()  # stopped without a start when the broker goes away in between

    def start(self, consumer: Any) -> None:
        queues = sorted(consumer.app.amqp.queues.consume_from)
        send, watch = partial(_send, consumer.hostname, queues), partial(_send_watch, consumer.app, queues)
        send()
        call = consumer.timer.call_repeatedly
        self.entries = (call(settings.HEARTBEAT_SECONDS, send), call(WATCH_BEATS * settings.HEARTBEAT_SECONDS, watch))

    def stop(self, consumer: Any) -> None:  # noqa: ARG002 (Celery's signature)
        for entry in self.entries:
            entry.cancel()


class HeartbeatScheduler(PersistentScheduler):
    """Beat's own loop: a beat that hangs while it publishes falls silent too."""

    next_heartbeat = 0.0

    def setup_schedule(self) -> None:
        """Take over from the database when tasks last finished, where the schedule's file does not know: it may be lost
        with each deployment, and a daily task would never have its turn.
        """
        from ilytat.integrations import heartbeats  # late: Django is set up after this module is loaded

        super().setup_schedule()
        with _own_connection("beat", failed="last runs of tasks not read"):
            last_runs = heartbeats.last_runs()
            for entry in self.schedule.values():
                if not entry.total_run_count and entry.task in last_runs:
                    entry.last_run_at = last_runs[entry.task]

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if time.monotonic() >= self.next_heartbeat:
            self.next_heartbeat = time.monotonic() + settings.HEARTBEAT_SECONDS
            _send("beat", [])
        return min(float(super().tick(*args, **kwargs)), float(settings.HEARTBEAT_SECONDS))


def _send_watch(app: Any, queues: list[str]) -> None:
    """Ask a worker of these queues, which may be this one, to look after the others."""
    pings = "webhooks" in queues  # among many workers, one is enough to say that all is well
    options = {"queue": "webhooks" if pings else queues[0], "expires": 60, "ignore_result": True}
    try:
        app.send_task(
            "ilytat.integrations.tasks.watch", kwargs={"pings": pings}, retry_policy={"max_retries": 0}, **options
        )
    except Exception:  # noqa: BLE001 (whatever the broker's library raises, the worker goes on)
        log.warning("broker unreachable: nobody looks after the other processes")


def _send(name: str, queues: list[str]) -> None:
    from ilytat.integrations import heartbeats  # late: Django is set up after this module is loaded

    with _own_connection(name, failed="heartbeat not recorded"):
        heartbeats.record_process(name, queues)
        if name == heartbeats.BEAT:
            heartbeats.record_schedule()


@contextmanager
def _own_connection(name: str, *, failed: str) -> Iterator[None]:
    """Log `failed` in place of an error: a database that is away must end neither worker nor beat.

    Workers fork: no connection is left open for that.

    A worker's event loop waits here: until it goes on it reads no result, and takes a finished task for one that is
    over its time limit.
    """
    has_pool = bool(settings.DATABASES["default"].get("OPTIONS", {}).get("pool"))
    try:
        if has_pool:
            connection.pool.timeout = POOL_SECONDS  # type: ignore[attr-defined]  # PostgreSQL's only
        yield
    except DatabaseError as error:
        log.warning(failed, extra={"node": name, "error": str(error)})
    finally:
        connection.close()
        if has_pool:
            connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's only


@task_success.connect
def _record_finish(sender: Any, **_signal: Any) -> None:
    from ilytat.integrations import heartbeats  # late: Django is set up after this module is loaded

    with suppress(DatabaseError):
        heartbeats.record_finish(sender.name)


@task_failure.connect
def _record_failure(sender: Any, exception: Exception, **_signal: Any) -> None:
    """Not while the database is away: asking it once more would take the task past its time limit."""
    from ilytat.integrations import heartbeats  # late: Django is set up after this module is loaded

    if not isinstance(exception, DatabaseError):
        with suppress(DatabaseError):
            heartbeats.record_failure(sender.name, exception)
