"""What the kit itself brings before staff: webhooks that came to rest, and incidents no row of their own stands for."""

from collections.abc import Iterator

from django.urls import reverse
from django.utils import timezone

from ilytat.integrations import alerts, attention, inbox, wakeup
from ilytat.integrations.attention import SHOWN, Action, Row, Source
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.models import Alert, InboundEvent
from ilytat.integrations.results import Outcome


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
    wakeup.wake(inbox.QUEUE, inbox.LANE)
    return "Queued: it is worked on again."


def _ignore(pk: int, who: str) -> str:
    rows = InboundEvent.objects.filter(pk=pk, state=ATTENTION)
    detail = f"Ignored by {who}."[: inbox.DETAIL_MAX]
    done = rows.update(state="ignored", outcome=Outcome.IGNORED, detail=detail, handled_at=timezone.now())
    return "Ignored." if done else "It was dealt with already."


def _incidents() -> Iterator[Row]:
    rows = alerts.outside_review_queue().filter(closed_at__isnull=True).order_by("first_at")
    rows = rows.exclude(key__startswith=alerts.PROCESS_PREFIX)  # the verdict above names them
    for alert in rows[:SHOWN]:
        url = reverse("admin:integrations_alert_change", args=[alert.pk])
        seen = f" Seen {alert.count} times." if alert.count > 1 else ""
        yield Row(alert.pk, alert.message, f"{alert.next_step}{seen}", alert.first_at, url, actions=("close",))


def _close(pk: int, _who: str) -> str:
    found = Alert.objects.filter(pk=pk, closed_at__isnull=True).first()
    if found is None:
        return "It was closed already."
    alerts.close_alert(found.key)
    return "Closed."


attention.register(
    Source(
        "events",
        "Webhooks",
        "integrations.change_inboundevent",
        _events,
        {"again": Action("Work on it again", _again), "ignore": Action("Ignore it", _ignore)},
    )
)
attention.register(
    Source(
        "incidents", "Incidents", "integrations.change_alert", _incidents, {"close": Action("It is dealt with", _close)}
    )
)
