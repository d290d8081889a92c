"""For how long the shop believes what Printify said when Printify says nothing more: staff's limit.

Staff set it on the control panel; until they do, the environment's `CATALOG_STALE_LIMIT_HOURS` holds.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Min
from django.utils import timezone

from catalog.models import PrintifyCache, Product
from catalog.models.curation import StaleLimit

HOURS_MAX = 24 * 30


@dataclass(frozen=True)
class FreshnessWindow:
    """`hours` after it is due a product is sold no more; `chosen` is staff's row, `default` the environment's hours.

    `until`: the first of those on sale would be refused then, if Printify stayed silent. `too_old` are refused now.
    """

    hours: float
    chosen: StaleLimit | None
    default: float
    until: datetime | None
    too_old: int


def limit() -> timedelta:
    """Counted from when a product was due to be read again."""
    row = StaleLimit.objects.filter(pk=1).first()
    default: timedelta = settings.CACHE_STALE_LIMIT
    return timedelta(hours=row.hours) if row else default


def due_since() -> datetime:
    """What was due before this moment is not sold any more."""
    return timezone.now() - limit()


def reserve() -> FreshnessWindow:
    row = StaleLimit.objects.select_related("by").filter(pk=1).first()
    default = settings.CACHE_STALE_LIMIT.total_seconds() / 3600
    hours = row.hours if row else default
    trusted = timezone.now() - timedelta(hours=hours)
    shown = Product.objects.for_sale().values("printify_id")
    known = PrintifyCache.objects.filter(type="product", external_id__in=shown)
    first = known.filter(expires_at__gt=trusted).aggregate(at=Min("expires_at"))["at"]
    until = first + timedelta(hours=hours) if first else None
    return FreshnessWindow(hours, row, default, until, known.filter(expires_at__lte=trusted).count())


def choose(hours: int | None, by: Any) -> bool:
    """None: the environment's again. Returns whether anything changed."""
    row = StaleLimit.objects.filter(pk=1).first()
    if (row.hours if row else None) == hours:
        return False
    if hours is None:
        StaleLimit.objects.filter(pk=1).delete()
    else:
        StaleLimit.objects.update_or_create(pk=1, defaults={"hours": hours, "since": timezone.now(), "by": by})
    return True
