"""The beat's errands for mail. Each is safe to run twice, and at any time."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from notifications import consent, staff_alerts
from notifications.models import OutgoingEmail

KEEP_DAYS = 30


@shared_task(ignore_result=True)
def mail_alerts() -> None:
    staff_alerts.tell_open()


@shared_task(ignore_result=True)
def forget_bodies() -> None:
    """Personal data does not outlive its use: after 30 days only kind, address, state and dates of a mail remain."""
    consent.forget_unconfirmed()
    _forget_strangers()
    old = timezone.now() - timedelta(days=KEEP_DAYS)
    rows = OutgoingEmail.objects.filter(created_at__lt=old).exclude(context={}, text="", html="")
    rows.exclude(state__in=OutgoingEmail.due_states).update(context={}, text="", html="")


def _forget_strangers() -> None:
    """Addresses somebody typed to see what we keep of them: nothing, and not this either."""
    asked = OutgoingEmail.objects.filter(kind="privacy_link", state="unwanted")
    asked.filter(created_at__lt=timezone.now() - timedelta(days=1)).delete()
