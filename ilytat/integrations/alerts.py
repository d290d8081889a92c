"""Alerts: one row an incident. `notifications` mails each once; the admin shows the open ones first."""

from django.db.models import F
from django.utils import timezone

from ilytat.integrations.models import Alert
from ilytat.integrations.storable import storable_text


def open_alert(key: str, message: str, *, next_step: str = "") -> None:
    """Open the incident, or count one more sighting of it. Safe inside and outside a transaction."""
    row = Alert(key=_key(key), message=storable_text(message, 300), next_step=storable_text(next_step, 300))
    now = timezone.now()
    seen = Alert.objects.filter(key=row.key, closed_at__isnull=True)
    if not seen.update(count=F("count") + 1, last_at=now, message=row.message):
        Alert.objects.bulk_create([row], ignore_conflicts=True)


def close_alert(key: str) -> None:
    Alert.objects.filter(key=_key(key), closed_at__isnull=True).update(closed_at=timezone.now())


def _key(key: str) -> str:
    return storable_text(key, 120)
