"""Printify's rate budget: 600 calls a minute for the account, shared by all processes, spent by lanes.

A lane leaves room for those before it, so that a full walk over the catalogue never makes a buyer wait. When Printify
says 429 all of them pause; when too many calls fail, the sync slows down (Printify contract, section 2).
"""

import random

from ilytat.integrations import limits, usage
from ilytat.integrations.errors import RateLimited
from ilytat.integrations.limits import Limit
from ilytat.integrations.usage import Usage

KEY = "printify"
# At most 580 and 95 in any minute: other programs of the account spend from the same limits.
ACCOUNT = Limit("printify", per_minute=480, burst=100)
CATALOG = Limit("printify catalog", per_minute=50, burst=45)
# How many of the account's calls each lane leaves to the lanes before it.
# Paid orders come first: quotes have the rate card to fall back on.
LEAVE = {"orders": 0, "health": 0, "checkout": 15, "webhooks": 30, "sync": 50, "catalog": 50}

UNSAID = 10.0  # seconds: a 429 without Retry-After, or with one that says "now"
LONGEST = 300.0

# Printify asks for less than 5 % of errors. The sync slows down above it, and is not begun by the clock far above it.
ERROR_SHARE = 5.0
HOPELESS_SHARE = 25.0
ENOUGH_CALLS = 50  # fewer than these say nothing
SLOWED = Limit("printify sync, slowed", per_minute=20, burst=1)


def spend(lane: str) -> None:
    """Take one call from the budget. Raises RateLimited(retry_after) when the lane has none left or all pause.

    Lane "catalog" is for Printify's own catalogue routes, which have a smaller limit besides.
    """
    buckets = [(ACCOUNT, LEAVE[lane])]
    if lane == "catalog":
        buckets.insert(0, (CATALOG, 0))
    if lane == "sync" and is_degraded(usage.recent(KEY)):
        buckets.insert(0, (SLOWED, 0))
    for limit, leave in buckets:
        if wait := limits.take(limit, leave=leave):
            raise RateLimited(f"Printify: {_why(lane)}", retry_after=min(_spread(wait), LONGEST))


def limited(seconds: float | None) -> float:
    """Printify said 429: nobody calls for as long as it asks, within reason. Returns the seconds."""
    wait = min(_spread(max(seconds or UNSAID, 1.0)), LONGEST)
    limits.pause(ACCOUNT, wait, f"Printify answered 429 and asked for {seconds or 'no certain'} seconds")
    return wait


def is_degraded(recent: Usage) -> bool:
    return recent.calls >= ENOUGH_CALLS and recent.error_share > ERROR_SHARE


def is_failing(recent: Usage) -> bool:
    return is_degraded(recent) and recent.error_share > HOPELESS_SHARE


def _why(lane: str) -> str:
    found = limits.paused(ACCOUNT)
    return found[1] if found else f"the {lane} lane has used up its calls for now"


def _spread(seconds: float) -> float:
    """Those who wait for the same moment shall not all come at it."""
    return seconds * random.uniform(1.0, 1.2)  # noqa: S311 (spreads retries; nobody gains by guessing it)
