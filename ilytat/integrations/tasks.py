"""The Celery tasks of the kit: all reliable work goes through `look` and `sweep`."""

from datetime import timedelta

from celery import shared_task
from django.core.management import call_command
from django.db.models import Q
from django.utils import timezone

from ilytat.integrations import inbox, jobs
from ilytat.integrations import watch as watching
from ilytat.integrations.models import Heartbeat, InboundEvent, SyncLog

EVENT_DAYS = 30
HEARTBEAT_DAYS = 30  # containers get a new host name, and so a new row, with each deployment
ATTENTION_DAYS = 180  # longer than a bank takes to dispute a payment


@shared_task(ignore_result=True)
def look(queue_name: str) -> None:
    """Work on what is due in the queue. A full batch sends one more message, so that other queues get their turn."""
    if jobs.work_due(queue_name) == jobs.BATCH:
        lanes = {queue.name: queue.lane for queue in jobs.queues()}
        jobs.wake(queue_name, lanes[queue_name])


@shared_task(ignore_result=True)
def sweep() -> None:
    """Find what no message announced: lost ones, dead workers' leases, rows whose time has come."""
    for queue in jobs.queues():
        if queue.model.due().exists():
            jobs.wake(queue.name, queue.lane)


@shared_task(ignore_result=True)
def watch(*, pings: bool) -> None:
    """Sent every four heartbeats by each worker to a queue of its own: it happens without beat and other workers."""
    watching.run(pings=pings)


@shared_task(ignore_result=True)
def purge() -> None:
    """Personal data does not outlive its use: webhooks 30 days after they were handled, the log 90."""
    now = timezone.now()
    inbox.close_abandoned(now - timedelta(days=ATTENTION_DAYS))
    before = now - timedelta(days=EVENT_DAYS)
    old = Q(handled_at__lt=before) | Q(handled_at=None, received_at__lt=before)
    InboundEvent.objects.filter(old, state__in=("done", "ignored")).delete()
    SyncLog.objects.filter(at__lt=now - timedelta(days=90)).delete()
    Heartbeat.objects.filter(beat_at__lt=now - timedelta(days=HEARTBEAT_DAYS)).delete()


@shared_task(ignore_result=True)
def clear_sessions() -> None:
    """Ended ones: each guest with a cart leaves one behind."""
    call_command("clearsessions")
