from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from time_machine import TimeMachineFixture

from catalog.models import PriceChange, Variant
from catalog.sync import disappearance, price_log, upsert
from tests import factories
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock_stands(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


def variant(*history: tuple[int, int]) -> int:
    """One with these (days ago, price), oldest first; the last is its present price."""
    made = factories.variant(price=history[-1][1])
    for days, price in history:
        PriceChange.objects.create(variant=made, price=price, available=True, at=NOW - timedelta(days=days))
    return made.pk


@pytest.mark.parametrize(
    ("history", "lowest"),
    [
        ([(400, 2000)], 2000),
        ([(60, 1500), (40, 2000), (10, 1800)], 1800),
        ([(60, 1500), (29, 2000)], 1500),
        ([(60, 1500), (31, 2000)], 2000),
        ([(20, 2000), (10, 900), (9, 2000)], 900),
    ],
    ids=["never changed", "old bargain", "stood into the window", "ended before it", "a day's bargain"],
)
def test_the_lowest_price_of_thirty_days_is_of_what_stood_in_them(history: list[tuple[int, int]], lowest: int) -> None:
    key = variant(*history)
    assert price_log.lowest([key]) == {key: lowest}


@pytest.mark.parametrize(
    ("history", "prior"),
    [
        ([(60, 2500), (5, 2000)], 2500),
        ([(60, 2500), (20, 1900), (18, 2500), (5, 2000)], None),
        ([(60, 2500), (20, 2200), (18, 3000), (5, 2000)], 2200),
        ([(60, 2500), (50, 2000)], 2500),
        ([(60, 2000), (5, 2500)], None),
        ([(60, 2000)], None),
        ([(60, 2500), (5, 2000), (3, 2000)], 2500),
    ],
    ids=["cut", "was lower", "raised before the cut", "long ago", "raised", "never changed", "stock changed since"],
)
def test_a_struck_through_price_is_the_lowest_before_the_cut(history: list[tuple[int, int]], prior: int | None) -> None:
    key = variant(*history)
    assert price_log.before_reduction([key]) == ({key: prior} if prior else {})


def test_many_variants_cost_one_query(
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    keys = [variant((60, 2500), (5, 2000)) for _ in range(3)]
    with django_assert_num_queries(1):
        assert set(price_log.lowest(keys).values()) == {2000}


def log(key: int) -> list[tuple[int, bool]]:
    return list(PriceChange.objects.filter(variant__variant_id=key).order_by("pk").values_list("price", "available"))


def test_every_change_of_price_and_stock_is_kept_and_nothing_else() -> None:
    payload = tee()
    upsert.store(payload, NOW)
    for change in ({"price": 2700}, {"is_available": False}, {"sku": "other"}, {"is_enabled": False}, {"cost": 1}):
        payload["variants"][1] |= change
        upsert.store(payload, NOW)
    key = payload["variants"][1]["id"]
    assert log(key) == [(2499, True), (2700, True), (2700, False)]


def test_what_vanishes_and_returns_is_written_down() -> None:
    upsert.store(tee(), NOW)
    disappearance.gone(tee()["id"])
    upsert.store(tee(), NOW)
    assert log(12001) == [(2499, True), (2499, False), (2499, True)]
    assert log(12003) == [(Variant.objects.get(variant_id=12003).price, False)]
