"""Paying an order that exists: Stripe's own page where our form cannot work, and a second way after a bank's no."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from notifications.models import OutgoingEmail
from orders.models import Order
from payments import checkout, gateway, settlement
from payments.models import CheckoutSession
from tests.payments.conftest import (
    SESSION,
    Till,
    expired_session,
    form,
    opened,
    paid_session,
    refused,
    session_of,
    waiting,
)

pytestmark = pytest.mark.django_db


def _state(order: Order) -> str:
    order.refresh_from_db()
    return order.state


def test_our_own_form_is_closed_before_stripes_page_opens(settings: Settings, till: Till) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    opened(order)
    till.expires(json=expired_session(order))
    till.creates(session_of(order, number=2))
    assert checkout.start_hosted(order) == f"https://checkout.stripe.com/c/pay/{SESSION[:-1]}2"
    [call] = till.asked("POST", "/checkout/sessions")
    assert (form(call)["ui_mode"], form(call)["metadata[attempt]"]) == ("hosted_page", "2")
    assert list(order.sessions.values_list("state", "ui_mode")) == [("open", "hosted_page"), ("expired", "")]
    assert checkout.start_hosted(order).endswith("2"), "a second press opens nothing new"
    assert len(till.asked("POST", "/checkout/sessions")) == 1


def test_a_form_that_was_paid_meanwhile_is_settled_instead(settings: Settings, till: Till) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    opened(order)
    till.expires(**refused(400))
    till.session(paid_session(order))
    with pytest.raises(checkout.NotPayable):
        checkout.start_hosted(order)
    assert _state(order) == "paid"


def _bank_said_no(till: Till, order: Order) -> None:
    opened(order)
    intent = {"id": "pi_3ownIntent0000000001", "object": "payment_intent", "status": "requires_payment_method"}
    till.session(paid_session(order, payment_status="unpaid", payment_intent=intent))
    settlement.settle(gateway.session(SESSION), who="test")


def test_a_banks_no_is_mailed_once_with_the_way_to_pay_all_the_same(client: Client, till: Till) -> None:
    order = waiting()
    _bank_said_no(till, order)
    assert settlement.settle(gateway.session(SESSION), who="test").startswith("duplicate")
    mail = OutgoingEmail.objects.get(kind="payment_failed")
    assert mail.context["retry_url"].endswith(f"/checkout/again/{order.token}/")
    assert (_state(order), CheckoutSession.objects.get().state) == ("awaiting_payment", "failed")
    assert client.get(f"/checkout/again/{order.token}/").status_code == 200
    till.creates(session_of(order, number=2))
    answer = client.post(f"/checkout/again/{order.token}/")
    assert answer["Location"].startswith("https://checkout.stripe.com/")


@pytest.mark.parametrize("state", ["paid", "expired", "canceled", "refunded"])
def test_what_is_past_paying_is_not_paid_again(client: Client, till: Till, state: str) -> None:
    order = waiting(state=state)
    assert client.post(f"/checkout/again/{order.token}/")["Location"] == order.get_absolute_url()
    assert not till.mock.calls
