"""The cache is a convenience: when Redis is down, pages are slower, never broken."""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

from ilytat.integrations import breaker

log = logging.getLogger(__name__)
T = TypeVar("T")


def _ask(question: Callable[[], T], otherwise: T) -> T:
    if breaker.redis.resting:
        return otherwise
    try:
        return question()
    except (RedisError, OSError):
        breaker.redis.trip()
        log.warning("cache unreachable")
        return otherwise


class ForgivingRedisCache(RedisCache):
    """Reads miss and writes are dropped while Redis refuses or hangs."""

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return _ask(lambda: super(ForgivingRedisCache, self).get(key, default, version), default)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        return _ask(lambda: super(ForgivingRedisCache, self).get_many(keys, version), {})

    def set(self, key: Any, value: Any, timeout: Any = 300, version: int | None = None) -> None:
        _ask(lambda: super(ForgivingRedisCache, self).set(key, value, timeout, version), None)

    def add(self, key: Any, value: Any, timeout: Any = 300, version: int | None = None) -> bool:
        return _ask(lambda: super(ForgivingRedisCache, self).add(key, value, timeout, version), True)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return _ask(lambda: super(ForgivingRedisCache, self).delete(key, version), False)
