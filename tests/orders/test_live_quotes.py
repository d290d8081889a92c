"""When Printify is asked for a quote, and when not: limits, pauses per print provider, remembered refusals."""

from typing import Any

import pytest
import requests
from django.test import Client
from pytest_django.fixtures import Settings

from catalog.models import Product
from orders import cart as carts
from orders import live_quotes, quote
from orders.live_quotes import QuoteLine
from tests import factories
from tests.orders.conftest import SHOP, Upstream
from tests.pages import holding

pytestmark = pytest.mark.django_db
ROUTE = f"{SHOP}/orders/shipping.json"


@pytest.fixture
def no_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """More calls at once than the account's budget has in reserve."""
    monkeypatch.setattr("catalog.printify.rate_budget.limits.take", lambda *_limit, **_leave: 0.0)


def line(product: Product, quantity: int = 1) -> QuoteLine:
    return QuoteLine(product.printify_id, 1, quantity, product)


def answers(upstream: Upstream, **answer: Any) -> None:
    upstream.mock.upsert("POST", ROUTE, **answer or {"json": {"standard": 475}})


def calls(upstream: Upstream) -> int:
    return len(upstream.asked("POST", "/orders/shipping.json"))


def no_quote(*lines: QuoteLine, country: str = "US", **given: Any) -> type[quote.QuoteUnavailable]:
    with pytest.raises(quote.QuoteUnavailable) as refused:
        quote.of_lines(lines, country=country, **given)
    return refused.type


@pytest.mark.parametrize("answer", [{"body": requests.ReadTimeout()}, {"status": 429}, {"status": 401, "json": {}}])
def test_a_failure_that_no_product_explains_pauses_its_print_provider_only(
    upstream: Upstream, answer: dict[str, Any]
) -> None:
    answers(upstream, **answer)
    failing, same_provider = (factories.product(print_provider_id=1) for _ in range(2))
    no_quote(line(failing))
    no_quote(line(same_provider), country="CA")
    assert calls(upstream) == 1
    assert not live_quotes._is_paused(live_quotes.Question([line(factories.product(print_provider_id=2))], {}))


BROKEN = [{"status": 503}, {"body": "<html>"}, {"status": 403, "json": {}}]


@pytest.mark.parametrize("answer", BROKEN)
def test_one_broken_product_pauses_only_the_questions_with_it(upstream: Upstream, answer: dict[str, Any]) -> None:
    """A stranger's cart may hold it: the other products of its print provider keep their live quotes."""
    broken, good = (factories.product(print_provider_id=1) for _ in range(2))
    for _again in range(3):
        answers(upstream, **answer)
        no_quote(line(broken))
        no_quote(line(broken, 2), line(good), country="CA")
        answers(upstream)
        assert quote.of_lines([line(good)], country="US")[0].amount == 475
    assert calls(upstream) == 2


def test_a_cart_with_a_broken_product_pauses_none_of_its_other_products(upstream: Upstream) -> None:
    answers(upstream, status=503)
    broken, good = (factories.product(print_provider_id=1) for _ in range(2))
    no_quote(line(broken), line(good))
    no_quote(line(good), line(broken, 2))
    assert calls(upstream) == 1
    answers(upstream)
    assert quote.of_lines([line(good)], country="US")[0].amount == 475


def test_failures_that_no_single_product_explains_pause_the_print_provider(upstream: Upstream) -> None:
    answers(upstream, status=503)
    first, second, third = (factories.product(print_provider_id=1) for _ in range(3))
    no_quote(line(first), line(second))
    no_quote(line(first))
    no_quote(line(second))
    no_quote(line(third))
    assert calls(upstream) == 3
    answers(upstream)
    assert quote.of_lines([line(factories.product(print_provider_id=2))], country="US")[0].amount == 475


def test_one_question_for_many_print_providers_pauses_only_itself(upstream: Upstream) -> None:
    answers(upstream, body=requests.ReadTimeout())
    lines = [line(factories.product(print_provider_id=number)) for number in range(1, quote.MOST_GROUPS + 2)]
    no_quote(*lines)
    no_quote(*lines, country="CA")
    assert calls(upstream) == 1
    answers(upstream)
    assert quote.of_lines(lines[:1], country="US")[0].amount == 475


def test_a_failure_of_a_product_without_a_known_provider_pauses_that_product_only(upstream: Upstream) -> None:
    answers(upstream, status=503)
    no_quote(QuoteLine("p1", 1, 1, None))
    no_quote(QuoteLine("p1", 1, 2, None))
    assert calls(upstream) == 1
    answers(upstream)
    assert quote.of_lines([QuoteLine("p2", 1, 1, None)], country="US")[0].amount == 475


REFUSALS = [
    (400, {"code": 8103}, quote.DestinationNotServed),
    (400, {"code": 8104}, quote.QuoteUnavailable),
    (404, {}, quote.QuoteUnavailable),
    (422, {"error": "Invalid product ID format."}, quote.QuoteUnavailable),
]


@pytest.mark.parametrize(("status", "body", "error"), REFUSALS)
def test_a_refused_product_or_address_pauses_nobody_and_is_not_asked_again(
    upstream: Upstream, status: int, body: dict[str, Any], error: type[quote.QuoteUnavailable]
) -> None:
    answers(upstream, status=status, json=body)
    refused, other = factories.product(), factories.product()
    factories.rate_card(refused, {1: {"standard": {"US": [500, 200]}}})
    assert [no_quote(line(refused, quantity)) for quantity in (1, 2, 3)] == [error] * 3
    assert calls(upstream) == 1
    answers(upstream)
    assert quote.of_lines([line(other)], country="US")[0].amount == 475
    assert quote.of_lines([line(refused)], country="CA")[0].amount == 475


