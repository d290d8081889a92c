import time
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ilytat import views
from ilytat.integrations import health, leases
from ilytat.integrations.health import Verdict
from ilytat.integrations.models import Alert, HealthResult, Lease
from tests.factories import inbound_event

pytestmark = pytest.mark.django_db


class Answers:
    """A check that answers what the test says next."""

    def __init__(self) -> None:
        self.next: Verdict | Exception = Verdict("ok", "fine")

    def __call__(self) -> Verdict:
        if isinstance(self.next, Exception):
            raise self.next
        return self.next


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Answers:
    answers = Answers()
    monkeypatch.setattr(health, "_checks", {"printify": answers})
    return answers


def run() -> HealthResult:
    health.run_all()
    return HealthResult.objects.get(name="printify")


def test_a_good_result_is_kept_with_its_time(check: Answers) -> None:
    result = run()

    assert (result.state, result.detail, result.ok_at) == ("ok", "fine", result.checked_at)
    assert not Alert.objects.exists()


def test_a_check_that_crashes_is_a_finding_not_a_crash(check: Answers) -> None:
    check.next = ValueError("bug")

    assert (run().state, run().detail) == ("down", "ValueError: bug")


def test_an_outage_is_one_alert_which_closes_when_it_is_over(check: Answers) -> None:
    ok_at: datetime | None = run().ok_at
    check.next = Verdict("down", "no answer")
    run()

    assert run().ok_at == ok_at
    assert Alert.objects.get().count == 2

    check.next = Verdict("warn", "slow")
    run()

    assert Alert.objects.get().closed_at is not None


def test_the_shallow_page_asks_nobody(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        assert client.get("/healthz").json() == {"status": "ok"}


def test_the_deep_page_tells_of_queues_and_checks(client: Client, check: Answers) -> None:
    run()
    for name in ("worker", "beat"):
        leases.heartbeat(name)
    answer = client.get("/healthz/deep")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["checks"] == {"printify": "ok"}
    assert answer.json()["oldest_due_seconds"]["inbox"] == 0


def test_the_deep_page_is_503_when_work_is_late(client: Client) -> None:
    """G11: a monitor must hear that the workers are gone."""
    inbound_event(next_at=timezone.now() - timedelta(minutes=11))
    answer = client.get("/healthz/deep")

    assert (answer.status_code, answer.json()["status"]) == (503, "late")
    assert answer.json()["reasons"][0].startswith("inbox: work has been due for 66")


@pytest.mark.parametrize("silent", ["worker", "beat"])
def test_the_deep_page_is_503_when_worker_or_beat_gives_no_sign_of_life(
    client: Client, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    for name in ("worker", "beat"):
        leases.heartbeat(name)
    Lease.objects.filter(name=silent).update(beat_at=timezone.now() - timedelta(seconds=400))
    monkeypatch.setattr(views, "STARTED", time.monotonic())
    assert client.get("/healthz/deep").status_code == 200, "this process has only just begun, and so may they"

    monkeypatch.setattr(views, "STARTED", time.monotonic() - 500)
    answer = client.get("/healthz/deep")

    assert answer.status_code == 503
    (reason,) = answer.json()["reasons"]
    assert reason.startswith(f"{silent}: no sign of life for 40")


def test_the_deep_page_is_503_when_neither_ever_began(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "STARTED", time.monotonic() - 500)

    reasons = client.get("/healthz/deep").json()["reasons"]

    assert [reason.partition(":")[0] for reason in reasons] == ["worker", "beat"]
