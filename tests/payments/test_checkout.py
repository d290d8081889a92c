"""One session open for an order, the same for a double click, built from the snapshot (A1, A2, B1, B2, D16, D17)."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations.errors import OutcomeUnknown, Refused
from orders.models import Order
from payments import checkout, gateway, session_params
from payments.models import CheckoutSession
from payments.stripe_objects import CheckoutSessionData
from tests import factories
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
from tests.racing import race

pytestmark = pytest.mark.django_db
CREATE = "/checkout/sessions"


def _row(order: Order, **given: Any) -> CheckoutSession:
    """An attempt whose answer from Stripe is still out."""
    return opened(order, stripe_session_id=None, url="", state="creating", **given)


def _state(row: CheckoutSession | Order) -> str:
    row.refresh_from_db()
    return row.state


# --- what is asked for ---------------------------------------------------------------------------------


def test_every_amount_comes_from_the_orders_snapshot(till: Till) -> None:
    variant = factories.variant(price=2000)
    order = factories.order(variant, quantity=3, language="fr", address2="Apt 4")
    till.creates(session_of(order))
    variant.price = 1
    variant.save()
    checkout.start(order)
    [call] = till.asked("POST", CREATE)
    row = CheckoutSession.objects.get()
    assert form(call) == {
        "mode": "payment",
        "ui_mode": "hosted_page",
        "line_items[0][quantity]": "3",
        "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "2000",
        "line_items[0][price_data][product_data][name]": variant.product.title,
        "line_items[0][price_data][product_data][description]": "White / S",
        "line_items[0][price_data][tax_behavior]": "exclusive",
        "line_items[0][metadata][line]": str(order.lines.get().pk),
        "client_reference_id": order.number,
        "metadata[order]": order.number,
        "metadata[attempt]": "1",
        "payment_intent_data[metadata][order]": order.number,
        "payment_intent_data[description]": f"Order {order.number}",
        "payment_intent_data[shipping][name]": "Ana Ruiz",
        "payment_intent_data[shipping][address][line1]": "233 S Wacker Dr",
        "payment_intent_data[shipping][address][line2]": "Apt 4",
        "payment_intent_data[shipping][address][city]": "Chicago",
        "payment_intent_data[shipping][address][state]": "IL",
        "payment_intent_data[shipping][address][postal_code]": "60606",
        "payment_intent_data[shipping][address][country]": "US",
        "customer_email": "ana@example.com",
        "consent_collection[promotions]": "auto",
        "shipping_options[0][shipping_rate_data][type]": "fixed_amount",
        "shipping_options[0][shipping_rate_data][display_name]": "Standard",
        "shipping_options[0][shipping_rate_data][fixed_amount][amount]": "475",
        "shipping_options[0][shipping_rate_data][fixed_amount][currency]": "usd",
        "shipping_options[0][shipping_rate_data][tax_behavior]": "exclusive",
        "shipping_options[0][shipping_rate_data][tax_code]": "txcd_92010001",
        "automatic_tax[enabled]": "false",
        "locale": "fr",
        "expires_at": str(int(row.expires_at.timestamp())),
        "adaptive_pricing[enabled]": "false",
        "success_url": "http://testserver/checkout/success/?session_id={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://testserver/cart/",
    }


def test_elements_come_back_by_one_address(settings: Settings) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    asked = session_params.params(order, _row(order))
    assert asked["ui_mode"] == "elements"
    assert asked["return_url"] == "http://testserver/checkout/success/?session_id={CHECKOUT_SESSION_ID}"
    assert not {"success_url", "cancel_url"} & asked.keys()


def test_stripe_computes_tax_only_when_told_to(settings: Settings) -> None:
    order = waiting()
    row = _row(order)
    assert session_params.params(order, row)["automatic_tax"] == {"enabled": False}
    settings.STRIPE_AUTOMATIC_TAX = True
    assert session_params.params(order, row)["automatic_tax"] == {"enabled": True}


@pytest.mark.parametrize(
    ("minutes", "least", "most"), [(1, 30, 32), (90, 89, 91), (1440, 1430, 1440), (9e9, 1430, 1440)]
)
def test_a_session_lives_as_long_as_stripe_allows(
    settings: Settings, till: Till, minutes: float, least: int, most: int
) -> None:
    settings.SESSION_MINUTES = minutes
    order = waiting()
    till.creates(session_of(order))
    checkout.start(order)
    left = CheckoutSession.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=least) < left < timedelta(minutes=most)


@pytest.mark.parametrize(
    ("total", "currency", "good"),
    [
        (0, "USD", False),
        (49, "USD", False),
        (50, "USD", True),
        (99_999_999, "USD", True),
        (100_000_000, "USD", False),
        (29, "GBP", False),
        (30, "GBP", True),
        (49, "JPY", False),
        (50, "JPY", True),
    ],
)
def test_stripe_takes_neither_pennies_nor_fortunes(total: int, currency: str, *, good: bool) -> None:
    assert session_params.chargeable(total, currency) is good


# --- once ------------------------------------------------------------------------------------------------


def test_the_answer_is_kept_and_the_next_press_asks_nobody(till: Till) -> None:
    order = waiting()
    till.creates(session_of(order))
    first = checkout.start(order)
    row = CheckoutSession.objects.get()
    assert (row.state, row.stripe_session_id, row.attempt) == ("open", SESSION, 1)
    assert first.url == row.url == checkout.start(order).url
    assert len(till.asked("POST", CREATE)) == 1


@pytest.mark.parametrize("lost", [{"body": requests.ReadTimeout()}, {"status": 500}, {"status": 200, "body": "<"}])
def test_after_a_lost_answer_the_very_same_words_are_said_again(till: Till, lost: dict[str, Any]) -> None:
    """The same key with other parameters would be refused; another key would make a second session (D17)."""
    order = waiting()
    till.creates(**lost)
    with pytest.raises(OutcomeUnknown):
        checkout.start(order)
    assert _state(CheckoutSession.objects.get()) == "creating"
    order.lines.get().variant.product.delete()  # type: ignore[union-attr]  # the factory's line has one
    till.mock.remove("POST", "https://api.stripe.com/v1/checkout/sessions")
    till.creates(session_of(order))
    checkout.start(Order.objects.get(pk=order.pk))
    calls = till.asked("POST", CREATE)
    assert len(calls) >= 2
    assert len({call.body for call in calls}) == 1
    assert set(till.keys(CREATE)) == {f"checkout-{order.number}-1"}
    assert CheckoutSession.objects.get().state == "open"


@pytest.mark.django_db(transaction=True)
def test_a_double_click_is_one_row_one_key_and_one_page(till: Till) -> None:
    order = waiting()
    till.creates(session_of(order))
    urls = race(3, lambda: checkout.start(Order.objects.get(pk=order.pk)).url)
    assert len(set(urls)) == 1
    assert len(set(till.keys(CREATE))) == 1
    assert CheckoutSession.objects.count() == 1


def test_a_twin_that_was_answered_first_is_followed(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe says 409 to the second click while the first is at work: by then the first has its page."""
    order = waiting()

    def busy(*_: object, **__: object) -> CheckoutSessionData:
        row = CheckoutSession.objects.get()
        CheckoutSession.objects.filter(pk=row.pk).update(
            stripe_session_id=SESSION, url="https://x.example/1", state="open"
        )
        raise OutcomeUnknown("409")

    monkeypatch.setattr(gateway, "create_session", busy)
    assert checkout.start(order).url == "https://x.example/1"


