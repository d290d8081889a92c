"""Counting with Redis, without it, and while it is down (H16)."""

import pytest
from limits import parse
from limits.strategies import FixedWindowRateLimiter
from pytest_django.fixtures import Settings
from redis.exceptions import RedisError

from ilytat.integrations import breaker, limits

LIMIT = parse("2/minute")


def test_without_redis_this_process_counts_alone(settings: Settings) -> None:
    settings.REDIS_URL = ""
    assert limits.shared_limiter() is limits.local_limiter()
    assert [limits.hit(LIMIT, "a") for _ in range(3)] == [True, True, False]
    assert limits.hit(LIMIT, "b"), "each key on its own"


def test_redis_is_never_waited_for_longer_than_a_second(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    asked: dict[str, object] = {}

    def storage(url: str, **options: object) -> object:
        asked.update(options, url=url)
        return limits.local_limiter().storage

    monkeypatch.setattr(limits, "RedisStorage", storage)
    assert isinstance(limits.shared_limiter(), FixedWindowRateLimiter)
    assert asked == {"url": settings.REDIS_URL, "socket_timeout": 1, "socket_connect_timeout": 1}


@pytest.mark.parametrize("error", [RedisError("down"), OSError("no route")])
def test_while_redis_is_down_it_is_asked_once_and_counting_goes_on(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    asked: list[Exception] = []

    def down() -> FixedWindowRateLimiter:
        asked.append(error)
        raise error

    monkeypatch.setattr(limits, "shared_limiter", down)
    assert [limits.hit(LIMIT, "a") for _ in range(3)] == [True, True, False]
    assert (len(asked), breaker.redis.resting) == (1, True)
