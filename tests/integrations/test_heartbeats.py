"""Which process is missing, under which name, and what is left out because the missing process explains it."""

from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.conf import settings
from django.utils import timezone

from ilytat.integrations import heartbeats
from ilytat.integrations.models import Heartbeat, TaskHeartbeat
from tests.factories import running_processes, silence

pytestmark = pytest.mark.django_db
RECONCILE = "payments.tasks.reconcile"  # each 15 minutes, on the queue `sync`
SWEEP = "ilytat.integrations.tasks.sweep"  # each 30 seconds, on the queue `webhooks`


def names() -> list[str]:
    return [problem.name for problem in heartbeats.problems()]


def test_nothing_is_wrong_while_every_queue_has_a_consumer_and_beat_is_seen() -> None:
    running_processes()
    assert names() == []


def test_one_worker_for_all_queues_is_a_valid_deployment() -> None:
    heartbeats.record_process("worker@host", heartbeats.QUEUES)
    heartbeats.record_process(heartbeats.BEAT)
    assert names() == []

    silence("worker@host")
    (problem,) = heartbeats.problems()
    assert problem.name == "worker:worker"
    assert problem.command == "celery -A ilytat worker -n worker@%h -Q webhooks,fulfilment,mail,sync,bulk"


@pytest.mark.parametrize(
    ("silent", "name", "sentence"),
    [
        ("orders@host", "worker:orders", "The worker for webhooks, fulfilment, mail is not running: it was"),
        ("sync@host", "worker:sync", "The worker for sync, bulk is not running: it was last seen 10"),
        ("beat", "beat", "Beat is not running: it was last seen 10"),
    ],
)
def test_a_silent_process_is_named_as_it_was_last_seen(silent: str, name: str, sentence: str) -> None:
    running_processes()
    silence(silent, seconds=heartbeats.allowed_silence().total_seconds() - 5)
    assert names() == []
    silence(silent)
    (problem,) = heartbeats.problems()
    assert problem.name == name
    assert problem.sentence.startswith(sentence)
    assert problem.detail == (f"Its name was {silent}." if "@" in silent else ""), "a host's name is for staff only"


def test_processes_that_were_never_seen_are_named_as_the_procfile_starts_them() -> None:
    lines = dict(line.split(": ", 1) for line in (Path(settings.BASE_DIR) / "Procfile").read_text().splitlines())
    commands = [problem.command for problem in heartbeats.problems()]
    assert commands == [lines["worker"], lines["sync"], lines["beat"]]


def test_the_queues_are_those_that_celery_declares() -> None:
    assert [queue.name for queue in current_app.conf.task_queues] == list(heartbeats.QUEUES)


def test_a_dead_host_is_no_problem_while_another_consumes_its_queues() -> None:
    running_processes()
    heartbeats.record_process("orders@old-host", heartbeats.WORKERS["orders"][0])
    silence("orders@old-host")
    assert names() == []


def test_queues_of_one_worker_that_others_took_over_are_not_named() -> None:
    running_processes()
    silence("orders@host")
    heartbeats.record_process("mails@host", ["mail"])
    (problem,) = heartbeats.problems()
    assert problem.sentence.startswith("The worker for webhooks, fulfilment is not running")


def late(task: str, **times: timedelta) -> None:
    TaskHeartbeat.objects.update_or_create(
        name=task, defaults={name: timezone.now() - age for name, age in times.items()}
    )


def test_a_periodic_task_is_late_after_two_turns_and_the_margin() -> None:
    running_processes()
    late(RECONCILE, finished_at=timedelta(minutes=44))
    assert names() == []
    late(RECONCILE, finished_at=timedelta(minutes=46))
    (problem,) = heartbeats.problems()
    assert problem.name == f"task:{RECONCILE}"
    assert problem.sentence.startswith(f"The periodic task {RECONCILE} last finished 46")


def test_a_periodic_task_that_fails_each_time_is_late_with_its_error() -> None:
    running_processes()
    late(RECONCILE, known_since=timedelta(hours=2))
    heartbeats.record_failure(RECONCILE, ValueError("no key"))
    (problem,) = heartbeats.problems()
    assert "has never finished" in problem.sentence
    assert problem.sentence.endswith("Its last run failed (ValueError). The log has the details.")

    heartbeats.record_finish(RECONCILE)
    assert names() == []


