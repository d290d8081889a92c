"""What nobody told us: silent sessions are asked about, overdue ones closed, forgotten orders let go (B1, D20, G13)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import leases
from orders.models import Fulfilment, Order
from payments import gateway, tasks
from payments.models import CheckoutSession
from payments.stripe_objects import CheckoutSessionData
from tests.payments.conftest import Till, expired_session, opened, paid_session, refused, session_of, waiting

pytestmark = pytest.mark.django_db
READ = "https://api.stripe.com/v1/checkout/sessions/"


def _ago(minutes: float) -> Any:
    return timezone.now() - timedelta(minutes=minutes)


def _state(row: CheckoutSession | Order) -> str:
    row.refresh_from_db()
    return row.state


def test_a_payment_no_webhook_told_of_is_found(till: Till) -> None:
    order = waiting()
    opened(order, created_at=_ago(6))
    till.session(paid_session(order))
    tasks.reconcile()
    tasks.reconcile()
    assert (_state(order), Fulfilment.objects.count()) == ("paid", 1)
    assert len(till.mock.calls) == 1, "what is complete is asked about no more"


def test_a_young_session_is_left_in_peace(till: Till) -> None:
    opened(waiting(), created_at=_ago(4))
    tasks.reconcile()
    assert not till.mock.calls


def test_money_that_comes_days_later_is_found_without_a_webhook(till: Till) -> None:
    """A bank debit: the session is complete, the money follows, and the event of it was lost (C6, D20)."""
    order = waiting()
    row = opened(order, created_at=_ago(6))
    till.session(paid_session(order, payment_status="unpaid"))
    tasks.reconcile()
    assert (_state(row), _state(order)) == ("complete", "awaiting_payment")
    till.session(paid_session(order))
    tasks.reconcile()
    assert _state(order) == "paid"


def test_one_sessions_trouble_does_not_keep_the_others_waiting(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    down, odd, good = (waiting() for _ in range(3))
    for number, order in enumerate((down, odd, good), 1):
        opened(order, number=number, created_at=_ago(10 - number))
    till.mock.add("GET", READ + session_of(down, number=1)["id"], status=500)
    read = gateway.session

    def crash(session_id: str) -> CheckoutSessionData:
        if session_id.endswith("2"):
            raise RuntimeError("a mistake of ours")
        return read(session_id)

    monkeypatch.setattr(gateway, "session", crash)
    till.session(paid_session(good, number=3))
    tasks.reconcile()
    assert [_state(order) for order in (down, odd, good)] == ["awaiting_payment", "awaiting_payment", "paid"]


def test_what_passed_its_hour_is_closed_at_stripe_and_its_order_expires(till: Till) -> None:
    order = waiting()
    row = opened(order, expires_at=_ago(1))
    till.expires(json=expired_session(order))
    tasks.close_stale_sessions()
    tasks.close_stale_sessions()
    assert (_state(row), _state(order)) == ("expired", "expired")
    assert len(till.mock.calls) == 1


def test_what_was_paid_in_its_last_second_is_settled_not_expired(till: Till) -> None:
    order = waiting()
    opened(order, expires_at=_ago(1))
    till.expires(**refused(400))
    till.session(paid_session(order))
    tasks.close_stale_sessions()
    assert _state(order) == "paid"


def test_a_lost_session_past_its_hour_is_found_and_closed(till: Till) -> None:
    order = waiting()
    row = opened(order, stripe_session_id=None, url="", state="creating", expires_at=_ago(1))
    till.creates(session_of(order))
    till.expires(json=expired_session(order))
    tasks.close_stale_sessions()
    assert (_state(row), _state(order)) == ("expired", "expired")


def test_an_order_nobody_ever_made_a_session_for_is_let_go(till: Till, settings: Settings) -> None:
    """Stripe was down when it was placed, and the buyer never came back (B1)."""
    old, young = waiting(placed_at=_ago(settings.SESSION_MINUTES + 1)), waiting()
    tasks.close_stale_sessions()
    assert (_state(old), _state(young)) == ("expired", "awaiting_payment")
    assert not till.mock.calls


@pytest.mark.parametrize("state", ["creating", "open", "complete"])
def test_an_order_that_may_still_be_paid_is_not_let_go(till: Till, settings: Settings, state: str) -> None:
    order = waiting(placed_at=_ago(settings.SESSION_MINUTES + 1))
    opened(order, state=state)
    tasks.close_stale_sessions()
    assert _state(order) == "awaiting_payment"


def test_a_second_beat_finds_the_turn_taken(till: Till) -> None:
    opened(waiting(), created_at=_ago(10), expires_at=_ago(1))
    with leases.acquire("reconcile", 60), leases.acquire("close sessions", 60):
        tasks.reconcile()
        tasks.close_stale_sessions()
    assert not till.mock.calls


def test_staff_can_ask_at_once(till: Till, capsys: pytest.CaptureFixture[str]) -> None:
    order = waiting()
    opened(order)
    till.session(paid_session(order))
    call_command("reconcile")
    assert capsys.readouterr().out.startswith("1 open sessions looked at, 1 settled, 0 failed.\n")
    assert _state(order) == "paid"