@pytest.mark.parametrize(("status", "body"), [(400, {}), (400, {"code": 8150}), (400, {"code": 8502}), (402, {})])
def test_a_refusal_of_another_kind_is_estimated_pauses_nobody_and_is_not_asked_again(
    upstream: Upstream, status: int, body: dict[str, Any]
) -> None:
    """It names neither the address nor the product, so the buyer is told of neither."""
    answers(upstream, status=status, json=body)
    refused, other = factories.product(print_provider_id=1), factories.product(print_provider_id=1)
    factories.rate_card(refused, {1: {"standard": {"US": [500, 200]}}})
    prices = [quote.of_lines([line(refused, quantity)], country="US")[0].amount for quantity in (1, 2, 3)]
    assert prices == [550, 770, 990]
    assert calls(upstream) == 1
    answers(upstream)
    assert quote.of_lines([line(other)], country="US")[0].amount == 475


def test_one_page_waits_for_one_failure_only(upstream: Upstream) -> None:
    answers(upstream, body=requests.ReadTimeout())
    products = [factories.product(print_provider_id=number) for number in (1, 2, 3)]
    for product in products:
        factories.rate_card(product, {1: {"standard": {"US": [500, 200]}}})
    [option] = quote.of_lines([line(product) for product in products], country="US")
    assert (option.amount, calls(upstream)) == (3 * 550, 1)


@pytest.mark.usefixtures("no_budget")
@pytest.mark.parametrize("asker", ["cart:1", "client:203.0.113.9", "order:1"])
def test_an_asker_over_the_limit_costs_no_call_and_stops_nobody_else(upstream: Upstream, asker: str) -> None:
    answers(upstream)
    product, limit = factories.product(), live_quotes.LIMITS[asker.partition(":")[0]].amount
    for quantity in range(1, limit + 1):
        assert quote.of_lines([line(product, quantity)], country="US", askers=[asker])[0].amount == 475
    no_quote(line(product, limit + 1), askers=[asker])
    assert calls(upstream) == limit
    assert quote.of_lines([line(product, 1)], country="US", askers=[asker])  # the stored answer costs no call
    assert quote.of_lines([line(product, limit + 1)], country="US", askers=["cart:2"])


def test_over_the_limit_the_rate_card_answers_without_the_surcharge(upstream: Upstream) -> None:
    answers(upstream)
    product = factories.product()
    factories.rate_card(product, {1: {"standard": {"US": [500, 200]}}})
    for quantity in range(1, live_quotes.LIMITS["cart"].amount + 1):
        quote.of_lines([line(product, quantity)], country="US", askers=["cart:1"])
    [option] = quote.of_lines([line(product, 50)], country="US", askers=["cart:1"])
    assert (option.is_estimated, option.amount, option.surcharge) == (True, 500 + 49 * 200, 0)


def test_while_printify_is_away_nobody_waives_the_surcharge_by_asking_often(upstream: Upstream) -> None:
    answers(upstream, body=requests.ReadTimeout())
    product = factories.product()
    factories.rate_card(product, {1: {"standard": {"US": [500, 200]}}})
    lines, limit = [line(product)], live_quotes.LIMITS["cart"].amount
    amounts = {quote.of_lines(lines, country="US", askers=["cart:1"])[0].amount for _time in range(limit + 2)}
    assert amounts == {550}


def test_a_cart_is_limited_whatever_its_address(upstream: Upstream) -> None:
    answers(upstream)
    shown = carts.view(factories.cart(factories.variant()))
    for number in range(live_quotes.LIMITS["cart"].amount):
        assert quote.options(shown, country="US", zip_code=f"{number:05}", client=f"203.0.113.{number}")
    with pytest.raises(quote.QuoteUnavailable):
        quote.options(shown, country="US", client="203.0.113.99")


@pytest.mark.usefixtures("no_budget")
def test_an_office_behind_one_address_has_room_for_five_busy_carts(upstream: Upstream) -> None:
    answers(upstream)
    product, per_cart = factories.product(), live_quotes.LIMITS["cart"].amount
    for cart in range(5):
        for number in range(per_cart):
            askers, zip_code = [f"cart:{cart}", "client:203.0.113.1"], f"{cart}{number:04}"
            assert not quote.of_lines([line(product)], country="US", zip_code=zip_code, askers=askers)[0].is_estimated
    no_quote(line(product), askers=["cart:6", "client:203.0.113.1"])


def test_one_browser_that_hammers_the_cart_gets_a_page_and_no_call_more(
    client: Client, upstream: Upstream, settings: Settings
) -> None:
    answers(upstream)
    variants = [factories.variant(factories.product(print_provider_id=1)) for _ in range(2)]
    lines = holding(client, factories.cart(*variants)).lines.all()
    statuses = []
    for number in range(61):
        turn, quantity = divmod(number, settings.QUANTITY_MAX)
        form = {"line": lines[turn % 2].pk, "quantity": quantity + 1}
        statuses.append(client.post("/cart/update/", form).status_code)
        client.get("/cart/")
    assert statuses == [302] * 60 + [429]
    assert calls(upstream) == live_quotes.LIMITS["cart"].amount
