"""Mail to staff: one an incident and address, however often it is seen, and in the words of whoever knows it best."""

from collections.abc import Mapping

from django.conf import settings
from django.urls import NoReverseMatch, reverse

from ilytat.integrations.models import Alert
from notifications import outbox
from notifications.contexts import StaffAlert


def alert_reference(alert_pk: int) -> str:
    """Return the reference of an email about an alert without an order: an erasure finds the email by it."""
    return f"alert:{alert_pk}"


def tell_open() -> None:
    """The beat's errand: what nobody has told in words of its own."""
    for alert in Alert.objects.filter(closed_at__isnull=True):
        _queue(alert, "staff_alert", dict(_context(alert)))


def queue(alert_key: str, kind: str, context: Mapping[str, object], *, reference: str = "") -> None:
    """An open alert as a mail of that kind, in place of the plain one: call it beside `alerts.open_alert`."""
    alert = Alert.objects.filter(key=alert_key, closed_at__isnull=True).first()
    if alert:
        _queue(alert, kind, context, reference=reference)


def _queue(alert: Alert, kind: str, context: Mapping[str, object], *, reference: str = "") -> None:
    for address in settings.STAFF_ALERTS_TO:
        key = f"alert:{alert.pk}:{address}"
        outbox.queue(
            kind,
            dedupe_key=key,
            to=address,
            language=settings.LANGUAGE_CODE,
            context=context,
            reference=reference or alert_reference(alert.pk),
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
