"""A session that is no longer wanted can no longer be paid before another one is opened (A2, B2)."""

from typing import Any

import pytest
import requests

from ilytat.integrations.errors import IntegrationError, KeyRejected, OutcomeUnknown, Refused, Unavailable
from orders.models import Fulfilment, Order
from payments import checkout
from payments.models import CheckoutSession, Payment
from tests import factories
from tests.payments.conftest import (
    SESSION,
    Said,
    Till,
    expired_session,
    opened,
    paid_session,
    refused,
    session_of,
    waiting,
)

pytestmark = pytest.mark.django_db
CREATE = "/checkout/sessions"


def _row(order: Order, **given: Any) -> CheckoutSession:
    """An attempt whose answer from Stripe is still out."""
    return opened(order, stripe_session_id=None, url="", state="creating", **given)


def _state(row: CheckoutSession | Order) -> str:
    row.refresh_from_db()
    return row.state


# --- what is asked for ---------------------------------------------------------------------------------


# --- closing ---------------------------------------------------------------------------------------------


def _rivals(till: Till) -> tuple[CheckoutSession, Order]:
    """A session of an order of the same cart, and the order that replaces it."""
    cart = factories.cart(factories.variant())
    return opened(waiting(cart=cart)), waiting(cart=cart)


def test_a_rival_of_the_same_cart_is_closed_first(till: Till) -> None:
    row, order = _rivals(till)
    till.expires(json=expired_session(row.order))
    checkout.supersede(order)
    assert (_state(row), _state(row.order)) == ("expired", "expired")
    assert len(till.asked("POST", "/expire")) == 1


def test_the_orders_own_session_and_other_carts_are_left_alone(till: Till) -> None:
    order = waiting(cart=factories.cart(factories.variant()))
    opened(order)
    opened(waiting(cart=factories.cart(factories.variant())), number=2)
    opened(waiting(cart=None), number=3)
    checkout.supersede(order)
    checkout.supersede(waiting(cart=None))
    assert not till.mock.calls


def test_a_rival_that_was_paid_meanwhile_is_shown_instead_of_asking_for_money_again(till: Till) -> None:
    row, order = _rivals(till)
    till.expires(**refused(400))
    till.session(paid_session(row.order))
    with pytest.raises(checkout.NotPayable) as past:
        checkout.supersede(order)
    assert past.value.order == row.order
    assert (_state(row), _state(row.order), Payment.objects.count()) == ("complete", "paid", 1)
    assert Fulfilment.objects.get().order == row.order


@pytest.mark.parametrize("answer", [{"status": 500}, {"body": requests.ReadTimeout()}, refused(429)])
def test_while_a_rival_may_be_open_no_second_way_to_pay_is_opened(till: Till, answer: Said) -> None:
    row, order = _rivals(till)
    till.expires(**answer)
    with pytest.raises(IntegrationError):
        checkout.supersede(order)
    assert (_state(row), _state(row.order)) == ("open", "awaiting_payment")


def test_a_rival_whose_answer_was_lost_is_found_by_its_key_and_closed(till: Till) -> None:
    row, order = _rivals(till)
    CheckoutSession.objects.update(stripe_session_id=None, url="", state="creating")
    till.creates(session_of(row.order))
    till.expires(json=expired_session(row.order))
    checkout.supersede(order)
    assert till.keys(CREATE) == [row.idempotency_key]
    row.refresh_from_db()
    assert (row.state, row.stripe_session_id, _state(row.order)) == ("expired", SESSION, "expired")


def test_a_rival_that_never_was_is_closed_here(till: Till) -> None:
    row, order = _rivals(till)
    CheckoutSession.objects.update(stripe_session_id=None, url="", state="creating")
    till.creates(**refused(400, param="expires_at"))
    checkout.supersede(order)
    assert (_state(row), _state(row.order)) == ("expired", "expired")


def test_a_rival_that_cannot_be_asked_for_is_not_taken_for_closed(till: Till) -> None:
    row, order = _rivals(till)
    CheckoutSession.objects.update(stripe_session_id=None, url="", state="creating")
    till.creates(status=500)
    with pytest.raises(OutcomeUnknown):
        checkout.supersede(order)
    assert _state(row) == "creating"


def test_an_id_that_stripe_does_not_know_cannot_be_paid(till: Till) -> None:
    """Keys of another account or of the other mode: without this it would be asked for each minute, for ever."""
    row = opened(waiting())
    till.expires(**refused(404, code="resource_missing"))
    till.mock.add("GET", f"https://api.stripe.com/v1/checkout/sessions/{SESSION}", **refused(404))
    checkout.close(row)
    assert (_state(row), _state(row.order)) == ("expired", "expired")


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_key_that_is_not_taken_says_nothing_about_the_session(till: Till, status: int) -> None:
    row = opened(waiting())
    till.expires(**refused(status))
    till.mock.add("GET", f"https://api.stripe.com/v1/checkout/sessions/{SESSION}", **refused(status))
    with pytest.raises((Refused, Unavailable)):
        checkout.close(row)
    assert _state(row) == "open"


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_taken_says_nothing_about_a_lost_session_either(till: Till, status: int) -> None:
    row = _row(waiting())
    till.creates(**refused(status))
    with pytest.raises(KeyRejected):
        checkout.close(row)
    assert _state(row) == "creating"


def test_closing_what_is_complete_and_unpaid_leaves_the_order_waiting(till: Till) -> None:
    row = opened(waiting())
    till.expires(**refused(400))
    till.session(paid_session(row.order, payment_status="unpaid"))
    checkout.close(row)
    assert (_state(row), _state(row.order)) == ("complete", "awaiting_payment")
