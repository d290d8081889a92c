"""Shipping quotes in trouble: Printify away, and one visitor who asks for far more of them than anybody needs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests import worlds
from tests.chaos.outcome import column, ends_well, order_state, upstream
from tests.shopper import FOR_SALE, PRODUCT, Shopper
from tests.stack import Stack

QUOTES = "SELECT number, quote FROM orders_order"
HAMMERING, BUYING = "203.0.113.1", "203.0.113.2"
COUNTRIES, QUANTITY_MAX = ("US", "CA", "GB", "AU"), 20
LIVE_QUOTES = 30  # per cart and minute


def agreed_quote(shop: Stack, number: str) -> dict[str, Any]:
    (agreed,) = column(shop, QUOTES, number)
    stored: dict[str, Any] = json.loads(agreed) if isinstance(agreed, str) else agreed  # SQLite stores text
    return stored


@pytest.mark.sample("always")
def test_a_guest_pays_while_printify_is_down_and_one_draft_exists_after_recovery(shop: Stack) -> None:
    fault = shop.sandbox.arm("printify.*", "503", times=None)
    number = Shopper(shop).buy()
    shop.wait_for(lambda: order_state(shop, number) == "paid", what="the payment to be booked")
    agreed = agreed_quote(shop, number)
    assert agreed["estimated"]
    assert agreed["amount"] == agreed["base"] + agreed["surcharge"]
    attempts = "SELECT external_id, attempts FROM orders_fulfilment"
    shop.wait_for(lambda: column(shop, attempts, number)[0] > 0, what="an attempt at printing to fail")
    assert upstream(shop, number) == []
    assert shop.sandbox.fired(fault) > 1
    shop.sandbox.clear()
    ends_well(shop, number)


@pytest.fixture
def behind_a_proxy(stack_seed: worlds.Seed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that sees two visitors at two addresses."""
    folder = tmp_path_factory.mktemp("proxy")
    with worlds.stack_from(stack_seed, folder, TRUSTED_PROXY_COUNT="1") as running:
        yield running


def visitor(stack: Stack, address: str) -> Shopper:
    session = requests.Session()
    session.headers["X-Forwarded-For"] = address
    return Shopper(stack, session)


def quotes_asked(stack: Stack) -> int:
    return int(stack.sandbox.state()["calls"].get("printify.orders.shipping", 0))


@pytest.mark.sample("servers")
def test_a_visitor_who_hammers_quantities_stops_no_other_checkout(behind_a_proxy: Stack) -> None:
    shop, hammering = behind_a_proxy, visitor(behind_a_proxy, HAMMERING)
    product, slug, variant = shop.sql(f"{PRODUCT} {FOR_SALE}")[0]
    hammering.open(f"/products/{slug}/")
    hammering.post("/cart/add/", {"product": product, "variant": variant, "quantity": 1})
    ((line,),) = shop.sql("SELECT id FROM orders_cartline")
    answers = []
    for country in COUNTRIES:
        answers.append(hammering.post("/cart/update/", {"country": country}).status_code)
        for quantity in range(1, QUANTITY_MAX + 1):
            answers.append(hammering.post("/cart/update/", {"line": line, "quantity": quantity}).status_code)
            hammering.open("/cart/")
    assert set(answers) == {302, 429}
    assert 0 < quotes_asked(shop) <= LIVE_QUOTES
    number = visitor(shop, BUYING).buy()
    ends_well(shop, number)
    assert "estimated" not in agreed_quote(shop, number), "the other visitor got a live quote"
