"""The beat's errands for mail. Each is safe to run twice, and at any time."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from ilytat.integrations.models import Alert
from notifications import newsletter, outbox
from notifications.kinds import StaffAlert
from notifications.models import OutgoingEmail

KEEP_DAYS = 30


@shared_task(ignore_result=True)
def mail_alerts() -> None:
    """One mail an incident and address, however often it is seen."""
    for alert in Alert.objects.filter(closed_at__isnull=True):
        for address in settings.STAFF_ALERTS_TO:
            outbox.queue(
                "staff_alert",
                dedupe_key=f"alert:{alert.pk}:{address}",
                to=address,
                language=settings.LANGUAGE_CODE,
                context=_context(alert),
            )


def _context(alert: Alert) -> StaffAlert:
    return {
        "message": alert.message,
        "next_step": alert.next_step,
        "key": alert.key,
        "count": alert.count,
        "first_at": alert.first_at.isoformat(),
        "url": settings.SITE_URL + _page(alert),
    }


def _page(alert: Alert) -> str:
    try:
        return reverse("admin:integrations_alert_change", args=[alert.pk])
    except NoReverseMatch:
        return reverse("admin:index")


@shared_task(ignore_result=True)
def forget_bodies() -> None:
    """Personal data does not outlive its use: after 30 days only kind, address, state and dates of a mail remain."""
    newsletter.forget_unconfirmed()
    old = timezone.now() - timedelta(days=KEEP_DAYS)
    rows = OutgoingEmail.objects.filter(created_at__lt=old).exclude(context={}, text="", html="")
    rows.exclude(state__in=OutgoingEmail.due_states).update(context={}, text="", html="")
