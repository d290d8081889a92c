"""Our calls to Printify over the last day, as figures and as the bars of a small drawing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.printify import rate_budget
from ilytat.integrations import limits
from ilytat.integrations.models import ApiUsage

HOURS = 24
STEP, GAP, HEIGHT = 12, 3, 64  # of the drawing's own units


@dataclass(frozen=True)
class Bar:
    """One hour. `failed` is the part of `height` that were errors; both count from the bottom."""

    x: int
    height: int
    failed: int
    label: str

    @property
    def y(self) -> int:
        return HEIGHT - self.height

    @property
    def failed_y(self) -> int:
        return HEIGHT - self.failed


@dataclass(frozen=True)
class Usage:
    """`error_share` is in percent, of the last 24 hours. `free` of `burst` calls may be made at this moment.

    `paused` says until when nobody calls, and why.
    """

    bars: list[Bar]
    peak: int
    calls: int
    errors: int
    free: int
    burst: int
    per_minute: int
    paused: tuple[datetime, str] | None
    width: int = HOURS * STEP
    height: int = HEIGHT
    bar: int = STEP - GAP

    @property
    def error_share(self) -> float:
        return round(100 * self.errors / self.calls, 1) if self.calls else 0.0

    @property
    def pause_said(self) -> str:
        if not self.paused:
            return ""
        until, why = self.paused
        return _("%(why)s. Calls go on at %(when)s.") % {"why": why, "when": f"{timezone.localtime(until):%H:%M:%S}"}


def usage_today() -> Usage:
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=back) for back in reversed(range(HOURS))]
    rows = ApiUsage.objects.filter(integration="printify", hour__gte=hours[0])
    counts = {row.hour: (row.calls, row.errors) for row in rows}
    pairs = [counts.get(hour, (0, 0)) for hour in hours]
    peak = max(calls for calls, _errors in pairs)
    bars = [
        Bar(
            at * STEP,
            _scaled(calls, peak),
            _scaled(errors, peak),
            f"{timezone.localtime(hour):%H}:00: {calls}, {errors}",
        )
        for at, (hour, (calls, errors)) in enumerate(zip(hours, pairs, strict=True))
    ]
    calls, errors = (sum(pair[at] for pair in pairs) for at in (0, 1))
    limit = rate_budget.ACCOUNT
    paused = limits.paused(limit)
    return Usage(
        bars=bars,
        peak=peak,
        calls=calls,
        errors=errors,
        free=0 if paused else int(limits.left(limit)),
        burst=int(limit.burst),
        per_minute=int(limit.per_minute),
        paused=paused,
    )


def _scaled(count: int, peak: int) -> int:
    return max(round(HEIGHT * count / peak), 2) if count else 0
