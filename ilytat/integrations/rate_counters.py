"""Rate counters: shared by all processes through Redis; without it, and while it is down, each process counts alone."""

import logging
from functools import cache

from django.conf import settings
from limits import RateLimitItem
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from ilytat.integrations import breaker

log = logging.getLogger(__name__)

REDIS_SECONDS = 1


@cache
def alone() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


@cache
def shared() -> FixedWindowRateLimiter:
    """Its calls raise RedisError or OSError while Redis is down: go on with `alone()` then."""
    if not settings.REDIS_URL:
        return alone()
    storage = RedisStorage(settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
    return FixedWindowRateLimiter(storage)


def hit(limit: RateLimitItem, *key: str) -> bool:
    """Count one. False when the limit was reached before."""
    if breaker.redis.resting:
        return alone().hit(limit, *key)
    try:
        return shared().hit(limit, *key)
    except (RedisError, OSError):
        breaker.redis.trip()
        log.warning("rate counters: Redis unreachable, counting alone")
        return alone().hit(limit, *key)
