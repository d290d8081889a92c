"""The rate card: read from Printify's profiles, stored by groups of variants, priced per blueprint and provider."""

from datetime import timedelta
from typing import Any

import pytest
import responses
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from catalog import freshness, shipping, shipping_rates
from catalog.models import PrintifyCache, Product
from catalog.shipping_rates import CardLine
from tests import factories

pytestmark = pytest.mark.django_db
PROFILES = "https://api.printify.com/v2/catalog/blueprints"
REST = shipping_rates.REST_OF_THE_WORLD


def product(blueprint: int = 6, provider: int = 99) -> Product:
    return factories.product(blueprint_id=blueprint, print_provider_id=provider)


def card(rates: dict[int, Any], blueprint: int = 6, provider: int = 99) -> None:
    """Store a card: `rates` is variant → method → country → [first, additional]."""
    groups = [{"variants": [variant], "rates": methods} for variant, methods in rates.items()]
    shipping._keep(shipping_rates.KIND, f"{blueprint}-{provider}", {"groups": groups})


def standard(first: int, additional: int, country: str = "US") -> dict[str, Any]:
    return {"standard": {country: [first, additional]}}


def entry(variant: Any, country: str, first: Any, additional: Any, currency: str = "USD") -> dict[str, Any]:
    cost = {"firstItem": {"amount": first, "currency": currency}}
    cost["additionalItems"] = {"amount": additional, "currency": currency}
    days = {"from": 2, "to": 5}
    facts = {"variantId": variant, "country": {"code": country}, "handlingTime": days, "shippingCost": cost}
    return {"attributes": facts}


def test_the_card_is_read_per_method_and_variants_with_the_same_rates_share_a_group() -> None:
    product()
    base = f"{PROFILES}/6/print_providers/99"
    both = [entry(variant, "US", 475, 240) for variant in (1, 2)]
    with responses.RequestsMock() as mock:
        names = [{"attributes": {"name": name}} for name in ("standard", "express", "economy")]
        mock.get(f"{base}/shipping.json", json={"data": names})
        mock.get(f"{base}/shipping/standard.json", json={"data": [*both, entry(3, REST, 1200, 600)]})
        mock.get(f"{base}/shipping/express.json", json={"data": [entry(1, "US", 799, 240), entry(2, "US", 799, 240)]})
        mock.get(f"{base}/shipping/economy.json", status=404, json={})
        assert shipping.refresh_profiles() == 1
    assert PrintifyCache.objects.get(type=shipping_rates.KIND).data == {
        "groups": [
            {
                "variants": [1, 2],
                "rates": {"standard": {"US": [475, 240]}, "printify_express": {"US": [799, 240]}},
            },
            {"variants": [3], "rates": {"standard": {REST: [1200, 600]}}},
        ]
    }


@pytest.mark.parametrize(
    "bad",
    [
        entry(1, "US", 475, 240, currency="EUR"),
        entry(1, "US", -1, 240),
        entry(1, "US", 475, "free"),
        entry(1, "", 475, 240),
        entry("x", "US", 475, 240),
        {"attributes": {"variantId": 1}},
        None,
    ],
)
def test_an_entry_without_a_price_in_the_shops_currency_is_unknown(bad: Any) -> None:
    assert shipping_rates.read({"standard": {"data": [bad]}}) == {}


def test_only_one_item_of_a_blueprint_and_provider_pays_the_first_item_price() -> None:
    card({1: standard(475, 240), 2: standard(600, 300)})
    tee = product()
    lines = [CardLine(tee, 1, 2), CardLine(product(), 2, 1)]
    assert shipping_rates.costs(lines, "US") == {"standard": 600 + 2 * 240}


def test_each_blueprint_and_each_provider_pays_its_own_first_item() -> None:
    card({1: standard(475, 240)})
    card({2: standard(900, 100)}, provider=7)
    card({3: standard(300, 50)}, blueprint=8)
    lines = [CardLine(product(), 1, 1), CardLine(product(provider=7), 2, 2), CardLine(product(blueprint=8), 3, 1)]
    assert shipping_rates.costs(lines, "US") == {"standard": 475 + 900 + 100 + 300}


def test_a_country_without_a_rate_takes_that_of_the_rest_of_the_world_or_is_not_served() -> None:
    card({1: {"standard": {"US": [475, 240], REST: [1200, 600]}, "priority": {"US": [999, 1]}}})
    line = [CardLine(product(), 1, 1)]
    assert shipping_rates.costs(line, "US") == {"standard": 475, "priority": 999}
    assert shipping_rates.costs(line, "FR") == {"standard": 1200}
    card({1: standard(475, 240)})
    assert shipping_rates.costs(line, "FR") == {}


def test_one_unknown_line_makes_the_whole_price_unknown() -> None:
    card({1: standard(475, 240)})
    assert shipping_rates.costs([CardLine(product(), 1, 1), CardLine(product(), 2, 1)], "US") is None
    assert shipping_rates.costs([CardLine(product(provider=8), 1, 1)], "US") is None
    assert shipping_rates.costs([], "US") is None


def test_a_card_older_than_the_stale_limit_is_unknown() -> None:
    card({1: standard(475, 240)})
    line = [CardLine(product(), 1, 1)]
    due = timezone.now() - freshness.limit() - shipping_rates.KEEP
    PrintifyCache.objects.update(fetched_at=due + timedelta(minutes=1))
    assert shipping_rates.costs(line, "US") == {"standard": 475}
    PrintifyCache.objects.update(fetched_at=due - timedelta(minutes=1))
    assert shipping_rates.costs(line, "US") is None


def test_express_and_economy_are_offered_for_eligible_products_only() -> None:
    methods = {name: {"US": [500, 100]} for name in ("standard", "economy", "printify_express")}
    card({1: methods})
    tee = product()
    line = [CardLine(tee, 1, 1)]
    assert shipping_rates.costs(line, "US") == {"standard": 500}
    data = {"is_economy_shipping_enabled": True, "variants": [{"id": 1, "is_printify_express_eligible": True}]}
    now = timezone.now()
    PrintifyCache.objects.update_or_create(
        type="product",
        external_id=tee.printify_id,
        defaults={"data": data, "hash": "", "fetched_at": now, "expires_at": now + timedelta(hours=1)},
    )
    assert shipping_rates.costs(line, "US") == dict.fromkeys(methods, 500)


def test_the_number_of_queries_does_not_grow_with_the_lines(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    methods = {name: {"US": [500, 100]} for name in ("standard", "economy")}
    for provider in (1, 2, 3):
        card({1: methods}, provider=provider)
    lines = [CardLine(product(provider=provider), 1, 1) for provider in (1, 2, 3)]
    with django_assert_num_queries(3):  # the stale limit, the cards, the products
        shipping_rates.costs(lines, "US")
