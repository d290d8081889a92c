"""The Celery app and the timetable. Messages only wake workers: losing one costs time, never work."""

import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import celeryd_init
from django.conf import settings
from kombu import Queue

from ilytat.celery_heartbeats import WorkerHeartbeat
from ilytat.settings_checks import SOFT_LIMIT

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ilytat.settings")

app = Celery("ilytat")
app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    task_ignore_result=True,
    task_queues=[Queue(name) for name in ("webhooks", "fulfilment", "mail", "sync", "bulk")],
    task_default_queue="sync",
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    # Below the lease, so that a stuck step ends before a rival may take its row.
    task_soft_time_limit=settings.LEASE_SECONDS * SOFT_LIMIT,
    task_time_limit=settings.LEASE_SECONDS * 0.9,
    timezone="UTC",
    beat_scheduler="ilytat.celery_heartbeats:HeartbeatScheduler",
    beat_schedule_filename=str(Path(settings.VAR_DIR) / "beat-schedule"),
)
if settings.CELERY_BROKER_URL.startswith(("redis", "unix")):
    # A hung Redis holds whoever wakes a worker, and so a shopper or a webhook, for this long, once in each process.
    app.conf.broker_transport_options = {
        "socket_timeout": 1,
        "socket_connect_timeout": 1,
        "visibility_timeout": 900,
    }

    @celeryd_init.connect
    def _wait_longer_in_workers(conf: Any, **_signal: Any) -> None:
        """A worker blocks a second at a time in reading its queues: its sockets must outlast that."""
        conf.broker_transport_options |= {"socket_timeout": 5, "socket_connect_timeout": 2}

elif settings.CELERY_BROKER_URL.startswith("sqla"):
    from kombu.transport.sqlalchemy import Transport  # late: only where the broker is a file

    # Looks each second by itself. As a transport option it would be handed on to the database engine.
    Transport.polling_interval = 0.25

MINUTE = 60.0
app.conf.beat_schedule = {
    "sweep": {
        "task": "ilytat.integrations.tasks.sweep",
        "schedule": settings.SWEEP_SECONDS,
        "options": {"queue": "webhooks", "expires": settings.SWEEP_SECONDS * 2},
    },
    "health": {
        "task": "ilytat.tasks.check_health",
        "schedule": 5 * MINUTE,
        "options": {"queue": "webhooks", "expires": 240},
    },
    "refresh catalogue": {
        "task": "catalog.tasks.refresh",
        "schedule": settings.CATALOG_TTL_MINUTES * MINUTE,
        "options": {"expires": settings.CATALOG_TTL_MINUTES * MINUTE},
    },
    "answer publishing": {
        "task": "catalog.tasks.answer_publishing",
        "schedule": 5 * MINUTE,
        "options": {"expires": 240},
    },
    "update search index": {
        "task": "catalog.tasks.update_search_index",
        "schedule": MINUTE,
        "options": {"expires": 60},
    },
    "fetch pictures": {
        "task": "catalog.tasks.fetch_images",
        "schedule": MINUTE,
        "options": {"expires": 60},
    },
    "count sales": {"task": "catalog.tasks.count_sales", "schedule": 60 * MINUTE, "options": {"expires": 600}},
    "expire unpaid orders": {
        "task": "payments.tasks.close_stale_sessions",
        "schedule": MINUTE,
        "options": {"expires": 60},
    },
    "reconcile": {"task": "payments.tasks.reconcile", "schedule": 15 * MINUTE, "options": {"expires": 600}},
    "compare the books": {"task": "payments.tasks.compare", "schedule": 60 * MINUTE, "options": {"expires": 3000}},
    "mail alerts": {
        "task": "notifications.tasks.mail_alerts",
        "schedule": MINUTE,
        "options": {"queue": "mail", "expires": 60},
    },
    "remove pictures nothing shows": {"task": "catalog.tasks.remove_leftovers", "schedule": 24 * 60 * MINUTE},
    "tell of delays": {
        "task": "orders.tasks.tell_of_delays",
        "schedule": 60 * MINUTE,
        "options": {"expires": 600},
    },
    "tell of what is back in stock": {
        "task": "orders.tasks.tell_of_stock",
        "schedule": 5 * MINUTE,
        "options": {"expires": 240},
    },
    "end what nobody reports on": {
        "task": "orders.tasks.end_unreported",
        "schedule": 60 * MINUTE,
        "options": {"expires": 600},
    },
    "observe deliveries": {
        "task": "orders.tasks.observe_deliveries",
        "schedule": 60 * MINUTE,
        "options": {"expires": 600},
    },
    "forget idle carts": {"task": "orders.tasks.forget_carts", "schedule": 24 * 60 * MINUTE},
    "forget old mail bodies": {"task": "notifications.tasks.forget_bodies", "schedule": 24 * 60 * MINUTE},
    "forget old payloads": {"task": "ilytat.integrations.tasks.purge", "schedule": 24 * 60 * MINUTE},
    "forget ended sessions": {"task": "ilytat.integrations.tasks.clear_sessions", "schedule": 24 * 60 * MINUTE},
}
app.steps["consumer"].add(WorkerHeartbeat)
app.autodiscover_tasks(["ilytat.integrations", "catalog", "orders", "payments", "notifications"])
