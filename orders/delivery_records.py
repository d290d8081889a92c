"""How long parcels took, and how the promises of their arrival were kept.

The first is written to the catalog, which promises from it (`catalog/delivery_estimates.py`); the second is for staff.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from catalog import delivery_estimates
from catalog.delivery_estimates import P50, P90, PARCELS_MIN, Lane, percentile
from orders.models import Shipment

PARCELS_MAX = 200  # the newest of a lane: how it is now
LOOK_BACK = timedelta(days=365)


def observe() -> None:
    """Give the catalog the days of the newest parcels of each print provider, country and method. One query."""
    rows = Shipment.objects.filter(
        provider_id__isnull=False,
        delivered_at__gte=timezone.now() - LOOK_BACK,
        fulfilment__order__paid_at__isnull=False,
    ).order_by("-delivered_at")
    columns = ("country", "shipping_method", "paid_at")
    names = ("provider_id", "delivered_at", *(f"fulfilment__order__{x}" for x in columns))
    parcels: dict[Lane, list[int]] = {}
    for provider, delivered, country, method, paid in rows.values_list(*names).iterator():
        days = parcels.setdefault((provider, country, method), [])
        if len(days) < PARCELS_MAX:
            days.append(_days(paid, delivered))
    delivery_estimates.observe(parcels)


def _days(paid: datetime, delivered: datetime) -> int:
    return max((timezone.localdate(delivered) - timezone.localdate(paid)).days, 0)


@dataclass(frozen=True)
class Record:
    """How promises were kept: of `parcels` delivered, `on_time` came by the last day and `early` before the first.

    Days are counted from payment.
    """

    provider_id: int
    country: str
    parcels: int
    on_time: int
    early: int
    promised: tuple[int, int]  # the first and last day that half of them were promised
    p50: int
    p90: int

    @property
    def late(self) -> int:
        return self.parcels - self.on_time

    @property
    def is_enough(self) -> bool:
        """Whether that many parcels decide what is promised next."""
        return self.parcels >= PARCELS_MIN

    @property
    def hit_rate(self) -> int:
        """Of a hundred, how many arrived within the promised days."""
        return round(100 * (self.on_time - self.early) / self.parcels)


Row = tuple[int, str, datetime, datetime, date | None, date]


def records(limit: int = 2000) -> list[Record]:
    """For staff, by print provider and country, from the newest deliveries. One query."""
    rows = (
        Shipment.objects.filter(delivered_at__isnull=False, fulfilment__order__arrives_until__isnull=False)
        .filter(fulfilment__order__paid_at__isnull=False, provider_id__isnull=False)
        .order_by("-delivered_at")
    )
    columns = ("provider_id", "country", "delivered_at", "paid_at", "arrives_from", "arrives_until")
    names = [x if x in {"provider_id", "delivered_at"} else f"fulfilment__order__{x}" for x in columns]
    lanes: dict[tuple[int, str], list[Row]] = {}
    for row in rows.values_list(*names)[:limit]:
        lanes.setdefault((row[0], row[1]), []).append(row)
    return [_record(provider, country, each) for (provider, country), each in sorted(lanes.items())]


def _record(provider: int, country: str, rows: Iterable[Row]) -> Record:
    days = [_from_payment(row) for row in rows]
    took, first, last = zip(*days, strict=True)
    return Record(
        provider_id=provider,
        country=country,
        parcels=len(days),
        on_time=sum(day <= until for day, _since, until in days),
        early=sum(day < since for day, since, _until in days),
        promised=(percentile(first, P50), percentile(last, P50)),
        p50=percentile(took, P50),
        p90=percentile(took, P90),
    )


def _from_payment(row: Row) -> tuple[int, int, int]:
    """In days: how long it took, and the first and last day that were promised."""
    _provider, _country, delivered, paid, first, last = row
    start = timezone.localdate(paid)
    return _days(paid, delivered), ((first or last) - start).days, (last - start).days
