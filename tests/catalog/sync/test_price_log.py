from datetime import UTC, datetime

import pytest
from time_machine import TimeMachineFixture

from catalog.models import PriceChange, Variant
from catalog.sync import removed, upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock_stands(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


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
    removed.gone(tee()["id"])
    upsert.store(tee(), NOW)
    assert log(12001) == [(2499, True), (2499, False), (2499, True)]
    assert log(12003) == [(Variant.objects.get(variant_id=12003).price, False)]
