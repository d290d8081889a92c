"""The Celery tasks that concern every app."""

from celery import shared_task

from ilytat.health import HEALTH_CHECKS
from ilytat.integrations import health, leases


@shared_task(ignore_result=True)
def check_health() -> None:
    with leases.acquire("health", 120) as acquired:
        if acquired:
            health.run_checks(HEALTH_CHECKS)
