"""A promotion code in the cart: what it takes off stands in the total before anyone is asked for an address."""

import pytest
from django.test import Client

from orders.models import Cart
from payments.models import Coupon
from tests import factories
from tests.orders.conftest import SHOP, Upstream
from tests.pages import holding, source, text
from tests.payloads import payload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shipping(upstream: Upstream) -> None:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))


@pytest.fixture(autouse=True)
def cart(client: Client) -> Cart:
    return holding(client, factories.cart(factories.variant(), quantity=2))


def test_a_code_is_taken_off_the_total_and_can_be_taken_away(client: Client) -> None:
    Coupon.objects.create(code="spring", value=20)
    answer = client.post("/cart/code/", {"code": "Spring"}, follow=True)
    assert answer.redirect_chain == [("/cart/", 302)]
    assert "Discount (SPRING) \N{MINUS SIGN}$10.00" in text(answer)
    assert "Code SPRING is applied." in text(answer)
    paid_with = text(answer).split("Total ", 1)[1].split(" ", 1)[0]
    answer = client.post("/cart/code/", {"no_code": "1"}, follow=True)
    assert "Discount" not in text(answer)
    assert text(answer).split("Total ", 1)[1].split(" ", 1)[0] != paid_with


def test_a_code_for_free_delivery_shows_delivery_at_nothing(client: Client) -> None:
    Coupon.objects.create(code="gift", value=0, free_shipping=True)
    words = text(client.post("/cart/code/", {"code": "gift"}, follow=True))
    assert "Delivery is free." in words
    assert "Total $49.98" in words


def test_what_is_no_code_says_so_at_its_field_which_stands_open(client: Client) -> None:
    answer = client.post("/cart/code/", {"code": "nonsense<b>"})
    assert answer.status_code == 422
    assert "This code is not valid." in text(answer)
    assert 'aria-describedby="code-problem"' in source(answer)
    assert '<details class="fold fold--plain code" open>' in source(answer)
    assert "<title>Error: Your cart" in source(answer)


def test_without_a_cart_or_a_form_there_is_only_the_way_back(client: Client, cart: Cart) -> None:
    assert client.get("/cart/code/").headers["Location"] == "/cart/"
    cart.lines.all().delete()
    assert client.post("/cart/code/", {"code": "x"}).headers["Location"] == "/cart/"
    assert "coupon" not in client.session


def test_guesses_in_the_cart_and_at_checkout_are_counted_together(client: Client) -> None:
    Coupon.objects.create(code="spring", value=20)
    for _ in range(10):
        client.post("/cart/code/", {"code": "wrong"})
    assert "Too many codes were tried." in text(client.post("/cart/code/", {"code": "spring"}))
