import pytest
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from catalog import budget
from ilytat.integrations import counters
from ilytat.integrations.errors import Unavailable


def spent(lane: str) -> int:
    """How many calls a lane gets in one minute."""
    count = 0
    with pytest.raises(Unavailable) as refused:
        while True:
            budget.spend(lane)
            count += 1
    wait = refused.value.retry_after
    assert wait is not None
    assert 1 <= wait <= 60
    return count


def test_each_lane_leaves_room_for_those_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "ACCOUNT", RateLimitItemPerMinute(300))
    assert [spent(lane) for lane in ("sync", "webhooks", "orders", "checkout")] == [30, 120, 90, 60]


def test_printifys_catalogue_routes_have_a_smaller_limit_besides() -> None:
    assert spent("catalog") == 90
    assert spent("checkout") == 570 - 91


def test_while_redis_is_down_each_process_counts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Down(FixedWindowRateLimiter):
        def get_window_stats(self, *_given: object) -> object:  # type: ignore[override]  # never answers
            raise RedisError

    monkeypatch.setattr(counters, "shared", lambda: Down(counters.alone().storage))
    budget.spend("checkout")
