"""The cache is a convenience: when Redis is down, pages are slower, never broken, and limits still hold."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from ilytat.integrations import breaker

log = logging.getLogger(__name__)
T = TypeVar("T")


# What allauth counts in the cache: wrong passwords, and codes that were used. A limit that goes away with Redis is
# none: each process counts alone meanwhile, as the shop's own counters do.
COUNTED = "allauth"
alone = LocMemCache("counted alone", {"OPTIONS": {"MAX_ENTRIES": 20_000}})


def _ask(question: Callable[[], T], otherwise: Callable[[], T]) -> T:
    if breaker.redis.resting:
        return otherwise()
    try:
        return question()
    except (RedisError, OSError):
        breaker.redis.trip()
        log.warning("cache unreachable")
        return otherwise()


def _counted(key: Any) -> bool:
    return str(key).startswith(COUNTED)


class ForgivingRedisCache(RedisCache):
    """Reads miss and writes are dropped while Redis refuses or hangs; what limits strangers is counted here then."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _ask(
            lambda: super(ForgivingRedisCache, self).get(key, default, version),
            lambda: alone.get(key, default) if _counted(key) else default,
        )

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return _ask(lambda: super(ForgivingRedisCache, self).get_many(keys, version), dict)

    def set(self, key: Any, value: Any, timeout: Any = 300, version: int | None = None) -> None:
        _ask(
            lambda: super(ForgivingRedisCache, self).set(key, value, timeout, version),
            lambda: alone.set(key, value, timeout) if _counted(key) else None,
        )

    def add(self, key: Any, value: Any, timeout: Any = 300, version: int | None = None) -> bool:
        return _ask(
            lambda: super(ForgivingRedisCache, self).add(key, value, timeout, version),
            lambda: alone.add(key, value, timeout) if _counted(key) else True,
        )

    def delete(self, key: Any, version: int | None = None) -> bool:
        here = alone.delete(key)  # always: a lock may have been taken while Redis was away
        return _ask(lambda: super(ForgivingRedisCache, self).delete(key, version), lambda: here)

    def set_many(self, data: Any, timeout: Any = 300, version: int | None = None) -> list[Any]:
        for key, value in data.items():
            self.set(key, value, timeout, version)
        return []

    def delete_many(self, keys: Any, version: int | None = None) -> None:
        for key in keys:
            self.delete(key, version)
