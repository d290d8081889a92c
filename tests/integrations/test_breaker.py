"""A Redis that hangs must not cost a page a second for each question (G3, G4)."""

from typing import Any

import pytest
from django.core.cache.backends.redis import RedisCache
from limits import parse
from redis.exceptions import TimeoutError as RedisTimeout

from ilytat.caching import ForgivingRedisCache
from ilytat.integrations import breaker, limits


class Hung:
    """Counts the questions nobody answers."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        self.asked += 1
        raise RedisTimeout("Timeout reading from socket")

    hit = __call__


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Hung:
    nobody = Hung()
    for name in ("get", "get_many", "set", "set_many", "add", "delete", "delete_many"):
        monkeypatch.setattr(RedisCache, name, nobody)
    monkeypatch.setattr(limits, "shared_limiter", lambda: nobody)
    return nobody


def test_cache_and_counters_wait_for_a_hung_redis_once(hung: Hung) -> None:
    cache = ForgivingRedisCache("redis://127.0.0.1:1", {})
    cache.set("brand", 1)
    assert cache.get("brand", "nothing") == "nothing"
    assert cache.get_many(["brand"]) == {}
    assert cache.set_many({"brand": 1}) == []
    cache.delete_many(["brand"])
    assert cache.add("brand", 1)
    assert not cache.delete("brand")
    assert limits.hit(parse("1/minute"), "one")
    assert not limits.hit(parse("1/minute"), "one"), "counted alone meanwhile"
    assert hung.asked == 1


def test_what_limits_strangers_is_kept_by_the_process_meanwhile(hung: Hung) -> None:
    cache = ForgivingRedisCache("redis://127.0.0.1:1", {})
    tried, lock, used = "allauth:rl:login", "allauth:rl:login:lock", "allauth.mfa.totp.used?user=1&code=2"
    cache.set(tried, [1.0], 60)
    assert cache.get(tried) == [1.0]
    assert (cache.add(lock, 1, 10), cache.add(lock, 1, 10)) == (True, False)
    assert cache.delete(lock)
    assert (cache.add(lock, 1, 10), cache.add(used, 1, 30), cache.add(used, 1, 30)) == (True, True, False)
    assert hung.asked == 1


def test_a_lock_that_was_taken_alone_is_let_go_when_redis_is_back(monkeypatch: pytest.MonkeyPatch, hung: Hung) -> None:
    cache, lock = ForgivingRedisCache("redis://127.0.0.1:1", {}), "allauth:rl:login:lock"
    assert cache.add(lock, 1, 10)
    breaker.redis.reset()
    monkeypatch.setattr(RedisCache, "delete", lambda *_args: False)
    cache.delete(lock)
    breaker.redis.trip()
    assert cache.add(lock, 1, 10), hung.asked


def test_it_is_asked_again_after_a_rest(hung: Hung) -> None:
    limits.hit(parse("5/minute"), "one")
    breaker.redis.reset()
    limits.hit(parse("5/minute"), "one")
    assert hung.asked == 2
