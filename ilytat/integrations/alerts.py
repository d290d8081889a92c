"""Alerts: one row an incident. `notifications` mails each once; the admin shows the open ones first."""

from django.db.models import F, QuerySet
from django.utils import timezone

from ilytat.integrations.models import Alert
from ilytat.integrations.storable import storable_text

# Of incidents that a row of the review queue stands for as well: the row says what to do, and ends by itself.
OF_A_ROW = (
    "fulfilment:", "order:", "refund:", "inbox:", "claim:", "dispute:", "dispute-due:", "erasure:", "stripe-customer:",
)  # fmt: skip
OF_ROWS = ("mail:attention", "reconcile")


def has_row(key: str) -> bool:
    return key in OF_ROWS or key.startswith(OF_A_ROW)


def without_rows() -> QuerySet[Alert]:
    """Incidents that only the alert itself tells staff of."""
    rows = Alert.objects.exclude(key__in=OF_ROWS)
    for prefix in OF_A_ROW:
        rows = rows.exclude(key__startswith=prefix)
    return rows


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
