"""Paying from this browser: what was seen is charged, and the page afterwards tells the truth (E1, H6, H7, H14)."""

from typing import Any

import pytest
import requests
from django.test import Client
from pytest_django.fixtures import Settings

from catalog.models import Variant
from ilytat.integrations import alerts
from orders.models import Cart, CartLine, Order
from payments.models import CheckoutSession
from tests import factories
from tests.orders.conftest import SHOP, Upstream
from tests.pages import holding, text
from tests.payloads import payload
from tests.payments.conftest import (
    API,
    CREATE,
    SESSION,
    STRIPE,
    Till,
    expired_session,
    form,
    paid_session,
    pay,
    refused,
    remembers,
    session_of,
    waiting,
)

pytestmark = pytest.mark.django_db


def test_the_browser_that_placed_the_order_may_redirect_the_parcel_without_a_code(
    client: Client, cart: Cart, till: Till
) -> None:
    pay(client)
    order = Order.objects.get()
    till.session(paid_session(order))
    client.get(f"/checkout/success/?session_id={SESSION}")
    address = f"{order.get_absolute_url()}address/"
    assert client.get(address).status_code == 200
    assert "verify/" in Client().get(address)["Location"]


# --- to Stripe ------------------------------------------------------------------------------------------


def test_agreeing_leads_to_stripes_page_with_what_was_seen(client: Client, cart: Cart, till: Till) -> None:
    answer = pay(client)
    assert (answer.status_code, answer["Location"]) == (303, STRIPE)
    order = Order.objects.get()
    assert (order.state, order.subtotal, order.shipping, order.total) == ("awaiting_payment", 4998, 475, 5473)
    sent = form(till.asked("POST", CREATE)[0])
    assert sent["client_reference_id"] == order.number
    assert sent["line_items[0][price_data][unit_amount]"] == "2499"
    assert CartLine.objects.get().quantity == 2, "the cart is kept until the money is there"


def test_prices_in_the_form_change_nothing(client: Client, cart: Cart, till: Till) -> None:
    """Whatever a form may claim beside its own fields."""
    lies = {
        "price": "1",
        "unit_price": "1",
        "subtotal": "1",
        "total": "1",
        "shipping": "0",
        "amount": "1",
        "discount": "9",
    }
    lies |= {"currency": "JPY", "state": "paid", "live": "1", "tax": "-5", "quantity": "1"}
    assert pay(client, **lies)["Location"] == STRIPE
    order = Order.objects.get()
    assert (order.total, order.currency, order.state, order.live) == (5473, "USD", "awaiting_payment", False)
    assert form(till.asked("POST", CREATE)[0])["line_items[0][price_data][unit_amount]"] == "2499"


def test_a_double_click_is_one_order_one_session_and_one_page(client: Client, cart: Cart, till: Till) -> None:
    assert [pay(client)["Location"] for _ in range(3)] == [STRIPE] * 3
    assert Order.objects.count() == CheckoutSession.objects.count() == len(till.asked("POST", CREATE)) == 1


def test_a_price_that_changed_since_is_told_before_anyone_pays(client: Client, cart: Cart, till: Till) -> None:
    Variant.objects.update(price=2999)
    answer = pay(client)
    assert answer.status_code == 200
    assert "A price has changed" in text(answer)
    assert not Order.objects.exists()
    assert pay(client)["Location"] == STRIPE
    assert Order.objects.get().total == 2 * 2999 + 475


def test_a_dearer_delivery_is_told_before_anyone_pays(client: Client, cart: Cart, shipping: Upstream) -> None:
    dearer = payload("printify/shipping", standard=900)
    shipping.mock.upsert("POST", f"{SHOP}/orders/shipping.json", json=dearer)
    answer = pay(client, zip="60607")
    assert "the total is $58.98" in text(answer)
    assert not Order.objects.exists()


def test_a_delivery_that_is_not_offered_is_not_replaced_in_silence(client: Client, cart: Cart, till: Till) -> None:
    answer = pay(client, method="by_balloon")
    assert (answer.status_code, Order.objects.count()) == (200, 0)
    assert "not offered" in text(answer)


def test_another_address_is_another_order_and_closes_the_first_session(client: Client, cart: Cart, till: Till) -> None:
    pay(client)
    first = Order.objects.get()
    till.expires(json=expired_session(first))
    till.mock.upsert(
        "POST", f"{API}/checkout/sessions", json=payload("stripe/session", id=f"{SESSION}x", url=f"{STRIPE}x")
    )
    assert pay(client, address1="1 Main St")["Location"] == f"{STRIPE}x"
    first.refresh_from_db()
    assert (first.state, Order.objects.waiting().count()) == ("expired", 1)


