"""Rate counters: shared by all processes through Redis; without it, and while it is down, each process counts alone."""

import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, update_wrapper
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis.exceptions import RedisError

from ilytat.integrations import breaker
from ilytat.integrations.models import RateBucket

log = logging.getLogger(__name__)

REDIS_SECONDS = 1


@cache
def local_limiter() -> FixedWindowRateLimiter:
    return FixedWindowRateLimiter(MemoryStorage())


@cache
def shared_limiter() -> FixedWindowRateLimiter:
    """Its calls raise RedisError or OSError while Redis is down: go on with `alone()` then."""
    if not settings.REDIS_URL:
        return local_limiter()
    storage = RedisStorage(settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS)
    return FixedWindowRateLimiter(storage)


def hit(limit: RateLimitItem, *key: str) -> bool:
    """Count one. False when the limit was reached before."""
    if breaker.redis.resting:
        return local_limiter().hit(limit, *key)
    try:
        return shared_limiter().hit(limit, *key)
    except (RedisError, OSError):
        breaker.redis.trip()
        log.warning("rate counters: Redis unreachable, counting alone")
        return local_limiter().hit(limit, *key)


P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def client_address(request: HttpRequest) -> str:
    """The caller's address: X-Forwarded-For is believed only as far as our own proxies wrote it."""
    proxies: int = settings.TRUSTED_PROXY_COUNT
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if proxies and len(hops) >= proxies:
        return address_key(hops[-proxies])
    return address_key(str(request.META.get("REMOTE_ADDR", "")))


def address_key(address: str) -> str:
    """One line of IPv6 has a whole /64 to change addresses in: it counts as one."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    # A socket that listens for both kinds names the old addresses in the new way.
    return str(known.ipv4_mapped or ipaddress.ip_network((int(known), 64), strict=False))


def ratelimit(rate: str, *, methods: frozenset[str] = frozenset({"POST"})) -> Callable[[View[P]], View[P]]:
    """Allow `rate` ("10/minute") requests to this view from one address; more get a page that says so (429).

    Requests with any of `methods` count together.
    """
    limit = parse(rate)

    def around(view: View[P]) -> View[P]:
        def limited(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            is_counted = request.method in methods
            if is_counted and not hit(limit, view.__name__, client_address(request)):
                return _too_many(request, limit.get_expiry())
            return view(request, *args, **kwargs)

        update_wrapper(limited, view)
        return limited

    return around


def _too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "429.html", status=429)
    response["Retry-After"] = str(seconds)
    return response


RIVALS = 20  # how often another process may be quicker
CONTENDED = 0.2


@dataclass(frozen=True)
class Limit:
    name: str
    per_minute: float
    burst: float

    @property
    def per_second(self) -> float:
        return self.per_minute / 60


def take(limit: Limit, *, leave: float = 0.0) -> float:
    """Take one token and return 0.0; else how long until one would be there. `leave` of them are for others."""
    for _ in range(RIVALS):
        row, now = _row(limit), timezone.now()
        if row.paused_until and row.paused_until > now:
            return (row.paused_until - now).total_seconds()
        tokens = _filled(limit, row, now)
        if tokens - leave < 1:
            return (leave + 1 - tokens) / limit.per_second
        rows = RateBucket.objects.filter(pk=row.pk, version=row.version)
        if rows.update(tokens=tokens - 1, filled_at=now, version=F("version") + 1):
            return 0.0
    return CONTENDED


def left(limit: Limit) -> float:
    """How many there are now."""
    return _filled(limit, _row(limit), timezone.now())


def pause(limit: Limit, seconds: float, reason: str) -> None:
    """Nobody takes any for so long; a longer pause stays."""
    until = timezone.now() + timedelta(seconds=seconds)
    row = RateBucket.objects.filter(pk=_row(limit).pk)
    row.exclude(paused_until__gt=until).update(paused_until=until, reason=reason[:200])


def paused(limit: Limit) -> tuple[datetime, str] | None:
    """Until when, and why."""
    row = _row(limit)
    return (row.paused_until, row.reason) if row.paused_until and row.paused_until > timezone.now() else None


def _filled(limit: Limit, row: RateBucket, now: datetime) -> float:
    age = max((now - row.filled_at).total_seconds(), 0.0)
    return min(row.tokens + age * limit.per_second, limit.burst)


def _row(limit: Limit) -> RateBucket:
    found = RateBucket.objects.filter(name=limit.name).first()
    if found is None:
        RateBucket.objects.bulk_create([RateBucket(name=limit.name, tokens=limit.burst)], ignore_conflicts=True)
        found = RateBucket.objects.get(name=limit.name)
    return found
