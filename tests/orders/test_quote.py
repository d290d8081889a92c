"""Shipping as Printify tells it: cheapest first, kept for a while, and never a page that hangs (I9)."""

import json
from typing import Any

import pytest
import requests
from pytest_django.fixtures import Settings

from ilytat.integrations.models import ApiUsage
from orders import cart as carts
from orders import quote
from orders.cart import CartView
from tests import factories
from tests.orders.conftest import SHOP, Upstream
from tests.payloads import payload

pytestmark = pytest.mark.django_db
ROUTE = f"{SHOP}/orders/shipping.json"


@pytest.fixture
def shown() -> CartView:
    return carts.view(factories.cart(factories.variant(), quantity=2))


def _answers(upstream: Upstream, **answer: Any) -> None:
    upstream.mock.add("POST", ROUTE, **answer or {"json": payload("printify/shipping")})


def _asked(upstream: Upstream) -> int:
    return len(upstream.asked("POST", "/orders/shipping.json"))


def test_the_cheapest_way_comes_first(upstream: Upstream, shown: CartView) -> None:
    _answers(upstream)
    found = quote.options(shown, country="US", region="IL", zip_code="60606")
    assert [(x.code, x.amount) for x in found] == [
        ("economy", 399),
        ("standard", 475),
        ("printify_express", 799),
        ("priority", 1299),
    ]
    assert all(x.earliest <= x.latest and x.name for x in found)


def test_the_name_that_changes_its_meaning_is_not_sold(upstream: Upstream, shown: CartView) -> None:
    """`express` was what priority is called now, and shall be Printify Express (Printify contract, section 8)."""
    _answers(upstream, json={"standard": 475, "express": 1299})
    assert [x.code for x in quote.options(shown, country="US")] == ["standard"]


def test_printify_is_asked_for_the_very_lines_and_place(upstream: Upstream, shown: CartView) -> None:
    _answers(upstream)
    quote.options(shown, country="CA", region="ON", zip_code="K1A 0A2")
    [line] = shown.lines
    assert json.loads(upstream.mock.calls[0].request.body or b"") == {
        "line_items": [
            {"product_id": line.product.printify_id, "variant_id": line.variant.variant_id, "quantity": 2},
        ],
        "address_to": {"country": "CA", "region": "ON", "zip": "K1A 0A2"},
    }


def test_an_answer_is_kept_for_the_same_lines_and_place_only(upstream: Upstream, shown: CartView) -> None:
    _answers(upstream)
    first = quote.options(shown, country="US")
    assert quote.options(shown, country="US") == first
    assert _asked(upstream) == 1
    quote.options(shown, country="CA")
    other = carts.view(factories.cart(factories.variant()))
    quote.options(other, country="US")
    assert _asked(upstream) == 3


def test_ways_that_are_not_offered_are_missing(upstream: Upstream, shown: CartView) -> None:
    _answers(upstream, json={"standard": 475, "economy": None, "priority": "1299", "printify_express": -5})
    assert [x.code for x in quote.options(shown, country="US")] == ["standard"]


FAILURES = {
    "down": {"status": 503},
    "slow": {"body": requests.ReadTimeout()},
    "refusing connections": {"body": requests.ConnectTimeout()},
    "too many requests": {"status": 429},
    "not JSON": {"body": "<html>"},
    "our key is not taken": {"status": 401, "json": {}},
    "our key may not": {"status": 403, "json": {}},
}


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
def test_after_a_failure_nobody_asks_again_for_a_while(
    upstream: Upstream, shown: CartView, answer: dict[str, Any]
) -> None:
    """It is our trouble or Printify's, not the buyer's address."""
    _answers(upstream, **answer)
    with pytest.raises(quote.QuoteUnavailable) as refused:
        quote.options(shown, country="US")
    assert not isinstance(refused.value, quote.DestinationNotServed)
    with pytest.raises(quote.QuoteUnavailable):
        quote.options(shown, country="CA")
    assert _asked(upstream) == 1
    assert quote.options_or_none(shown, country="US") == []


def test_a_pause_does_not_hide_what_is_known(upstream: Upstream, shown: CartView) -> None:
    _answers(upstream)
    known = quote.options(shown, country="US")
    _answers(upstream, status=503)
    with pytest.raises(quote.QuoteUnavailable):
        quote.options(shown, country="CA")
    assert quote.options(shown, country="US") == known


def test_a_place_that_printify_refuses_is_not_served(upstream: Upstream, shown: CartView) -> None:
    _answers(upstream, status=400, json=payload("printify/refused_address"))
    with pytest.raises(quote.DestinationNotServed):
        quote.options(shown, country="US")


EMPTY = [{"json": {}}, {"json": []}, {"json": None}, {"body": ""}, {"json": {"standard": "475", "express": 1299}}]


@pytest.mark.parametrize("answer", EMPTY)
def test_an_answer_without_a_readable_cost_is_a_failure_and_not_stored(
    upstream: Upstream, shown: CartView, answer: dict[str, Any]
) -> None:
    """Contract, section 8: methods that are not offered are missing. None at all says nothing about the address."""
    _answers(upstream, **answer)
    with pytest.raises(quote.QuoteUnavailable) as refused:
        quote.options(shown, country="US")
    assert refused.type is quote.QuoteUnavailable
    [line] = shown.lines
    factories.rate_card(line.product, {line.variant.variant_id: {"standard": {"US": [475, 240]}}})
    assert quote.options(shown, country="US")[0].is_estimated


def test_a_country_we_do_not_ship_to_costs_no_call(upstream: Upstream, shown: CartView, settings: Settings) -> None:
    with pytest.raises(quote.DestinationNotServed):
        quote.options(shown, country="KP")
    assert not upstream.mock.calls
    assert not ApiUsage.objects.exists()
    assert quote.default_country() == settings.SHIP_TO_COUNTRIES[0]


def test_every_way_has_a_name_and_a_code_at_printify() -> None:
    assert quote.NAMES.keys() == quote.METHOD_CODES.keys()
    assert quote.METHOD_CODES == {"standard": 1, "priority": 2, "printify_express": 3, "economy": 4}
