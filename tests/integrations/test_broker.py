"""A queue that no worker reads, seen from the process that sends to it: its oldest message in Redis stays the same."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.test import Client
from django.utils import timezone

from ilytat.integrations import broker, heartbeats, system_status
from ilytat.integrations.models import TaskHeartbeat
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.needs("redis")]
MINUTE = 60.0


class Clock:
    """The monotonic clock of `broker`, moved by the test."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    standing_in = Clock()
    monkeypatch.setattr(broker, "time", standing_in)
    return standing_in


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Celery:
    """A broker on the tests' Redis, which no worker reads, while other processes are alive."""
    monkeypatch.delenv("CELERY_BROKER_URL")  # Celery prefers it to what an app is given
    app = Celery("sender", broker=settings.REDIS_URL, set_as_current=False)
    monkeypatch.setattr(broker, "current_app", app)
    monkeypatch.setattr(broker, "probe", broker.Probe())
    factories.running_processes()
    return app


def send(app: Celery, queue: str) -> None:
    app.send_task("some.task", queue=queue, ignore_result=True)


def take_oldest(queue: str) -> None:
    """As a worker does."""
    with redis.Redis.from_url(settings.REDIS_URL) as connection:
        connection.rpop(queue)


def reasons(client: Client) -> list[str]:
    answer: dict[str, Any] = client.get("/healthz/deep").json()
    return list(answer["reasons"])


def names() -> list[str]:
    return [problem.name for problem in system_status.current().problems]


def test_a_message_that_stays_the_oldest_for_a_quarter_of_an_hour_is_a_queue_without_reader(
    client: Client, clock: Clock, sender: Celery
) -> None:
    send(sender, "fulfilment")
    assert reasons(client) == []
    clock.now += 14.9 * MINUTE
    send(sender, "fulfilment")
    assert reasons(client) == []
    clock.now += MINUTE
    (reason,) = reasons(client)
    assert reason == (
        "No worker reads the queue fulfilment of the broker that this process sends to: its oldest message has waited "
        "for at least 15 min. Set the same CELERY_BROKER_URL for all processes, then restart them."
    )


def test_a_queue_that_is_full_but_read_is_no_problem(clock: Clock, sender: Celery) -> None:
    for _ in range(4):
        send(sender, "mail")
        send(sender, "mail")
        assert names() == []
        take_oldest("mail")
        clock.now += 14 * MINUTE
    assert names() == []
    clock.now += 16 * MINUTE
    assert names() == ["unread:mail"]
    take_oldest("mail")
    clock.now += MINUTE
    assert names() == []


def test_a_dead_worker_explains_its_queues_and_no_others(clock: Clock, sender: Celery) -> None:
    send(sender, "mail")
    send(sender, "sync")
    assert names() == []
    clock.now += 16 * MINUTE
    factories.silence("orders@host")
    assert names() == ["worker:orders", "unread:sync"]


def test_a_queue_without_reader_explains_late_tasks(clock: Clock, sender: Celery) -> None:
    TaskHeartbeat.objects.create(name="payments.tasks.compare", finished_at=timezone.now() - timedelta(days=9))
    send(sender, "sync")
    assert names() == [f"{heartbeats.TASK_PREFIX}payments.tasks.compare"]
    clock.now += 16 * MINUTE
    assert names() == ["unread:sync"]


def test_a_broker_that_was_away_meanwhile_is_no_new_beginning(
    clock: Clock, sender: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(sender, "bulk")
    assert names() == []
    clock.now += 10 * MINUTE
    with monkeypatch.context() as away:
        away.setattr(broker, "current_app", Celery("x", broker="redis://127.0.0.1:1/0", set_as_current=False))
        assert names() == ["broker"]
    clock.now += 6 * MINUTE
    assert names() == ["unread:bulk"]
