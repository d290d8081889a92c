"""The tile on background processes says which kind of trouble there is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ilytat.integrations import broker
from ilytat.integrations.broker import BrokerState
from ilytat.integrations.dashboard import processes
from ilytat.integrations.models import TaskHeartbeat
from tests.factories import running_processes, silence

pytestmark = pytest.mark.django_db


def test_before_the_first_heartbeat_nothing_is_claimed() -> None:
    tile = processes()
    assert (tile.figure, tile.tone, tile.detail) == ("Not heard yet", "busy", "")


def test_a_late_task_is_late_and_not_a_process_that_does_not_run() -> None:
    running_processes()
    TaskHeartbeat.objects.create(name="payments.tasks.reconcile", finished_at=timezone.now() - timedelta(days=9))
    assert (processes().figure, processes().tone) == ("1 late", "bad")

    silence("orders@host")
    assert processes().figure == "1 not running"


def test_without_a_broker_the_tile_does_not_say_that_all_is_working(monkeypatch: pytest.MonkeyPatch) -> None:
    running_processes()
    assert processes().tone == "good"

    monkeypatch.setattr(broker.probe, "current", lambda: BrokerState(error="connection refused"))
    tile = processes()
    assert (tile.figure, tile.tone) == ("No broker", "bad")
    assert "connection refused" in str(tile.detail)
