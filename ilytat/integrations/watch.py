"""What a worker does every four heartbeats about the state of the shop: alerts about dead processes, and a ping to a
monitor outside, which raises the alarm when pings stop coming.
"""

import logging
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from celery import current_app
from django.conf import settings

from ilytat.integrations import alerts, deadlines, heartbeats, system_status
from ilytat.integrations.heartbeats import Problem
from ilytat.integrations.models import Alert

log = logging.getLogger(__name__)

LATE_TASKS_ALERT = f"{alerts.PROCESS_PREFIX}late-tasks"
MAIL_ALERTS = "notifications.tasks.mail_alerts"
PING_SECONDS = 5.0
PING_BYTES_MAX = 10_000  # of a body, what healthchecks.io keeps


def run(*, pings: bool) -> None:
    """Called by the task `watch`. `pings`: also while all is well. Trouble is told to the monitor by every worker.

    Does nothing until other processes had the time to start beside this one, as after a deployment.
    """
    if time.monotonic() - system_status.STARTED < heartbeats.allowed_silence().total_seconds():
        return
    status = system_status.current()
    problems = [problem.sentence for problem in status.problems]
    if settings.PING_URL and (pings or problems):
        ping(problems)  # first: alerts need the broker
    update_alerts(status.process_problems)


def update_alerts(problems: list[Problem]) -> None:
    """One alert for each silent process and one for all late tasks, closed when it is over. Mailed without beat: it may
    be dead.
    """
    alerts_due = dict(_alerts(problems))
    for key, (message, next_step) in alerts_due.items():
        alerts.open_alert(key, message, next_step=next_step)
    recovered = Alert.objects.filter(key__startswith=alerts.PROCESS_PREFIX, closed_at=None).exclude(key__in=alerts_due)
    for key in recovered.values_list("key", flat=True):
        alerts.close_alert(key)
    if alerts_due:
        current_app.send_task(MAIL_ALERTS, queue="mail", expires=60, ignore_result=True)


def _alerts(problems: list[Problem]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield key, message and next step."""
    late = [problem for problem in problems if problem.name.startswith(heartbeats.TASK_PREFIX)]
    for problem in problems:
        if problem not in late:
            message = f"{problem.sentence} {problem.detail}".strip()
            yield alerts.PROCESS_PREFIX + problem.name, (message, f"Start it with: {problem.command}")
    if late:
        names = ", ".join(problem.name.removeprefix(heartbeats.TASK_PREFIX) for problem in late)
        message = late[0].sentence if len(late) == 1 else f"{len(late)} periodic tasks are late: {names}"
        yield LATE_TASKS_ALERT, (message, "Read the log of the worker that runs them.")


def ping(problems: list[str]) -> None:
    """POST to PING_URL, or to its /fail with the problems. A monitor that does not answer costs five seconds."""
    parts = urlsplit(settings.PING_URL)
    url = parts._replace(path=parts.path.rstrip("/") + ("/fail" if problems else "")).geturl()
    try:
        with deadlines.session(PING_SECONDS) as session:
            response = session.post(url, data="\n".join(problems).encode()[:PING_BYTES_MAX], timeout=PING_SECONDS)
    except requests.RequestException as error:
        log.warning("ping not delivered", extra={"error": type(error).__name__})  # its text would name the secret URL
        return
    if not response.ok:
        log.warning("ping refused", extra={"status": response.status_code})
