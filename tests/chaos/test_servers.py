"""Redis flushed, refused, hung; PostgreSQL restarted: in the middle of checkout and of work (RELIABILITY G1 to G6)."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests import worlds
from tests.chaos.island import Island
from tests.chaos.outcome import ends_well
from tests.shopper import Shopper
from tests.stack import Stack

pytestmark = [pytest.mark.needs("postgresql", "redis"), pytest.mark.sample("servers")]

# Seconds that all pages of a purchase may take together while Redis is in trouble: generous, because CI's machines are
# busy. A page that hangs takes a minute; that no page asks a hung Redis twice is tests/integrations/test_breaker.py's.
QUICK = 40.0


@pytest.fixture(scope="module")
def island(stack_seed: worlds.Seed) -> Iterator[Island]:
    own = Island(stack_seed.engines)
    yield own
    own.drop()


@pytest.fixture(scope="module")
def whole(stack_seed: worlds.Seed, island: Island, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with worlds.stack_from(replace(stack_seed, engines=island), tmp_path_factory.mktemp("island")) as running:
        yield running


def _timed(stack: Stack) -> tuple[Shopper, list[float]]:
    """A shopper, and how long each page let him wait."""
    waits: list[float] = []
    shopper = Shopper(stack)
    shopper.session.hooks["response"].append(lambda answer, **_: waits.append(answer.elapsed.total_seconds()))
    return shopper, waits


def test_redis_refuses(shop: Stack, island: Island) -> None:
    shopper, waits = _timed(shop)
    island.redis.stop()
    try:
        number = shopper.buy()
        shop.wait_for(lambda: _answered(shop), what="the webhook to be answered")
    finally:
        island.redis.start()
    assert sum(waits) < QUICK, waits
    ends_well(shop, number)


def test_redis_hangs(shop: Stack, island: Island) -> None:
    shopper, waits = _timed(shop)
    island.redis.freeze()
    try:
        number = shopper.buy()
        shop.wait_for(lambda: _answered(shop), what="the webhook to be answered")
    finally:
        island.redis.wake()
    assert sum(waits) < QUICK, waits
    ends_well(shop, number)


def _answered(shop: Stack) -> bool:
    sent = [row for row in shop.sandbox.state()["deliveries"] if row["sender"] == "stripe"]
    return all(row["state"] == "delivered" for row in sent)


def test_redis_forgets_everything_all_the_time(shop: Stack) -> None:
    number = Shopper(shop).buy()
    end = time.monotonic() + 5
    while time.monotonic() < end:
        shop.flush_broker()
        time.sleep(0.05)
    ends_well(shop, number)


def test_postgresql_restarts_in_the_middle(shop: Stack, island: Island) -> None:
    fault = shop.sandbox.arm("printify.orders.create", "slow", params={"seconds": 2})
    first = Shopper(shop).buy()
    shop.wait_for(lambda: shop.sandbox.fired(fault), what="the worker to wait for Printify")
    shopper = Shopper(shop)
    session_id = shopper.to_stripe(nth=1)
    island.postgres.stop()
    try:
        assert shop.get("/cart/").status_code == 503
        assert shop.get("/api/products").status_code == 503
        assert shop.get("/healthz/deep").status_code == 503
    finally:
        island.postgres.start()
    shop.note_mails_cut_off()
    shopper.pay(session_id)
    ends_well(shop, first, shopper.number(session_id))
