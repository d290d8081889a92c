"""Beat's timetable where its file was lost with the container: the database knows when tasks last ran."""

from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from celery import current_app
from django.db.utils import OperationalError
from django.utils import timezone

from ilytat import celery_heartbeats
from ilytat.celery_heartbeats import HeartbeatScheduler
from ilytat.integrations import heartbeats
from ilytat.integrations.models import TaskHeartbeat

pytestmark = pytest.mark.django_db
DAILY, OTHER = "orders.tasks.forget_carts", "notifications.tasks.forget_bodies"
HOURS = {DAILY: 25, OTHER: 23}  # since each last finished


@pytest.fixture(autouse=True)
def _keep_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celery_heartbeats, "connection", Mock())


def due(file: Path) -> set[str]:
    """The daily tasks that a beat sends at once."""
    scheduler = HeartbeatScheduler(app=current_app, schedule_filename=str(file))
    try:
        return {entry.task for entry in scheduler.schedule.values() if entry.task in HOURS and entry.is_due()[0]}
    finally:
        scheduler.close()


def test_a_lost_file_keeps_no_daily_task_from_its_turn(tmp_path: Path) -> None:
    for task, hours in HOURS.items():
        TaskHeartbeat.objects.create(name=task, finished_at=timezone.now() - timedelta(hours=hours))
    assert due(tmp_path / "new") == {DAILY}


def test_a_task_that_never_finished_is_due_a_turn_after_it_became_known(tmp_path: Path) -> None:
    TaskHeartbeat.objects.create(name=DAILY, known_since=timezone.now() - timedelta(hours=25))
    assert due(tmp_path / "new") == {DAILY}


def test_a_database_that_is_away_keeps_beat_from_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeats, "last_runs", Mock(side_effect=OperationalError("refused")))
    assert due(tmp_path / "new") == set()
