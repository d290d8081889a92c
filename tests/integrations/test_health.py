import time
from datetime import datetime, timedelta

import pytest
from celery import Celery
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ilytat import health as health_of_all_apps
from ilytat.integrations import alerts, broker, health, heartbeats, system_status
from ilytat.integrations.health import Verdict
from ilytat.integrations.models import Alert, HealthResult, Heartbeat, TaskHeartbeat
from tests import factories
from tests.factories import inbound_event

pytestmark = pytest.mark.django_db
COMPARE = "payments.tasks.compare"


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
    monkeypatch.setattr(health_of_all_apps, "HEALTH_CHECKS", {"printify": answers})
    return answers


def run() -> HealthResult:
    health.run_checks(health_of_all_apps.HEALTH_CHECKS)
    return HealthResult.objects.get(name="printify")


def test_a_good_result_is_kept_with_its_time(check: Answers) -> None:
    result = run()

    assert (result.state, result.detail, result.ok_at) == ("ok", "fine", result.checked_at)
    assert not Alert.objects.exists()


def test_a_check_that_crashes_is_a_finding_not_a_crash(check: Answers) -> None:
    check.next = ValueError("bug")

    assert (run().state, run().detail) == (
        "down",
        "An unexpected error occurred (ValueError). The log has the details under “health check failed”.",
    )


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
    factories.running_processes()
    answer = client.get("/healthz/deep")

    assert answer.status_code == 200
    body = answer.json()
    assert (body["status"], body["reasons"], body["broker"]) == ("ok", [], "ok")
    assert body["checks"] == {"printify": "ok"}
    assert body["oldest_due_seconds"]["inbox"] == 0
    assert body["heartbeat_age_seconds"] == {"beat": 0, "orders": 0, "sync": 0}
    assert set(body["messages"]) == set(heartbeats.QUEUES)


def reasons(client: Client, status_code: int = 503) -> list[str]:
    answer = client.get("/healthz/deep")
    assert answer.status_code == status_code
    return list(answer.json()["reasons"])


def test_the_deep_page_is_503_when_work_is_late(client: Client) -> None:
    factories.running_processes()
    inbound_event(next_at=timezone.now() - timedelta(minutes=11))
    (reason,) = reasons(client)
    assert reason.startswith("Work is waiting: the oldest due row of inbox is 11 min old.")


def test_the_deep_page_is_503_while_a_check_is_down(client: Client, check: Answers) -> None:
    factories.running_processes()
    check.next = Verdict("down", "401")
    run()
    assert reasons(client) == ["The check of printify fails."], "its detail is for staff"


def test_the_deep_page_is_503_when_the_checks_are_too_old(client: Client, check: Answers) -> None:
    factories.running_processes()
    run()
    HealthResult.objects.update(checked_at=timezone.now() - timedelta(minutes=16))
    (reason,) = reasons(client)
    assert reason.startswith("The health checks last ran 16")


def test_the_result_of_a_check_that_was_removed_is_deleted(client: Client, check: Answers) -> None:
    factories.running_processes()
    for name in ("removed", "setup:kept"):
        HealthResult.objects.create(name=name, state="down", checked_at=timezone.now() - timedelta(days=9))
    run()
    assert set(HealthResult.objects.values_list("name", flat=True)) == {"printify", "setup:kept"}
    assert reasons(client, 200) == []


def test_a_broken_broker_is_the_only_reason_given_for_what_it_breaks(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.silence()
    monkeypatch.setattr(broker, "probe", broker.Probe())
    monkeypatch.delenv("CELERY_BROKER_URL")  # Celery prefers it to what an app is given
    monkeypatch.setattr(broker, "current_app", Celery("x", broker="redis://127.0.0.1:1/0", set_as_current=False))
    (reason,) = reasons(client)
    assert reason.startswith("The message broker does not answer (connection refused)")


def test_a_broker_is_asked_once_in_ten_seconds_and_by_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    answers_meanwhile: list[str] = []
    probe = broker.Probe()

    def read() -> broker.BrokerState:
        calls.append(len(calls))
        answers_meanwhile.append(probe.current().error)
        return broker.BrokerState(error=f"TimeoutError {len(calls)}")

    monkeypatch.setattr(broker, "_read", read)
    assert [probe.current().error for _ in range(3)] == ["TimeoutError 1"] * 3
    probe.expires_at = time.monotonic()
    assert probe.current().error == "TimeoutError 2"
    assert answers_meanwhile == ["", "TimeoutError 1"]


def test_before_anything_was_ever_seen_the_deep_page_is_starting_for_a_while(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_status, "STARTED", time.monotonic())
    assert reasons(client, 200) == []
    assert client.get("/healthz/deep").json()["status"] == "starting"

    monkeypatch.setattr(system_status, "STARTED", time.monotonic() - 500)
    assert len(reasons(client)) == 3


def test_a_stranger_reads_the_causes_on_the_deep_page_and_none_of_their_details(client: Client, check: Answers) -> None:
    heartbeats.record_process("orders@ip-10-0-3-7", heartbeats.WORKERS["orders"][0])
    heartbeats.record_process("sync@ip-10-0-3-8", heartbeats.WORKERS["sync"][0])
    heartbeats.record_process(heartbeats.BEAT)
    factories.silence("orders@ip-10-0-3-7")
    Heartbeat.objects.update(started_at=timezone.now() - timedelta(days=10))
    TaskHeartbeat.objects.create(name=COMPARE, finished_at=timezone.now() - timedelta(days=9))
    heartbeats.record_failure(COMPARE, ValueError("no such order A-1042"))
    alerts.open_alert("provider:stripe", "acct_1Mx does not accept sk_live_…9f2c", next_step="Ask it@ilytat.com.")
    check.next = Verdict("down", "Shop 8841 was disconnected.")
    run()
    answer = client.get("/healthz/deep")
    failed = "Its last run failed (ValueError). The log has the details."
    assert answer.json()["reasons"] == [
        "The worker for webhooks, fulfilment, mail is not running: it was last seen 10 min ago.",
        f"The periodic task {COMPARE} last finished 9 days ago; 2 h are allowed. {failed}",
        "An incident is open: stripe.",
        "The check of printify fails.",
    ]
    assert set(answer.json()["heartbeat_age_seconds"]) == {"beat", "orders", "sync"}
    for secret in ("10-0-3", "A-1042", "acct_1Mx", "9f2c", "it@ilytat.com", "8841"):
        assert secret not in answer.content.decode()