@pytest.mark.parametrize(("silent", "problem"), [("sync@host", "worker:sync"), ("beat", "beat")])
def test_a_dead_process_explains_its_late_tasks(silent: str, problem: str) -> None:
    running_processes()
    late(RECONCILE, finished_at=timedelta(hours=2))
    silence(silent)
    assert names() == [problem]


def test_another_workers_late_task_is_not_explained_by_a_dead_one() -> None:
    running_processes()
    late(SWEEP, finished_at=timedelta(hours=2))
    silence("sync@host")
    assert names() == ["worker:sync", f"task:{SWEEP}"]


def restart() -> None:
    """The whole shop starts again after a night in which nothing ran."""
    running_processes()
    late(RECONCILE, finished_at=timedelta(hours=9))
    late(SWEEP, finished_at=timedelta(hours=9))
    silence(seconds=8 * 3600)
    for row in Heartbeat.objects.all():
        heartbeats.record_process(row.name, row.queues)


def test_after_a_stop_of_all_processes_nothing_is_late_until_it_had_its_time() -> None:
    restart()
    assert names() == []
    Heartbeat.objects.update(started_at=timezone.now() - timedelta(minutes=46))
    assert names() == [f"task:{SWEEP}", f"task:{RECONCILE}"]


@pytest.mark.parametrize("stopped", ["sync@host", "beat"])
def test_after_a_stop_of_one_process_nothing_that_it_does_is_late(stopped: str) -> None:
    running_processes()
    late(RECONCILE, finished_at=timedelta(hours=2))
    silence(stopped)
    row = Heartbeat.objects.get(name=stopped)
    heartbeats.record_process(row.name, row.queues)
    assert names() == []


def test_a_deployment_that_renames_hosts_does_not_give_late_tasks_more_time() -> None:
    running_processes()
    late(RECONCILE, finished_at=timedelta(hours=2))
    heartbeats.record_process("sync@new-host", heartbeats.WORKERS["sync"][0])
    silence("sync@host", seconds=60)
    assert names() == [f"task:{RECONCILE}"]


@pytest.mark.parametrize("skew", [timedelta(hours=-1), timedelta(hours=1)])
def test_the_clocks_of_machines_make_no_process_dead_and_no_task_late(
    monkeypatch: pytest.MonkeyPatch, skew: timedelta
) -> None:
    now = timezone.now() + skew
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: now)
        heartbeats.record_process("worker@host", heartbeats.QUEUES)
        heartbeats.record_process(heartbeats.BEAT)
        heartbeats.record_schedule()
        heartbeats.record_finish(RECONCILE)
        assert names() == []
    assert names() == []
    around = (timezone.now() - timedelta(minutes=30), timezone.now() + timedelta(minutes=30))
    assert TaskHeartbeat.objects.filter(name=RECONCILE, finished_at__range=around).exists()


def test_a_process_that_was_last_seen_in_the_future_is_not_running() -> None:
    running_processes()
    silence("beat", seconds=-3.5 * 3600)
    (problem,) = heartbeats.problems()
    assert problem.name == "beat"
    assert problem.sentence.startswith(
        "Beat is not running: it was last seen 3 h in the future, so the clock of the database was set back."
    )


def test_beat_makes_each_scheduled_task_known_once() -> None:
    heartbeats.record_schedule()
    TaskHeartbeat.objects.update(known_since=timezone.now() - timedelta(days=3))
    heartbeats.record_schedule()
    assert set(TaskHeartbeat.objects.values_list("name", flat=True)) == set(heartbeats.schedule())
    assert not TaskHeartbeat.objects.filter(known_since__gt=timezone.now() - timedelta(days=1)).exists()


def test_a_task_that_beat_does_not_send_is_not_recorded() -> None:
    heartbeats.record_finish("ilytat.integrations.tasks.look")
    heartbeats.record_failure("ilytat.integrations.tasks.look", ValueError())
    assert not TaskHeartbeat.objects.exists()


def test_a_process_is_one_row_that_moves_on() -> None:
    heartbeats.record_process("sync@host", ["sync"])
    silence()
    heartbeats.record_process("sync@host", ["sync", "bulk"])
    row = Heartbeat.objects.get()
    assert row.queues == ["sync", "bulk"]
    assert row.beat_at > timezone.now() - timedelta(minutes=1)
