"""What a worker does each minute about the state of the shop: alerts about dead processes, and a ping to a monitor
outside, which raises the alarm when pings stop coming.
"""

import logging
import time
from urllib.parse import urlsplit

import requests
from celery import current_app
from django.conf import settings

from ilytat.integrations import alerts, deadlines, heartbeats, system_status
from ilytat.integrations.models import Alert

log = logging.getLogger(__name__)

MAIL_ALERTS = "notifications.tasks.mail_alerts"
PING_SECONDS = 5.0
PING_BYTES_MAX = 10_000  # of a body, what healthchecks.io keeps


def run(*, pings: bool) -> None:
    """Called by the task `watch`. `pings`: also while all is well. Trouble is told to the monitor by every worker.

    Does nothing until other processes had the time to start beside this one, as after a deployment.
    """
    if time.monotonic() - system_status.STARTED < heartbeats.allowed_silence().total_seconds():
        return
    problems = [problem.sentence for problem in system_status.current().problems]
    update_alerts()
    if settings.PING_URL and (pings or problems):
        ping(problems)


def update_alerts() -> None:
    """One alert for each silent process or late task, closed when it is back. Mailed without beat: it may be dead."""
    problems = {alerts.PROCESS_PREFIX + problem.name: problem for problem in heartbeats.problems()}
    for key, problem in problems.items():
        step = f"Start it with: {problem.command}" if problem.command else "Read the log of the worker that runs it."
        alerts.open_alert(key, problem.sentence, next_step=step)
    recovered = Alert.objects.filter(key__startswith=alerts.PROCESS_PREFIX, closed_at=None).exclude(key__in=problems)
    for key in recovered.values_list("key", flat=True):
        alerts.close_alert(key)
    if problems:
        current_app.send_task(MAIL_ALERTS, queue="mail", expires=60, ignore_result=True)


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
