"""From draft to production: after the grace period, unless held, once, and never for a test payment at the real one."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations.models import Alert
from orders import fulfillment, lifecycle
from orders.models import Fulfilment, HoldReason
from orders.states import FulfilmentState, OrderState
from tests.orders.conftest import ORDER_ID, Upstream, again, changed, created, look, paid
from tests.payloads import payload

PRODUCTION = f"/orders/{ORDER_ID}/send_to_production.json"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sandbox_prints(settings: Settings) -> None:
    """Test orders are printed at the stand-in only; what the real one refuses has a test of its own."""
    settings.PRINTIFY_PRINTS_FOR_REAL = False


def test_after_the_grace_period_production_is_asked_for_once(upstream: Upstream, settings: Settings) -> None:
    upstream.order("on-hold")
    upstream.answers_production()
    job = look(created())
    assert job.state == "in_production"
    assert job.sent_at
    assert len(upstream.asked("POST", PRODUCTION)) == 1
    wait = (job.next_at - timezone.now()).total_seconds()
    assert abs(wait - settings.POLL_MINUTES * 60) < 2


@pytest.mark.parametrize("status", ["pending", "on-hold", "cost-calculation"])
def test_every_waiting_word_is_sent_to_production(upstream: Upstream, status: str) -> None:
    upstream.order(status)
    upstream.answers_production(status=202, json={})
    assert look(created()).state == "in_production"


def test_within_the_grace_period_nothing_is_sent_whoever_asks(upstream: Upstream) -> None:
    upstream.order("on-hold")
    job = created(ready=False)
    assert lifecycle.retry(job, who="staff")
    job = look(job)
    assert (job.state, job.sent_at) == ("created", None)
    assert upstream.asked("POST", PRODUCTION) == []
    assert abs((job.next_at - job.release_at).total_seconds()) < 2


def test_a_released_hold_still_keeps_the_grace_period(upstream: Upstream) -> None:
    upstream.order("on-hold")
    job = created(ready=False)
    assert lifecycle.hold(job, HoldReason.STAFF, who="staff", why="wait")
    assert lifecycle.release(job.holds.get(), who="staff")
    assert look(job).state == "created"
    assert upstream.asked("POST", PRODUCTION) == []


def test_files_still_being_processed_are_waited_for(upstream: Upstream) -> None:
    upstream.order("on-hold")
    upstream.answers_production(status=400, json=payload("printify/refused_early"))
    job = look(created())
    assert (job.state, job.sent_at) == ("created", None)
    assert 0 < (job.next_at - timezone.now()).total_seconds() <= 60
    upstream.answers_production()
    assert look(job).state == "in_production"


def test_any_other_refusal_needs_a_person(upstream: Upstream) -> None:
    upstream.order("on-hold")
    upstream.answers_production(status=400, json=payload("printify/refused_address"))
    job = look(created())
    assert (job.state, job.sent_at) == ("attention", None)
    assert Alert.objects.filter(key=f"fulfilment:{job.external_id}").exists()


@pytest.mark.parametrize("answer", [{"status": 429}, {"body": requests.ConnectTimeout()}])
def test_what_was_certainly_not_sent_can_still_be_held(upstream: Upstream, answer: dict[str, Any]) -> None:
    """A dispute between two tries must find the order stoppable (C5)."""
    upstream.order("on-hold")
    upstream.answers_production(**answer)
    job = look(created())
    assert (job.state, job.sent_at) == ("created", None)
    assert lifecycle.hold(job, HoldReason.DISPUTE, who="stripe", why="charge.dispute.created")
    look(job)
    assert len(upstream.asked("POST", PRODUCTION)) == 1


def test_a_lost_answer_is_read_back_and_taken_as_sent(upstream: Upstream) -> None:
    upstream.order("on-hold")
    upstream.answers_production(body=requests.ReadTimeout())
    job = look(created())
    assert job.state == "created"
    assert job.sent_at, "it may be printing: holding it would be a lie"
    assert not lifecycle.hold(job, HoldReason.STAFF, who="staff", why="too late")
    upstream.order("sending-to-production")
    job = look(job)
    assert job.state == "in_production"
    assert len(upstream.asked("POST", PRODUCTION)) == 1
    assert not Alert.objects.exists(), "we did ask: nothing is odd"


def test_a_hold_at_the_last_moment_stops_it(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.order("on-hold")
    job = created()
    ask = fulfillment._request_production

    def held_just_before(row: Fulfilment, order_id: str) -> None:
        assert lifecycle.hold(again(row), HoldReason.DISPUTE, who="stripe", why="charge.dispute.created")
        ask(row, order_id)

    monkeypatch.setattr(fulfillment, "_request_production", held_just_before)
    job = look(job)
    assert (job.state, job.sent_at, len(job.open_holds)) == ("created", None, 1)
    assert upstream.asked("POST", PRODUCTION) == []


def test_an_order_canceled_at_the_last_moment_is_not_sent(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.order("on-hold")
    job = created()
    ask = fulfillment._request_production

    def canceled_just_before(row: Fulfilment, order_id: str) -> None:
        type(row.order).objects.filter(pk=row.order_id).update(state=OrderState.CANCELED)
        ask(row, order_id)

    monkeypatch.setattr(fulfillment, "_request_production", canceled_just_before)
    look(job)
    assert upstream.asked("POST", PRODUCTION) == []


def test_production_nobody_asked_for_is_told_to_staff(upstream: Upstream) -> None:
    upstream.order("in-production")
    job = look(created())
    assert job.state == "in_production"
    assert upstream.asked("POST", PRODUCTION) == []
    [alert] = Alert.objects.all()
    assert alert.key == f"approval:{job.external_id}"
    assert "Manual" in alert.next_step


@pytest.mark.parametrize(
    "status", ["canceled", "has-issues", "unfulfillable", "payment-not-received", "brand-new-word"]
)
def test_anything_else_before_production_needs_a_person(upstream: Upstream, status: str) -> None:
    upstream.order(status)
    job = look(created())
    assert job.state == "attention"
    assert status in job.last_error
    assert status in Alert.objects.get(key=f"fulfilment:{job.external_id}").message
    assert upstream.asked("POST", PRODUCTION) == []


def test_a_test_payment_never_starts_production_at_the_real_printify(upstream: Upstream, settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = True
    upstream.order("on-hold")
    job = look(created(live=False))
    assert (job.state, job.sent_at) == ("attention", None)
    assert "test-mode" in job.last_error
    assert upstream.asked("POST", PRODUCTION) == []


def test_a_live_payment_does(upstream: Upstream, settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = True
    upstream.order("on-hold")
    upstream.answers_production()
    assert look(created(live=True)).state == "in_production"


def test_only_the_id_of_the_current_revision_is_ever_sent(upstream: Upstream) -> None:
    """Whatever a look-up or an event names, production is asked for the recorded id alone."""
    upstream.order("on-hold", order_id="the-recorded-one")
    upstream.answers_production("the-recorded-one")
    assert look(created("the-recorded-one")).state == "in_production"
    [call] = [call for call in upstream.mock.calls if call.request.method == "POST"]
    assert "the-recorded-one" in str(call.request.url)


def test_printify_being_down_costs_time_only(upstream: Upstream) -> None:
    upstream.mock.add("GET", f"https://api.printify.com/v1/shops/1001/orders/{ORDER_ID}.json", status=503)
    job = look(created())
    assert (job.state, job.attempts) == ("created", 1)
    upstream.order("on-hold")
    upstream.answers_production()
    assert look(job).state == "in_production"


def test_without_a_grace_period_it_goes_on_at_once(upstream: Upstream, settings: Settings) -> None:
    settings.GRACE_MINUTES = 0
    upstream.creates()
    upstream.order("on-hold")
    upstream.answers_production()
    job = look(paid(ready=False))
    assert job.next_at <= timezone.now() + timedelta(seconds=1)
    assert look(job).state == FulfilmentState.IN_PRODUCTION
    assert changed(job, next_at=timezone.now()).sent_at
