"""The inbox of verified webhooks: store first, answer, then work.

A handler is registered for (source, type) and works in two steps. `read` runs outside any transaction and may ask the
provider how things stand; it returns `apply`, which runs inside the one transaction that also marks the event done, and
returns the Result. Events of types nobody registered are kept and ignored.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator

from ilytat.integrations import alerts, jobs
from ilytat.integrations.errors import Outcome, Result
from ilytat.integrations.event_references import reference_of
from ilytat.integrations.models import Alert, InboundEvent
from ilytat.integrations.storable import storable_json, storable_text

Apply = Callable[[], Result]
Read = Callable[[InboundEvent], Apply]

QUEUE = "inbox"
LANE = "webhooks"
UNKNOWN_OBJECT_TRIES = 8
ID_MAX, TYPE_MAX, DETAIL_MAX = 255, 100, 200  # characters


class NotYetKnown(Exception):
    """The event speaks of something we do not have (yet): wait a few times, then ask for attention."""


_handlers: dict[tuple[str, str], Read] = {}


def handles(source: str, *types: str) -> Callable[[Read], Read]:
    def register(read: Read) -> Read:
        _handlers.update({(source, type_): read for type_ in types})
        return read

    return register


def types(source: str) -> list[str]:
    """The event types somebody here listens to: what to subscribe to."""
    return sorted(type_ for sender, type_ in _handlers if sender == source)


def receive(source: str, event_id: str, type_: str, payload: dict[str, Any]) -> bool:
    """Keep a verified event once. Returns False for a repeat. The caller answers 200 either way."""
    event_id, type_ = storable_text(event_id, ID_MAX), storable_text(type_, TYPE_MAX)
    kept, ignored = _kept(source, type_, payload)
    row = InboundEvent(
        source=source,
        event_id=event_id,
        type=type_,
        payload=kept,
        state="ignored" if ignored else "new",
        outcome=ignored.outcome if ignored else "",
        detail=ignored.detail if ignored else "",
        reference=reference_of(source, kept),
        next_at=timezone.now(),
    )
    # Deliveries of one event race one another: the unique constraint decides, not a look before.
    InboundEvent.objects.bulk_create([row], ignore_conflicts=True)
    if not ignored:
        jobs.wake(QUEUE, LANE)
    return InboundEvent.objects.filter(source=source, event_id=event_id, received_at=row.received_at).exists()


def _kept(source: str, type_: str, payload: dict[str, Any]) -> tuple[dict[str, Any], Result | None]:
    """What is stored of it, and why it is left alone (None: it is worked on).

    An error would make the sender repeat itself and then fall silent, so what no database holds is kept without words.
    """
    try:
        kept = storable_json(payload)
    except ValueError:
        return {}, Result(Outcome.IGNORED, "The payload could not be stored: it is nested too deeply.")
    if (source, type_) in _handlers:
        return kept, None
    return kept, Result(Outcome.IGNORED, "The shop does not act on events of this type.")


def work(event: InboundEvent) -> None:
    try:
        apply = _handlers[event.source, event.type](event)
        with transaction.atomic():
            result = apply()
            detail = storable_text(result.detail, DETAIL_MAX)
            event.finish("done", outcome=result.outcome, detail=detail, handled_at=timezone.now())
    except NotYetKnown as error:
        if event.attempts >= UNKNOWN_OBJECT_TRIES:
            event.needs_attention(f"Still unknown after {event.attempts} looks: {error}")
        else:
            event.retry_later(f"Not known yet: {error}")


def on_attention(event: InboundEvent) -> None:
    """One incident a sender and type: a provider that changed its words must not write a mail an event."""
    detail = Truncator(event.last_error).chars(DETAIL_MAX)
    InboundEvent.objects.filter(pk=event.pk).update(outcome=Outcome.FAILED, detail=detail)
    alerts.open_alert(
        _alert_key(event.source, event.type),
        f"An event of {event.source} needs a person: {event.type} {event.event_id}: {detail}",
        next_step="Open Inbound events, filter by state 'attention', read the error.",
    )


def close_abandoned(before: datetime) -> int:
    """Empty and close webhooks that came before that moment and still need a person, once their alert was closed.

    While the alert is open they stay as they are, however old: somebody has yet to look. Returns how many were closed.
    """
    closed = 0
    waiting = InboundEvent.objects.filter(state=jobs.ATTENTION, received_at__lt=before)
    for source, type_ in set(waiting.values_list("source", "type")):
        if not Alert.objects.filter(key=_alert_key(source, type_), closed_at__isnull=True).exists():
            closed += waiting.filter(source=source, type=type_).update(
                state="ignored",
                payload={},
                reference="",
                last_error="",
                outcome=Outcome.IGNORED,
                detail="Nobody acted on it before its time limit.",
                handled_at=timezone.now(),
            )
    return closed


def _alert_key(source: str, type_: str) -> str:
    return f"inbox:{source}:{type_}"


queue = jobs.register(jobs.Queue(name=QUEUE, model=InboundEvent, work=work, lane=LANE, on_attention=on_attention))
