"""How many calls we made to a provider, by the hour: for the admin's chart and Printify's 5 % error rule."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Sum
from django.utils import timezone

from ilytat.integrations.models import ApiUsage

ERROR = 400


@dataclass(frozen=True)
class Usage:
    calls: int
    errors: int

    @property
    def error_share(self) -> float:
        """In percent."""
        return 100 * self.errors / self.calls if self.calls else 0.0


def recent(integration: str, hours: int = 2) -> Usage:
    """This hour and those before it, `hours` in all."""
    since = timezone.now() - timedelta(hours=hours)
    rows = ApiUsage.objects.filter(integration=integration, hour__gt=since)
    found = rows.aggregate(calls=Sum("calls"), errors=Sum("errors"))
    return Usage(found["calls"] or 0, found["errors"] or 0)


def recorder(integration: str) -> Callable[[int], None]:
    """A callable for `ApiClient.record`: hears each answer's status, 0 when there was none."""

    def record(status: int) -> None:
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        failed = int(status == 0 or status >= ERROR)
        row = ApiUsage.objects.filter(integration=integration, hour=hour)
        if not row.update(calls=F("calls") + 1, errors=F("errors") + failed):
            ApiUsage.objects.bulk_create([ApiUsage(integration=integration, hour=hour)], ignore_conflicts=True)
            row.update(calls=F("calls") + 1, errors=F("errors") + failed)

    return record
