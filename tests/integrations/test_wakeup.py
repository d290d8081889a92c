import logging
import time

import pytest
from celery import Celery
from django.db import transaction

from ilytat.integrations import jobs

NOWHERE = "redis://127.0.0.1:1/0"


class Broker:
    """Counts what was published, and refuses when told to."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.refuses = False

    def send_task(self, _name: str, args: list[str], **_options: object) -> None:
        self.sent.append(args[0])
        if self.refuses:
            raise ConnectionError("refused")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    standing_in = Broker()
    monkeypatch.setattr(jobs, "current_app", standing_in)
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    return standing_in


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_woken_only_when_the_row_can_be_seen(broker: Broker) -> None:
    with transaction.atomic():
        jobs.wake("inbox", "webhooks")
        assert broker.sent == []

    assert broker.sent == ["inbox"]


@pytest.mark.django_db(transaction=True)
def test_work_that_was_rolled_back_wakes_nobody(broker: Broker) -> None:
    with pytest.raises(ValueError, match="undo"), transaction.atomic():
        jobs.wake("inbox", "webhooks")
        raise ValueError("undo")

    assert broker.sent == []


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_refuses_is_left_alone_for_half_a_minute(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    """G2: eight webhooks at once must not each wait for a dead Redis."""
    broker.refuses = True
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            jobs.wake("inbox", "webhooks")

    assert broker.sent == ["inbox"]
    assert len(caplog.records) == 1
    assert jobs._silent_until - time.monotonic() == pytest.approx(30, abs=1)


@pytest.mark.django_db(transaction=True)
def test_after_the_silence_it_rings_again(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_silent_until", time.monotonic() - 1)

    jobs.wake("inbox", "webhooks")
    jobs.wake("mail", "mail")

    assert broker.sent == ["inbox", "mail"]


@pytest.mark.django_db(transaction=True)
def test_a_real_refused_broker_costs_the_page_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL")  # Celery prefers it to what an app is given
    monkeypatch.setattr(jobs, "current_app", Celery("nobody", broker=NOWHERE, set_as_current=False))
    monkeypatch.setattr(jobs, "_silent_until", 0.0)
    began = time.monotonic()

    for _ in range(20):
        jobs.wake("inbox", "webhooks")

    assert time.monotonic() - began < 20


def test_a_message_is_worth_ten_minutes(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old message says nothing the sweep has not said since."""
    options: dict[str, object] = {}
    monkeypatch.setattr(broker, "send_task", lambda _name, **given: options.update(given))

    jobs._send("inbox", "webhooks")

    assert options["expires"] == 600
    assert options["queue"] == "webhooks"
