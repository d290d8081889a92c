"""Printify's rate budget: 600 calls a minute for the account, shared by all processes, spent by lanes.

A lane leaves room for those before it, so that a full walk over the catalogue never makes a buyer wait. Where each
process counts alone (no Redis), Printify's own 429 is the last word.
"""

import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from ilytat.integrations import counters
from ilytat.integrations.errors import Unavailable

# Printify contract, section 2, with a margin: other programs of the account spend from the same limits.
ACCOUNT = RateLimitItemPerMinute(570)
CATALOG = RateLimitItemPerMinute(90)
# How many of the account's calls each lane leaves to the lanes before it.
RESERVE = {"checkout": 0, "orders": 60, "webhooks": 150, "sync": 270, "catalog": 150}
KEY = "printify"


def spend(lane: str) -> None:
    """Take one call from the budget. Raises Unavailable(retry_after) when the lane has none left this minute.

    Lane "catalog" is for Printify's own catalogue routes, which have a smaller limit besides.
    """
    try:
        _take(counters.shared(), lane)
    except (RedisError, OSError):
        _take(counters.alone(), lane)


def _take(limiter: FixedWindowRateLimiter, lane: str) -> None:
    remaining = limiter.get_window_stats(ACCOUNT, KEY).remaining
    if remaining <= RESERVE[lane] or not limiter.hit(ACCOUNT, KEY):
        raise _used_up(limiter, ACCOUNT, lane)
    if lane == "catalog" and not limiter.hit(CATALOG, KEY):
        raise _used_up(limiter, CATALOG, lane)


def _used_up(limiter: FixedWindowRateLimiter, limit: RateLimitItem, lane: str) -> Unavailable:
    left = limiter.get_window_stats(limit, KEY).reset_time - time.time()
    wait = min(max(left, 1.0), 60.0)
    return Unavailable(f"Printify: the {lane} lane has used up its calls of this minute", retry_after=wait)
