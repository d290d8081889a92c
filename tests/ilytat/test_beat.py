"""Beat's timetable where its file was lost with the container: the database knows when tasks last ran."""

from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import pytest
from celery import current_app
from django.conf import settings
from django.db import connections
from django.db.backends.postgresql.base import DatabaseWrapper
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


def test_a_database_that_is_away_keeps_beat_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(heartbeats, "last_runs", Mock(side_effect=OperationalError("refused")))
    assert due(tmp_path / "new") == set()
    assert caplog.messages == ["last runs of tasks not read"]


def test_a_heartbeat_waits_a_second_for_a_connection_and_its_failure_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker's loop waits too: it must not wait as long as a page may."""
    pool = {"pool": {"min_size": 0, "max_size": 16, "timeout": 60}}
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", pool)
    refused = {"HOST": "127.0.0.1", "PORT": 1, "NAME": "x", "USER": "x", "PASSWORD": "", "OPTIONS": pool}
    away = DatabaseWrapper(connections.settings["default"] | refused, "away")
    monkeypatch.setattr(celery_heartbeats, "connection", away)
    monkeypatch.setattr(heartbeats, "record_process", lambda *_given: away.ensure_connection())
    celery_heartbeats._send("sync@host", ["sync"])
    (record,) = [record for record in caplog.records if record.name == celery_heartbeats.__name__]
    assert record.message == "heartbeat not recorded"
    assert vars(record)["error"] == "couldn't get a connection after 1.00 sec"
