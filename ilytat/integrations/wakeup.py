"""Waking a worker: telling it that a queue has work, as soon as the transaction that made the work is committed.

Best effort by design. A broker that refuses or hangs must not slow a page down, so after one failure nothing is sent
for half a minute; the sweep finds the rows.
"""

import logging
import time
from functools import partial

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

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
