"""What a worker does each minute about dead processes: alerts, and the ping to a monitor outside."""

import time
from datetime import timedelta
from typing import Any

import pytest
import responses
from django.utils import timezone
from kombu.exceptions import OperationalError
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings
from requests import ConnectionError as NoConnection

from ilytat.integrations import heartbeats, system_status, watch
from ilytat.integrations.models import Alert, HealthResult, TaskHeartbeat
from tests.factories import running_processes, silence

pytestmark = pytest.mark.django_db
PING = "https://hc-ping.example/4c1a"
COMPARE, RECONCILE = "payments.tasks.compare", "payments.tasks.reconcile"


@pytest.fixture(autouse=True)
def _long_running(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    running_processes()
    settings.PING_URL = PING
    monkeypatch.setattr(system_status, "STARTED", time.monotonic() - 1000)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []

    class App:
        def send_task(self, name: str, **options: Any) -> None:
            names.append(f"{name} to {options['queue']}")

    monkeypatch.setattr(watch, "current_app", App())
    return names


@responses.activate
def test_while_all_is_well_the_monitor_is_pinged_and_nobody_is_alerted(sent: list[str]) -> None:
    ping = responses.post(PING)
    watch.run(pings=True)
    assert ping.call_count == 1
    assert not Alert.objects.exists()
    assert sent == []


@responses.activate
def test_heartbeats_are_read_once_for_the_monitor_and_the_alerts(
    sent: list[str], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    responses.post(PING)
    with django_assert_max_num_queries(50) as queries:
        watch.run(pings=True)
    reads = [query["sql"] for query in queries.captured_queries if "heartbeat" in query["sql"]]
    assert len(reads) == 2, "processes and periodic tasks"


@responses.activate
def test_trouble_is_told_in_the_path_of_an_address_with_a_query(sent: list[str], settings: Any) -> None:
    settings.PING_URL = f"{PING}?create=1"
    failed = responses.post(f"{PING}/fail?create=1")
    silence("beat")
    watch.run(pings=True)
    assert failed.call_count == 1


@responses.activate
def test_a_worker_that_does_not_ping_is_silent_while_all_is_well_and_tells_of_trouble(sent: list[str]) -> None:
    watch.run(pings=False)
    failed = responses.post(f"{PING}/fail")
    silence("orders@host")
    watch.run(pings=False)
    body = failed.calls[0].request.body
    assert isinstance(body, bytes)
    assert body.startswith(b"The worker for webhooks, fulfilment, mail is not running")


@responses.activate
@pytest.mark.parametrize(
    ("silent", "key", "command"),
    [
        ("sync@host", "process:worker:sync", "celery -A ilytat worker -n sync@%h -Q sync,bulk --concurrency 1"),
        ("beat", "process:beat", "celery -A ilytat beat"),
    ],
)
def test_a_dead_process_is_one_alert_mailed_without_beat_and_closed_when_it_is_back(
    sent: list[str], silent: str, key: str, command: str
) -> None:
    responses.post(f"{PING}/fail")
    responses.post(PING)
    silence(silent)
    watch.run(pings=True)
    watch.run(pings=True)
    alert = Alert.objects.get()
    assert (alert.key, alert.count, alert.next_step) == (key, 2, f"Start it with: {command}")
    assert sent == ["notifications.tasks.mail_alerts to mail"] * 2

    running_processes()
    watch.run(pings=True)
    alert.refresh_from_db()
    assert alert.closed_at is not None


@responses.activate
def test_late_tasks_are_one_alert_that_names_them(sent: list[str]) -> None:
    responses.post(f"{PING}/fail")
    responses.post(PING)
    long_ago = timezone.now() - timedelta(days=9)
    for task in (RECONCILE, COMPARE):
        TaskHeartbeat.objects.create(name=task, finished_at=long_ago)
    watch.run(pings=True)
    assert Alert.objects.get().message == f"2 periodic tasks are late: {COMPARE}, {RECONCILE}"

    heartbeats.record_finish(COMPARE)
    watch.run(pings=True)
    alert = Alert.objects.get()
    assert (alert.key, alert.count) == ("process:late-tasks", 2)
    assert alert.message.startswith(f"The periodic task {RECONCILE} last finished 9 days ago")

    heartbeats.record_finish(RECONCILE)
    watch.run(pings=True)
    assert not Alert.objects.filter(closed_at=None).exists()


@responses.activate
def test_the_monitor_hears_of_trouble_while_the_broker_refuses_the_alerts_email(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class App:
        def send_task(self, *_args: object, **_options: object) -> None:
            raise OperationalError

    failed = responses.post(f"{PING}/fail")
    silence("beat")
    monkeypatch.setattr(watch, "current_app", App())
    with pytest.raises(OperationalError):
        watch.run(pings=True)
    assert failed.call_count == 1
    assert Alert.objects.filter(key="process:beat", closed_at=None).exists()


@responses.activate
def test_the_monitor_hears_of_a_provider_that_is_down(sent: list[str]) -> None:
    failed = responses.post(f"{PING}/fail")
    HealthResult.objects.create(name="stripe", state="down", detail="The key was revoked.")
    watch.run(pings=True)
    assert failed.calls[0].request.body == b"The check of stripe fails."
    assert not Alert.objects.exists(), "its check opens it"


@responses.activate
@pytest.mark.parametrize("answer", [{"status": 404}, {"status": 500}, {"body": NoConnection("…4c1a refused")}])
def test_a_monitor_that_is_away_stops_nothing_and_its_address_is_not_logged(
    sent: list[str], caplog: pytest.LogCaptureFixture, answer: dict[str, Any]
) -> None:
    responses.post(PING, **answer)
    watch.run(pings=True)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "4c1a" not in str(vars(record))


@responses.activate
def test_after_a_start_others_get_the_time_to_start_too(sent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system_status, "STARTED", time.monotonic())
    silence("sync@host")
    watch.run(pings=True)
    assert not Alert.objects.exists()


@responses.activate
def test_without_an_address_nothing_is_sent(sent: list[str], settings: Settings) -> None:
    settings.PING_URL = ""
    watch.run(pings=True)
    assert not responses.calls