@pytest.mark.parametrize("state", ["paid", "expired", "canceled", "attention"])
def test_what_is_past_paying_gets_no_session(till: Till, state: str) -> None:
    order = waiting(state=state)
    with pytest.raises(checkout.NotPayable) as past:
        checkout.start(order)
    assert past.value.order == order
    assert not till.mock.calls
    assert not CheckoutSession.objects.exists()


def test_a_session_at_its_end_is_followed_by_another(till: Till) -> None:
    order = waiting()
    old = opened(order, expires_at=timezone.now() + timedelta(seconds=30))
    till.expires(json=expired_session(order))
    till.creates(session_of(order, number=2))
    checkout.start(order)
    assert len(till.asked("POST", "/expire")) == 1, "two pages could be paid for half a minute"
    new = order.sessions.get(attempt=2)
    assert (_state(old), new.state, new.stripe_session_id) == ("expired", "open", f"{SESSION[:-1]}2")
    assert till.keys(CREATE) == [f"checkout-{order.number}-2"]


def test_a_session_paid_in_its_last_minute_is_settled_and_followed_by_none(till: Till) -> None:
    order = waiting()
    opened(order, expires_at=timezone.now() + timedelta(seconds=30))
    till.expires(**refused(400))
    till.session(paid_session(order))
    with pytest.raises(checkout.NotPayable) as past:
        checkout.start(order)
    assert (past.value.order.state, CheckoutSession.objects.count()) == ("paid", 1)


def test_an_attempt_too_old_for_stripe_is_followed_by_a_new_one_at_once(till: Till) -> None:
    """The first call never arrived; by now its session would live for less than the half hour Stripe wants."""
    order = waiting()
    old = _row(
        order, created_at=timezone.now() - timedelta(minutes=35), expires_at=timezone.now() + timedelta(minutes=25)
    )
    till.creates(**refused(400, param="expires_at"))
    till.creates(session_of(order, number=2))
    checkout.start(order)
    assert _state(old) == "expired"
    assert order.sessions.get(attempt=2).state == "open"


def test_what_stripe_refuses_is_not_asked_in_a_circle(till: Till) -> None:
    order = waiting()
    till.creates(**refused(400))
    with pytest.raises(Refused):
        checkout.start(order)
    assert len(till.asked("POST", CREATE)) == 1
    with pytest.raises(Refused):
        checkout.start(order)
    assert till.keys(CREATE) == [f"checkout-{order.number}-1", f"checkout-{order.number}-2"]


def test_elements_ask_again_for_the_secret_under_the_same_key(till: Till, settings: Settings) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = waiting()
    till.creates(session_of(order, url=None, client_secret="cs_secret_1"))
    secrets = [getattr(checkout.start(order), "client_secret", "") for _ in range(2)]
    assert secrets == ["cs_secret_1"] * 2
    assert till.keys(CREATE) == [f"checkout-{order.number}-1"] * 2
