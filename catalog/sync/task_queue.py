"""Asking a worker for catalogue work: best effort, and never slower than a page may be."""

import logging

from celery import current_app

log = logging.getLogger(__name__)

REFRESH = "catalog.tasks.refresh"
FETCH_IMAGES = "catalog.tasks.fetch_images"
READ_DETAILS = "catalog.tasks.read_details"
QUEUES = {READ_DETAILS: "bulk"}  # nobody waits for it; the others stand in "sync"
EXPIRES = 600  # seconds: a button pressed while all workers were away is not obeyed at night


def ask(task: str, *args: object, **named: object) -> bool:
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
