"""What is kept for how long: webhooks after they were handled, and those that nobody handled."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ilytat.integrations import alerts, inbox, tasks
from ilytat.integrations.models import InboundEvent
from tests import factories

pytestmark = pytest.mark.django_db


def event(state: str, *, days: int, handled: int | None = None) -> InboundEvent:
    now = timezone.now()
    handled_at = None if handled is None else now - timedelta(days=handled)
    received_at = now - timedelta(days=days)
    return factories.inbound_event(
        state=state, received_at=received_at, handled_at=handled_at, last_error="ValueError: Ana"
    )


def left() -> list[InboundEvent]:
    return list(InboundEvent.objects.order_by("pk"))


def test_handled_webhooks_go_after_a_month_and_waiting_ones_stay() -> None:
    event("done", days=31, handled=31)
    event("ignored", days=31)
    kept = [event("done", days=29, handled=29), event("done", days=200, handled=1), event("new", days=400)]
    kept.append(event("attention", days=179))
    tasks.purge()
    assert left() == kept
    assert all(row.payload for row in left())


def test_one_that_nobody_acted_on_is_emptied_after_half_a_year_and_goes_a_month_later() -> None:
    row = event("attention", days=181)
    alerts.open_alert("inbox:stripe:another.type", "Another one waits.")
    tasks.purge()
    row.refresh_from_db()
    assert (row.state, row.payload, row.last_error) == ("ignored", {}, "")
    assert (row.outcome, row.detail) == ("ignored", "Nobody acted on it before its time limit.")
    InboundEvent.objects.update(handled_at=timezone.now() - timedelta(days=31))
    tasks.purge()
    assert left() == []


def test_while_its_alert_is_open_it_is_kept_however_old() -> None:
    row = event("attention", days=400)
    inbox.on_attention(row)
    tasks.purge()
    assert [(kept.state, bool(kept.payload)) for kept in left()] == [("attention", True)]
    alerts.close_alert(f"inbox:stripe:{row.type}")
    tasks.purge()
    assert [(kept.state, kept.payload) for kept in left()] == [("ignored", {})]
