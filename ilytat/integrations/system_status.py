"""Everything that must work for orders to move, in one answer: for the dashboard, the monitor and the outward ping."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from ilytat.integrations import broker, health, heartbeats, jobs
from ilytat.integrations.heartbeats import TASK_MARGIN, TASK_PREFIX, Problem
from ilytat.integrations.jobs import Lag
from ilytat.integrations.models import Alert, HealthResult, Heartbeat

LATE_SECONDS = 600
# What a late task is allowed beyond its interval: a worker may be busy with one task for minutes.
STUCK_SECONDS = TASK_MARGIN.total_seconds()
PROVIDER_ALERT = "provider:"
STARTED = time.monotonic()


@dataclass(frozen=True)
class SystemStatus:
    """`problems` names causes only: what a dead process or broker explains is left out. `process_problems` are those of
    `heartbeats.problems`, whatever explains them.

    `is_starting`: no process has ever been seen here, and this one has only just begun itself.
    """

    problems: list[Problem]
    process_problems: list[Problem]
    is_starting: bool
    lags: list[Lag]
    heartbeats: list[Heartbeat]
    checks: list[HealthResult]
    broker: broker.BrokerState


def current() -> SystemStatus:
    """Read the database and ask the broker (see `broker.Probe`). Raises what an unreachable database raises."""
    lags, checks, rows = list(jobs.lags()), list(health.results()), heartbeats.processes()
    is_starting = not rows and time.monotonic() - STARTED < heartbeats.allowed_silence().total_seconds()
    broker_state = broker.probe.current()
    process_problems = [] if is_starting else heartbeats.problems(rows)
    problems = list(_broken_broker(broker_state)) or _cut_off(process_problems, broker_state)
    if not problems:
        problems = [*_late_queues(lags), *_old_checks(checks)]
    problems += _failing(checks)
    return SystemStatus(problems, process_problems, is_starting, lags, rows, checks, broker_state)


def _broken_broker(state: broker.BrokerState) -> Iterator[Problem]:
    if state.error:
        sentence = f"The message broker does not answer ({state.error}): no worker hears of work until it is back."
        yield Problem("broker", f"{sentence} `manage.py sweep` works on what is due meanwhile.")


def _cut_off(process_problems: list[Problem], state: broker.BrokerState) -> list[Problem]:
    """Name the queues in which the same message stays the oldest though a worker of theirs lives: it reads from another
    broker than this process sends to. That explains late tasks too.
    """
    silent = {queue for problem in process_problems for queue in problem.queues}
    stuck = {queue: seconds for queue, seconds in state.stuck_seconds.items() if seconds >= STUCK_SECONDS}
    unread = [_unread(queue, seconds) for queue, seconds in stuck.items() if queue not in silent]
    if not unread:
        return process_problems
    return [*(problem for problem in process_problems if not problem.name.startswith(TASK_PREFIX)), *unread]


def _unread(queue: str, seconds: float) -> Problem:
    waited = heartbeats.duration_text(timedelta(seconds=seconds))
    sentence = f"No worker reads the queue {queue} of the broker that this process sends to: its oldest message has "
    step = "Set the same CELERY_BROKER_URL for all processes, then restart them."
    return Problem(f"unread:{queue}", f"{sentence}waited for at least {waited}. {step}")


def _late_queues(lags: list[Lag]) -> Iterator[Problem]:
    for lag in lags:
        if lag.seconds > LATE_SECONDS:
            minutes = lag.seconds // 60
            sentence = f"Work is waiting: the oldest due row of {lag.name} is {minutes} min old."
            yield Problem(f"queue:{lag.name}", f"{sentence} Its worker runs but does not get to it: read its log.")


def _old_checks(checks: list[HealthResult]) -> Iterator[Problem]:
    if checks and health.are_old(checks):
        age = heartbeats.duration_text(timezone.now() - min(result.checked_at for result in checks))
        yield Problem("checks", f"The health checks last ran {age} ago: read the workers' logs.")


def _failing(checks: list[HealthResult]) -> Iterator[Problem]:
    """Open incidents of providers, then the failed checks that no incident is about."""
    incidents = {alert.key: alert for alert in Alert.objects.filter(key__startswith=PROVIDER_ALERT, closed_at=None)}
    for key, alert in sorted(incidents.items()):
        provider = key.removeprefix(PROVIDER_ALERT)
        yield Problem(key, f"An incident is open: {provider}.", detail=f"{alert.message} {alert.next_step}".strip())
    for result in checks:
        if result.state == "down" and PROVIDER_ALERT + result.name not in incidents:
            yield Problem(f"health:{result.name}", f"The check of {result.name} fails.", detail=result.detail)