def test_a_first_session_that_was_paid_after_all_is_shown(client: Client, cart: Cart, till: Till) -> None:
    pay(client)
    first = Order.objects.get()
    till.expires(**refused(400))
    till.session(paid_session(first))
    answer = pay(client, address1="1 Main St")
    assert (answer.status_code, answer["Location"]) == (302, first.get_absolute_url())
    assert len(till.asked("POST", CREATE)) == 1, "nobody is asked to pay again"


@pytest.mark.parametrize("answer", [{"status": 503}, {"body": requests.ReadTimeout()}, refused(401), refused(429)])
def test_while_stripe_is_down_the_cart_is_kept_and_nothing_is_promised(
    client: Client, shipping: Upstream, till: Till, answer: dict[str, Any]
) -> None:
    cart = holding(client, factories.cart(factories.variant()))
    till.creates(**answer)
    client.get("/checkout/")
    page = pay(client)
    assert page.status_code == 503
    assert "Nothing was charged" in text(page)
    assert "ana@example.com" in page.content.decode(), "nothing has to be typed again"
    assert cart.lines.count() == 1
    till.mock.remove("POST", f"{API}/checkout/sessions")
    till.creates(payload("stripe/session"))
    alerts.close_alert("provider:stripe")  # as the health check does when Stripe takes the key again
    assert pay(client)["Location"] == STRIPE
    assert Order.objects.count() == CheckoutSession.objects.count() == 1


def test_what_came_to_nothing_can_be_paid_on_another_day(client: Client, cart: Cart, till: Till) -> None:
    pay(client)
    old = Order.objects.get()
    till.session(expired_session(old))
    CheckoutSession.objects.update(state="expired")
    Order.objects.update(state="expired")
    till.mock.upsert(
        "POST", f"{API}/checkout/sessions", json=payload("stripe/session", id=f"{SESSION}x", url=f"{STRIPE}x")
    )
    client.get("/checkout/")
    assert pay(client)["Location"] == f"{STRIPE}x"
    assert Order.objects.waiting().get() != old


def test_back_after_paying_shows_the_order(client: Client) -> None:
    order = waiting(state="paid")
    holding(client, factories.cart())
    remembers(client, order)
    assert client.get("/checkout/")["Location"] == order.get_absolute_url()
    assert pay(client)["Location"] == order.get_absolute_url()


def test_a_total_no_card_can_pay_is_said_not_sent(client: Client, shipping: Upstream, till: Till) -> None:
    free = payload("printify/shipping", standard=0, economy=0)
    shipping.mock.upsert("POST", f"{SHOP}/orders/shipping.json", json=free)
    holding(client, factories.cart(factories.variant(price=10)))
    client.get("/checkout/")
    assert "cannot be paid by card" in text(pay(client))
    assert not till.asked("POST", CREATE)


def test_what_sold_out_meanwhile_is_not_paid_for(client: Client, cart: Cart) -> None:
    Variant.objects.update(is_available=False)
    assert pay(client)["Location"] == "/cart/"
    assert not Order.objects.exists()


def test_forms_need_their_token(shipping: Upstream) -> None:
    client = Client(enforce_csrf_checks=True)
    holding(client, factories.cart(factories.variant()))
    assert pay(client).status_code == 403


# --- paying on our page -----------------------------------------------------------------------------------


@pytest.fixture
def elements(settings: Settings) -> None:
    settings.STRIPE_UI_MODE = "elements"


@pytest.mark.usefixtures("elements")
def test_the_secret_is_given_to_the_buyers_browser_alone(client: Client, till: Till) -> None:
    order = waiting()
    till.creates(session_of(order, url=None, client_secret="cs_secret_1"))
    assert client.get(f"/checkout/pay/{order.token}/").status_code == 404
    assert not till.mock.calls
    remembers(client, order)
    answer = client.get(f"/checkout/pay/{order.token}/")
    assert "cs_secret_1" in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_without_elements_there_is_no_such_page(client: Client) -> None:
    order = waiting()
    remembers(client, order)
    assert client.get(f"/checkout/pay/{order.token}/").status_code == 404


@pytest.mark.usefixtures("elements")
@pytest.mark.parametrize("state", ["paid", "expired", "canceled"])
def test_what_is_past_paying_is_shown_instead(client: Client, state: str) -> None:
    order = waiting(state=state)
    remembers(client, order)
    assert client.get(f"/checkout/pay/{order.token}/")["Location"] == order.get_absolute_url()


@pytest.mark.usefixtures("elements")
def test_agreeing_leads_to_our_own_page(client: Client, cart: Cart) -> None:
    answer = pay(client)
    assert answer["Location"] == f"/checkout/pay/{Order.objects.get().token}/"
