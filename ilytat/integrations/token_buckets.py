"""Token buckets that all processes share: a row each, changed by guarded UPDATEs, so that it needs no Redis.

A bucket fills evenly and holds at most `burst`: in any minute at most `burst + per_minute` are taken. Waits are in
seconds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from ilytat.integrations.models import RateBucket

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
