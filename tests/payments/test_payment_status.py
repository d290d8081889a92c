"""Back from Stripe: the page tells the truth, to this browser only (A6, H6, H7)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.test import Client
from django.utils import timezone

from ilytat.integrations.errors import Unavailable
from orders.models import Fulfilment, Order
from payments import gateway
from payments.models import CheckoutSession
from payments.stripe_objects import CheckoutSessionData
from tests.payments.conftest import (
    API,
    SESSION,
    Till,
    expired_session,
    opened,
    paid_session,
    remembers,
    session_of,
    waiting,
)

pytestmark = pytest.mark.django_db


def _status(client: Client, session_id: str = SESSION) -> str:
    """What both the page and the JSON route say."""
    said = str(client.get("/api/checkout/success", {"session_id": session_id}).json()["status"])
    page = client.get("/checkout/success/", {"session_id": session_id})
    assert page.context["status"] == said
    assert "no-store" in page["Cache-Control"]
    return said


@pytest.fixture
def order(client: Client) -> Order:
    """Of this browser, with an open session."""
    made = waiting()
    opened(made)
    remembers(client, made)
    return made


SAID: dict[str, tuple[Callable[[Order], dict[str, Any]], str, str]] = {
    "paid": (paid_session, "paid", "paid"),
    "still open": (session_of, "unpaid", "awaiting_payment"),
    "expired": (expired_session, "unpaid", "expired"),
    "money to follow": (lambda o: paid_session(o, payment_status="unpaid"), "confirming", "awaiting_payment"),
    "wrong amount": (lambda o: paid_session(o, amount_total=1), "paid", "attention"),
}


@pytest.mark.parametrize(("session", "said", "state"), SAID.values(), ids=SAID.keys())
def test_the_page_tells_how_it_stands_at_stripe(
    client: Client, till: Till, order: Order, session: Callable[[Order], dict[str, Any]], said: str, state: str
) -> None:
    till.session(session(order))
    assert _status(client) == said
    order.refresh_from_db()
    assert order.state == state


def test_looking_twice_prints_once(client: Client, till: Till, order: Order) -> None:
    till.session(paid_session(order))
    for _ in range(3):
        assert _status(client) == "paid"
    assert Fulfilment.objects.count() == 1
    assert len(till.mock.calls) == 1, "once settled, Stripe is asked no more"


@pytest.mark.parametrize("answer", [{"status": 500}, {"body": requests.ReadTimeout()}, {"status": 200, "json": {}}])
def test_while_stripe_cannot_say_the_page_does_not_either(
    client: Client, till: Till, order: Order, answer: dict[str, Any]
) -> None:
    till.mock.add("GET", f"{API}/checkout/sessions/{SESSION}", **answer)
    assert _status(client) == "confirming"
    order.refresh_from_db()
    assert order.state == "awaiting_payment"


def test_the_session_in_the_address_is_the_one_that_is_asked_about(client: Client, till: Till, order: Order) -> None:
    """Attempt 1 was paid in its last minute, when attempt 2 had been opened already."""
    CheckoutSession.objects.update(state="expired", expires_at=timezone.now() + timedelta(seconds=40))
    opened(order, number=2)
    till.session(paid_session(order))
    till.session(session_of(order, number=2))
    assert _status(client) == "paid"


def test_a_strangers_session_shows_nothing_and_calls_nobody(client: Client, till: Till, order: Order) -> None:
    remembers(client)
    answer = client.get("/checkout/success/", {"session_id": SESSION})
    assert answer.context["status"] == "unknown"
    assert order.number not in answer.content.decode()
    assert client.get("/api/checkout/success", {"session_id": SESSION}).json() == {
        "status": "unknown",
        "order": None,
        "url": None,
    }
    assert not till.mock.calls
    order.refresh_from_db()
    assert order.state == "awaiting_payment"


@pytest.mark.parametrize(
    "given", ["", "cs_", "pi_12345678", "cs_test_" + "x" * 300, "cs_test_'; DROP", "../../admin", "1"]
)
def test_what_is_no_session_id_finds_nothing(client: Client, till: Till, order: Order, given: str) -> None:
    assert _status(client, given) == "unknown"
    assert not till.mock.calls


def test_a_canceled_order_is_shown_not_called_unpaid(client: Client, order: Order) -> None:
    Order.objects.update(state="canceled")
    answer = client.get("/checkout/success/", {"session_id": SESSION})
    assert answer["Location"] == order.get_absolute_url()


def test_a_session_whose_id_never_reached_us_is_the_one_being_made(client: Client, till: Till, order: Order) -> None:
    CheckoutSession.objects.update(stripe_session_id=None, url="", state="creating")
    assert client.get("/checkout/success/", {"session_id": f"{SESSION}9"}).context["order"] == order


def test_the_page_needs_no_stripe_once_the_webhook_told(
    client: Client, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_session_id: str) -> CheckoutSessionData:
        raise Unavailable("down")

    monkeypatch.setattr(gateway, "session", down)
    Order.objects.update(state="paid")
    assert _status(client) == "paid"
