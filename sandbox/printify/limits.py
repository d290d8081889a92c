"""Rate limits per account: 600 a minute on all routes, 100 on the catalogue's, 200 publishings in half an hour."""

import threading
import time
from collections import defaultdict, deque

from sandbox import settings

# Requests, and the seconds in which that many may come.
BUCKETS = {
    "all": (settings.RATE_ALL, 60),
    "catalog": (settings.RATE_CATALOG, 60),
    "publish": (settings.RATE_PUBLISH, 1800),
}
_lock = threading.Lock()
_spent: defaultdict[str, deque[float]] = defaultdict(deque)


def _has_room(bucket: str) -> bool:
    limit, seconds = BUCKETS[bucket]
    spent, now = _spent[bucket], time.monotonic()
    while spent and spent[0] <= now - seconds / settings.SPEED:
        spent.popleft()
    return len(spent) < limit


def spend(bucket: str) -> bool:
    """Whether the request may pass; one that may not costs nothing. Every request also counts among "all"."""
    with _lock:
        names = {"all", bucket}
        if not all(_has_room(name) for name in names):
            return False
        for name in names:
            _spent[name].append(time.monotonic())
        return True


def forget() -> None:
    with _lock:
        _spent.clear()
