"""One visitor who asks for far more shipping quotes than anybody needs.

In a module of its own: its stack has other settings, and two stacks of one process cannot run at once (one pair of
ports).
"""

from collections.abc import Iterator

import pytest
import requests

from tests import worlds
from tests.chaos.outcome import agreed_quote, ends_well
from tests.shopper import FOR_SALE, PRODUCT, Shopper
from tests.stack import Stack

HAMMERING, BUYING = "203.0.113.1", "203.0.113.2"
COUNTRIES, QUANTITY_MAX = ("US", "CA", "GB", "AU"), 20
LIVE_QUOTES = 30  # per cart and minute


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
