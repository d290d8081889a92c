"""What runs by the clock. Two beats do no harm: the second finds the lease taken."""

from celery import shared_task

from ilytat.integrations import leases
from payments import checkout, disputes, reconciliation

SILENT_MINUTES = 5


@shared_task(ignore_result=True)
def reconcile() -> None:
    with leases.acquire("reconcile", 300) as acquired:
        if acquired:
            reconciliation.report_unended()
            checkout.refresh_open_sessions(silent_for_minutes=SILENT_MINUTES)
            disputes.remind()


@shared_task(ignore_result=True, soft_time_limit=reconciliation.RUN_SECONDS, time_limit=reconciliation.KILL_SECONDS)
def compare() -> None:
    with leases.acquire("compare", reconciliation.DEAD_SECONDS) as acquired:
        if acquired:
            reconciliation.run()


@shared_task(ignore_result=True)
def close_stale_sessions() -> None:
    with leases.acquire("close sessions", 120) as acquired:
        if acquired:
            checkout.close_overdue_sessions()
            checkout.expire_forgotten_orders()
