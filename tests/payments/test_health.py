"""Is Stripe as it should be: our key, its mode, and whether it tells us things."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import health as health_checks
from ilytat.integrations.errors import KeyRejected
from ilytat.integrations.health import Verdict
from ilytat.integrations.models import Alert
from payments import gateway, health
from payments.models import Difference, ReconcileRun
from tests.payments.conftest import API, Till, refused

pytestmark = pytest.mark.django_db


def _balance(till: Till, *, live: bool = False) -> None:
    till.mock.add("GET", f"{API}/balance", json={"object": "balance", "livemode": live, "available": [], "pending": []})


def _compared(*, missed: bool) -> None:
    run = ReconcileRun.objects.create(ended_at=timezone.now())
    if missed:
        Difference.objects.create(run=run, kind="event missed", reference="evt_1", explanation="x", action="y")


def test_a_key_of_our_mode_is_well(till: Till) -> None:
    _balance(till)
    assert health.key_works() == Verdict("ok", "test mode")


def test_a_missing_webhook_secret_is_said_so(till: Till, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    _balance(till)
    verdict = health.key_works()
    assert (verdict.state, "STRIPE_WEBHOOK_SECRET is not set" in verdict.detail) == ("warn", True)


def test_a_key_of_the_other_mode_is_not(till: Till) -> None:
    _balance(till, live=True)
    assert health.key_works().state == "down"


def test_a_key_that_is_not_taken_is_said_so(till: Till) -> None:
    till.mock.add("GET", f"{API}/balance", **refused(401))
    assert health.key_works().state == "down"


@pytest.mark.parametrize(
    ("runs", "state"),
    [([], "ok"), ([True], "ok"), ([False, True], "ok"), ([True, False], "ok"), ([True, True], "warn")],
)
def test_webhooks_that_do_not_arrive_are_noticed(till: Till, runs: list[bool], state: str) -> None:
    _balance(till)
    for missed in runs:
        _compared(missed=missed)
    assert health.key_works().state == state


@pytest.mark.parametrize(
    ("answer", "state", "closes"),
    [
        ({"json": {"object": "balance", "livemode": False, "available": [], "pending": []}}, "warn", True),
        (refused(403), "down", True),
        (refused(401), "down", False),
        ({"status": 503}, "down", False),
    ],
)
def test_the_incident_of_a_rejected_key_closes_as_soon_as_stripe_accepts_the_key(
    till: Till, answer: dict[str, Any], state: str, *, closes: bool
) -> None:
    till.mock.add("GET", f"{API}/refunds/re_1", **refused(401))
    with pytest.raises(KeyRejected):
        gateway.refund("re_1")
    for _ in range(health.RUNS):  # events that were missed while the key was rejected: the check can only warn
        _compared(missed=True)
    till.mock.add("GET", f"{API}/balance", **answer)

    assert health_checks.run_checks({"stripe": health.key_works})["stripe"].state == state
    assert (Alert.objects.get(key="provider:stripe").closed_at is not None) == closes
    assert Alert.objects.filter(key="health:stripe").exists() == (closes and state == "down")
