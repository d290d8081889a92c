"""While Printify gives no live quote, shipping is sold from the rate card plus staff's surcharge."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from catalog import freshness, shipping_rates, shipping_surcharge
from catalog.models import PrintifyCache, Product, ShippingSurcharge
from orders import quote
from orders.live_quotes import QuoteLine
from tests import factories
from tests.orders.conftest import SHOP, Upstream

pytestmark = pytest.mark.django_db
ROUTE = f"{SHOP}/orders/shipping.json"
RATES = {1: {"standard": {"US": [475, 240]}, "priority": {"US": [1099, 299]}}}

FAILURES = {
    "down": {"status": 503},
    "slow": {"body": requests.ReadTimeout()},
    "no connection": {"body": requests.ConnectTimeout()},
    "rate limited": {"status": 429},
    "not JSON": {"body": "<html>"},
    "the key has ended": {"status": 401, "json": {}},
    "the key may not": {"status": 403, "json": {}},
}


def product(provider: int = 99) -> Product:
    with_card = factories.product(print_provider_id=provider)
    factories.rate_card(with_card, RATES)
    return with_card


def line(product: Product, quantity: int = 1, variant_id: int = 1) -> QuoteLine:
    return QuoteLine(product.printify_id, variant_id, quantity, product)


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES.keys())
def test_after_a_failure_the_rate_card_plus_the_surcharge_is_offered(
    upstream: Upstream, answer: dict[str, Any]
) -> None:
    upstream.mock.add("POST", ROUTE, **answer)
    found = quote.of_lines([line(product(), 2)], country="US", region="IL", zip_code="60606")
    assert [(x.code, x.amount, x.is_estimated) for x in found] == [
        ("standard", 715 + 72, True),
        ("priority", 1398 + 140, True),
    ]
    assert found[0].as_agreed() == {
        "method": "standard",
        "amount": 787,
        "parcels": [[99, 787]],
        "estimated": True,
        "surcharge": 72,
        "base": 715,
    }


def test_a_live_quote_is_not_estimated(upstream: Upstream) -> None:
    upstream.mock.add("POST", ROUTE, json={"standard": 475})
    [option] = quote.of_lines([line(product())], country="US")
    assert not option.is_estimated
    assert option.as_agreed() == {"method": "standard", "amount": 475, "parcels": [[99, 475]]}


def test_only_the_package_that_is_priced_from_the_card_bears_the_surcharge(upstream: Upstream) -> None:
    upstream.mock.add("POST", ROUTE, json={"standard": 500})
    live, estimated = product(1), product(2)
    quote.of_lines([line(live)], country="US")
    upstream.mock.upsert("POST", ROUTE, status=503)
    [option] = quote.of_lines([line(live), line(estimated)], country="US")
    assert option.parcels == ((1, 500), (2, 475 + 48))
    assert (option.surcharge, option.as_agreed()["base"]) == (48, 975)


@pytest.mark.parametrize("number", [quote.MOST_GROUPS, quote.MOST_GROUPS + 1])
def test_each_print_providers_package_bears_its_own_surcharge(upstream: Upstream, number: int) -> None:
    upstream.mock.add("POST", ROUTE, status=503)
    shipping_surcharge.choose(is_on=True, percent=0, fixed=100, by=None)
    [standard, _priority] = quote.of_lines([line(product(provider)) for provider in range(1, number + 1)], country="US")
    assert standard.parcels == tuple((provider, 475 + 100) for provider in range(1, number + 1))
    assert standard.surcharge == number * 100


def test_staff_set_the_surcharge_or_turn_estimates_off(upstream: Upstream) -> None:
    upstream.mock.add("POST", ROUTE, status=503)
    tee = product()
    assert shipping_surcharge.choose(is_on=True, percent=0, fixed=150, by=None)
    assert not shipping_surcharge.choose(is_on=True, percent=0, fixed=150, by=None)
    assert quote.of_lines([line(tee)], country="US")[0].amount == 475 + 150
    shipping_surcharge.choose(is_on=False, percent=0, fixed=150, by=None)
    with pytest.raises(quote.QuoteUnavailable):
        quote.of_lines([line(tee)], country="US")


def test_by_default_ten_percent_are_added_rounded_up() -> None:
    assert shipping_surcharge.amount(475, shipping_surcharge.current()) == 48
    assert not ShippingSurcharge.objects.exists()


def test_what_the_card_does_not_know_cannot_be_quoted(upstream: Upstream) -> None:
    upstream.mock.add("POST", ROUTE, status=503)
    tee, elsewhere = product(), factories.product(print_provider_id=98)
    for lines in ([line(tee, variant_id=2)], [QuoteLine(tee.printify_id, 1, 1, None)], [line(elsewhere)]):
        with pytest.raises(quote.QuoteUnavailable) as refused:
            quote.of_lines(lines, country="US")
        assert refused.type is quote.QuoteUnavailable


def test_the_card_knows_where_nothing_is_sent(upstream: Upstream) -> None:
    upstream.mock.add("POST", ROUTE, status=503)
    with pytest.raises(quote.DestinationNotServed):
        quote.of_lines([line(product())], country="CA")


def test_a_card_older_than_the_stale_limit_is_not_sold_from(upstream: Upstream) -> None:
    upstream.mock.add("POST", ROUTE, status=503)
    tee = product()
    too_old = freshness.limit() + shipping_rates.KEEP + timedelta(minutes=1)
    PrintifyCache.objects.update(fetched_at=timezone.now() - too_old)
    with pytest.raises(quote.QuoteUnavailable):
        quote.of_lines([line(tee)], country="US")
