"""Setup checks of Printify's webhooks: which subscriptions count, the last event, and a test event on request."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import responses
from django.conf import LazySettings

from catalog import readiness
from catalog.printify import client
from ilytat.health import SETUP_CHECKS, SETUP_CHECKS_ON_REQUEST
from ilytat.integrations import inbox, jobs
from ilytat.integrations import readiness as setup_checks
from ilytat.integrations.models import InboundEvent
from ilytat.integrations.readiness import run_checks
from tests.catalog.conftest import SHOP

pytestmark = pytest.mark.django_db

HOOKS = f"{SHOP}/webhooks.json"
OUR_ADDRESS = "http://testserver/api/webhooks/printify"


def subscriptions(url: str = OUR_ADDRESS) -> list[dict[str, Any]]:
    return [{"id": f"h-{topic}", "topic": topic, "url": url} for topic in inbox.types("printify")]


@pytest.fixture
def mock(settings: LazySettings) -> Iterator[responses.RequestsMock]:
    settings.PRINTIFY_WEBHOOK_SECRET = "a-long-secret-of-the-shop"
    with responses.RequestsMock() as mock:
        yield mock


def answer_test_event(mock: responses.RequestsMock, *, arrives: bool) -> None:
    def simulate(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if arrives:
            payload = {"id": "e1", "type": "product:updated", "resource": json.loads(request.body or "")}
            inbox.receive("printify", "e1", "product:updated", payload)
        return 204, {}, ""

    mock.add_callback("POST", f"{SHOP}/webhooks/h-product%3Aupdated/simulate", callback=simulate)


def test_another_spelling_of_this_address_is_named_and_other_hosts_are_ignored(mock: responses.RequestsMock) -> None:
    old = {"id": "h1", "topic": "order:updated", "url": "https://TestServer/api/webhooks/printify/"}
    staging = {"id": "h2", "topic": "order:updated", "url": "https://staging.example/api/webhooks/printify"}
    mock.get(HOOKS, json=[*subscriptions(), old, staging])
    finding = readiness.printify_webhooks()
    assert (finding.state, finding.fix) == ("down", "Run manage.py register_webhooks.")
    assert f"twice or unused order:updated; registered at {old['url']}." in finding.detail
    assert "staging" not in finding.detail


def test_the_check_says_when_the_last_event_arrived(mock: responses.RequestsMock) -> None:
    mock.get(HOOKS, json=subscriptions())
    assert readiness.printify_webhooks().detail.endswith("no event has arrived yet")
    inbox.receive("printify", "e1", "order:updated", {"id": "e1"})
    assert readiness.printify_webhooks().detail.endswith("the last event arrived 0 s ago")


def test_a_test_event_that_arrives_is_ignored_without_a_call(mock: responses.RequestsMock) -> None:
    mock.get(HOOKS, json=subscriptions())
    answer_test_event(mock, arrives=True)
    assert run_checks(SETUP_CHECKS_ON_REQUEST)["printify-round-trip"].state == "ok"
    calls = len(mock.calls)
    jobs.work_due(inbox.QUEUE)
    assert list(InboundEvent.objects.values_list("state", "outcome")) == [("done", "ignored")]
    assert len(mock.calls) == calls


def test_a_test_event_that_does_not_arrive_is_a_finding_with_a_fix(
    mock: responses.RequestsMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "ROUND_TRIP_SECONDS", 0)
    mock.get(HOOKS, json=subscriptions())
    answer_test_event(mock, arrives=False)
    finding = readiness.printify_round_trip()
    assert finding.state == "down"
    assert "--renew" in finding.fix


def test_without_a_subscription_no_test_event_is_sent(mock: responses.RequestsMock) -> None:
    mock.get(HOOKS, json=subscriptions("https://staging.example/api/webhooks/printify"))
    assert readiness.printify_round_trip().fix == "Run manage.py register_webhooks."


def test_a_test_event_is_sent_only_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ilytat.integrations.readiness._run", lambda name, _check: name)
    assert "printify-round-trip" not in run_checks(SETUP_CHECKS)
    assert "printify-round-trip" in run_checks(SETUP_CHECKS_ON_REQUEST)


def test_a_rejected_key_is_fixed_by_a_new_one_not_by_asking_again(mock: responses.RequestsMock) -> None:
    mock.get(HOOKS, json={}, status=401)
    finding = setup_checks._run("printify-webhooks", readiness.printify_webhooks)
    assert finding.detail == "Printify does not accept our key. All work for Printify waits."
    assert finding.fix == client.PROVIDER.next_step
