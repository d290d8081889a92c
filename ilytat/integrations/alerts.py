"""Alerts: one row an incident. `notifications` mails each once; the admin shows the open ones first."""

from django.db.models import F, QuerySet
from django.utils import timezone

from ilytat.integrations.models import Alert
from ilytat.integrations.storable import storable_text

# Their incident is a row of the review queue as well. It says what to do next, so the alert is not listed there again.
REVIEW_QUEUE_PREFIXES = (
    "fulfilment:", "order:", "refund:", "inbox:", "claim:", "dispute:", "dispute-due:", "erasure:", "stripe-customer:",
)  # fmt: skip
PROCESS_PREFIX = "process:"  # a dead worker or beat, or a late periodic task
REVIEW_QUEUE_KEYS = ("mail:attention", "reconcile")


def is_in_review_queue(key: str) -> bool:
    return key in REVIEW_QUEUE_KEYS or key.startswith(REVIEW_QUEUE_PREFIXES)


def outside_review_queue() -> QuerySet[Alert]:
    """Return the alerts that have no row in the review queue."""
    rows = Alert.objects.exclude(key__in=REVIEW_QUEUE_KEYS)
    for prefix in REVIEW_QUEUE_PREFIXES:
        rows = rows.exclude(key__startswith=prefix)
    return rows


def open_alert(key: str, message: str, *, next_step: str = "", credentials_digest: str = "") -> None:
    """Open the incident, or count one more sighting of it. Safe inside and outside a transaction.

    What a later sighting leaves empty stays. `credentials_digest` is for `providers`: of the key that was rejected.
    """
    texts = {"message": storable_text(message, 300), "next_step": storable_text(next_step, 300)}
    values = {name: value for name, value in (texts | {"credentials_digest": credentials_digest}).items() if value}
    now = timezone.now()
    seen = Alert.objects.filter(key=_key(key), closed_at__isnull=True)
    if not seen.update(count=F("count") + 1, last_at=now, **values):
        Alert.objects.bulk_create([Alert(key=_key(key), **values)], ignore_conflicts=True)


def close_alert(key: str) -> None:
    Alert.objects.filter(key=_key(key), closed_at__isnull=True).update(closed_at=timezone.now())


def _key(key: str) -> str:
    return storable_text(key, 120)
