"""Alerts: one row an incident. `notifications` mails each once; the admin shows the open ones first."""

from collections.abc import Iterator

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from ilytat.integrations import inbox, jobs
from ilytat.integrations.attention import SHOWN, Action, AttentionSource, Row
from ilytat.integrations.errors import Outcome
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.models import Alert, InboundEvent
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


def _events() -> Iterator[Row]:
    rows = InboundEvent.objects.filter(state=ATTENTION).defer("payload").order_by("received_at")[:SHOWN]
    for event in rows:
        url = reverse("admin:integrations_inboundevent_change", args=[event.pk])
        what = f"{event.source.capitalize()} told us {event.type}"
        yield Row(event.pk, what, event.last_error, event.received_at, url, actions=("again", "ignore"))


def _again(pk: int, _who: str) -> str:
    rows = InboundEvent.objects.filter(pk=pk, state=ATTENTION)
    if not InboundEvent.requeue(rows, outcome="", detail=""):
        return "It is being worked on already."
    jobs.wake(inbox.QUEUE, inbox.LANE)
    return "Queued: it is worked on again."


def _ignore(pk: int, who: str) -> str:
    rows = InboundEvent.objects.filter(pk=pk, state=ATTENTION)
    detail = f"Ignored by {who}."[: inbox.DETAIL_MAX]
    done = rows.update(state="ignored", outcome=Outcome.IGNORED, detail=detail, handled_at=timezone.now())
    return "Ignored." if done else "It was dealt with already."


def _incidents() -> Iterator[Row]:
    rows = outside_review_queue().filter(closed_at__isnull=True).order_by("first_at")
    rows = rows.exclude(key__startswith=PROCESS_PREFIX)  # the verdict above names them
    for alert in rows[:SHOWN]:
        url = reverse("admin:integrations_alert_change", args=[alert.pk])
        seen = f" Seen {alert.count} times." if alert.count > 1 else ""
        yield Row(alert.pk, alert.message, f"{alert.next_step}{seen}", alert.first_at, url, actions=("close",))


def _close(pk: int, _who: str) -> str:
    found = Alert.objects.filter(pk=pk, closed_at__isnull=True).first()
    if found is None:
        return "It was closed already."
    close_alert(found.key)
    return "Closed."


EVENTS = AttentionSource(
    "events",
    "Webhooks",
    "integrations.change_inboundevent",
    _events,
    {"again": Action("Work on it again", _again), "ignore": Action("Ignore it", _ignore)},
)
INCIDENTS = AttentionSource(
    "incidents", "Incidents", "integrations.change_alert", _incidents, {"close": Action("It is dealt with", _close)}
)
