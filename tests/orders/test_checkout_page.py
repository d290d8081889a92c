"""Checkout, payment and the page after it, as they come out: words, links and figures."""

import re
from typing import Any
from unittest.mock import Mock

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.models import Variant
from orders.models import Order
from orders.states import OrderState
from payments import payment_status
from payments.stripe_objects import CheckoutSessionData
from tests import factories
from tests.addresses import FORM
from tests.orders.conftest import SHOP, Upstream, paid
from tests.pages import SESSION_ID, holding, placed_here, source, text
from tests.payloads import payload

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipping(upstream: Upstream) -> Upstream:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))
    return upstream


def thanks(client: Client) -> Any:
    return client.get("/checkout/success/", {"session_id": SESSION_ID})


# --- The checkout --------------------------------------------------------------------------------------


@pytest.fixture
def buyer(client: Client, shipping: Upstream) -> Client:
    holding(client, factories.cart(factories.variant()))
    client.get("/checkout/")
    return client


def test_the_checkout_leads_nowhere_but_on_and_back(buyer: Client) -> None:
    page = source(buyer.get("/checkout/"))
    assert 'role="search"' not in page
    assert 'href="/products/"' not in page
    assert 'aria-current="step">Delivery' in page


def test_the_button_names_the_sum_and_every_way_its_own(buyer: Client) -> None:
    page = source(buyer.get("/checkout/"))
    assert re.search(r'id="pay-now"[^>]*>Pay \$28\.98</button>', page)
    assert 'data-pay="Pay $29.74"' in page
    assert 'name="total_standard" value="2974"' in page


def test_the_totals_come_by_language(buyer: Client) -> None:
    buyer.cookies["django_language"] = "fr"
    assert "28,98\xa0$US" in source(buyer.get("/checkout/"))


def test_faults_stand_in_the_summary_and_beside_their_fields(buyer: Client) -> None:
    answer = buyer.post("/checkout/", FORM | {"email": "ana@", "region": "", "zip": "123"})
    page = source(answer)
    assert answer.status_code == 422
    assert "<title>Error: Checkout" in page
    assert 'role="alert" tabindex="-1"' in page
    for field in ("email", "region", "zip"):
        assert f'<a href="#id_{field}">' in page
        assert f'id="id_{field}_error"' in page
    assert page.count('aria-invalid="true"') == 3
    assert 'aria-describedby="id_email_helptext id_email_error"' in page


def test_asking_for_delivery_alone_finds_no_faults_and_keeps_what_was_typed(buyer: Client) -> None:
    answer = buyer.post("/checkout/", {"country": "CA", "city": "Toronto", "action": "quote"})
    page = source(answer)
    assert answer.status_code == 200
    assert 'id="errors"' not in page
    assert 'value="Toronto"' in page
    assert '<option value="CA" selected>Canada' in page


def test_a_doubt_is_asked_with_a_real_button(buyer: Client) -> None:
    answer = buyer.post("/checkout/", FORM | {"zip": "90210"})
    assert "Is the address right? The postal code 90210" in text(answer)
    assert 'name="keep_address" value="1"' in source(answer)


def test_enter_in_a_field_presses_pay_and_not_keep_my_address(buyer: Client) -> None:
    page = source(buyer.post("/checkout/", FORM | {"zip": "90210"})).split('id="checkout"', 1)[1]
    buttons = re.findall(r"<button[^>]*type=\"submit\"[^>]*>", page)
    assert "name=" not in buttons[0]


def test_a_total_of_another_tab_is_not_agreed_to(buyer: Client) -> None:
    """The session was shown 29.74 meanwhile; this tab still says 25.00."""
    answer = buyer.post("/checkout/", FORM | {"total_standard": "2500"})
    assert answer.status_code == 200
    assert "With this address and delivery the total is $29.74." in text(answer)
    assert not Order.objects.exists()


def test_news_of_a_price_waits_for_the_press_that_would_agree(buyer: Client) -> None:
    Variant.objects.update(price=2799)
    assert "A price has changed" not in text(buyer.post("/checkout/", FORM | {"action": "quote"}))
    assert "A price has changed" in text(buyer.post("/checkout/", FORM))


def test_without_ways_of_delivery_there_is_nothing_to_pay_but_to_try_again(client: Client, upstream: Upstream) -> None:
    holding(client, factories.cart(factories.variant()))
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={}, status=503)
    page = source(client.get("/checkout/"))
    assert "Try again" in page
    assert 'id="pay-now"' not in page
    assert "Pay</button>" not in page


def test_regions_are_named_and_grouped_by_the_name_of_their_country(buyer: Client) -> None:
    buyer.cookies["django_language"] = "es"
    page = source(buyer.get("/checkout/"))
    assert '<optgroup label="Estados Unidos">' in page
    assert '<option value="US" selected>Estados Unidos</option>' in page
    assert '<option value="IL">Illinois</option>' in page


def test_paying_on_our_page_allows_stripe_there_and_nowhere_else(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.STRIPE_UI_MODE = "elements"
    order = placed_here(client, factories.order(factories.variant()))
    session = Mock(CheckoutSessionData, client_secret="cs_secret", tax=0, total=order.total)
    monkeypatch.setattr("payments.checkout.start", lambda _order: session)
    answer = client.get(f"/checkout/pay/{order.token}/")
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self' https://js.stripe.com https://*.js.stripe.com;" in policy + ";"
    assert "https://hooks.stripe.com" in policy
    assert '<script src="https://js.stripe.com/endive/stripe.js" defer></script>' in source(answer)
    assert "could not be loaded" in text(answer)
    assert "stripe" not in client.get("/cart/")["Content-Security-Policy"].replace("checkout.stripe.com", "")


# --- After paying --------------------------------------------------------------------------------------


def test_paid_is_said_with_what_comes_next(client: Client) -> None:
    fulfilment = paid(ready=False, arrives_from=timezone.localdate(), arrives_until=timezone.localdate())
    placed_here(client, fulfilment.order)
    words = text(thanks(client))
    assert "It worked. Thank you!" in words
    assert fulfilment.order.number in words
    assert "a•••@example.com" in words
    assert "you can change your mind" in words
    assert "It should arrive on" in words
    assert "ana@example.com" not in words
    assert f'href="{fulfilment.order.get_absolute_url()}"' in source(thanks(client))


def test_confirming_looks_again_by_itself_and_asks_for_no_second_payment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed_here(client, factories.order(factories.variant()))
    monkeypatch.setattr(payment_status, "status", lambda *_: "confirming")
    answer = thanks(client)
    assert "Please do not pay again" in text(answer)
    assert 'data-poll="4"' in source(answer)
    assert f'href="/checkout/success/?session_id={SESSION_ID}">Look again' in source(answer)
    assert 'role="status"' in source(answer)


def test_unpaid_says_that_nothing_was_charged(client: Client) -> None:
    placed_here(client, factories.order(factories.variant(), state=OrderState.EXPIRED))
    answer = thanks(client)
    assert "Nothing was charged. Your cart is as you left it" in text(answer)
    assert 'href="/checkout/"' in source(answer)


def test_a_strangers_link_tells_nothing(client: Client) -> None:
    assert "This browser knows of no order for this link." in text(thanks(client))


def test_an_old_bookmark_of_a_canceled_order_shows_the_order(client: Client) -> None:
    order = placed_here(client, factories.paid_order())
    Order.objects.update(state=OrderState.CANCELED)
    answer = thanks(client)
    assert (answer.status_code, answer["Location"]) == (302, order.get_absolute_url())
