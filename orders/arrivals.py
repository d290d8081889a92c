"""When it arrives: from the printers' own times, and once enough parcels have arrived, from how long those took.

The window learned is from the 50th to the 90th of a hundred parcels, by printer, country and way of delivery.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.utils import timezone

from catalog import arrival
from catalog.arrival import Window
from catalog.models import Product
from orders.models import Shipment

ENOUGH = 20  # parcels, before what they tell is believed
LOOK_BACK = 200
KEEP_SECONDS = 3600
HALF, MOST = 0.5, 0.9


Learned = dict[tuple[int, str], tuple[int, int]]  # printer and way of delivery → days from payment


def learned(products: Iterable[Product], country: str) -> Learned:
    """What parcels of these printers to that country took. One query, kept for an hour."""
    providers = sorted({product.print_provider_id for product in products})
    key = f"arrivals:{country}:{providers}".replace(" ", "")
    kept: Learned | None = cache.get(key)
    if kept is None:
        kept = _measured(providers, country)
        cache.set(key, kept, KEEP_SECONDS)
    return kept


def window(
    products: Sequence[Product], country: str, method: str, production: tuple[int, int], known: Learned
) -> Window:
    """The slowest printer's days; the computed window as long as one of them has too few parcels."""
    days = [known.get((product.print_provider_id, method)) for product in products]
    told = [pair for pair in days if pair]
    if not told or len(told) < len(days):
        return arrival.window(country, method, production)
    today = timezone.localdate()
    first, last = max(pair[0] for pair in told), max(pair[1] for pair in told)
    return Window(today + timedelta(days=first), today + timedelta(days=last))


def _measured(providers: Sequence[int], country: str) -> Learned:
    rows = Shipment.objects.filter(
        provider_id__in=providers,
        fulfilment__order__country=country,
        delivered_at__isnull=False,
        fulfilment__order__paid_at__isnull=False,
    ).order_by("-delivered_at")
    columns = ("provider_id", "fulfilment__order__shipping_method", "delivered_at", "fulfilment__order__paid_at")
    found: dict[tuple[int, str], list[int]] = {}
    for provider, method, delivered, paid in rows.values_list(*columns)[: LOOK_BACK * len(providers)]:
        if provider is not None and delivered and paid:
            found.setdefault((provider, method), []).append(_days(paid, delivered))
    enough = {key: sorted(days) for key, days in found.items() if len(days) >= ENOUGH}
    return {key: (_share(days, HALF), _share(days, MOST)) for key, days in enough.items()}


def _days(paid: datetime, delivered: datetime) -> int:
    return max((timezone.localdate(delivered) - timezone.localdate(paid)).days, 0)


def _share(days: Sequence[int], share: float) -> int:
    return days[min(int(len(days) * share), len(days) - 1)]


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
    half: int  # how long half of them took at most
    most: int  # and nine of ten

    @property
    def late(self) -> int:
        return self.parcels - self.on_time

    @property
    def taught(self) -> bool:
        """Whether today's promises are taken from these parcels."""
        return self.parcels >= ENOUGH

    @property
    def hit_rate(self) -> int:
        """Of a hundred, how many arrived within the promised days."""
        return round(100 * (self.on_time - self.early) / self.parcels)


Row = tuple[int, str, datetime, datetime, date | None, date]


def records(limit: int = 2000) -> list[Record]:
    """For staff, by printer and country, from the newest deliveries. One query."""
    rows = (
        Shipment.objects.filter(delivered_at__isnull=False, fulfilment__order__arrives_until__isnull=False)
        .filter(fulfilment__order__paid_at__isnull=False, provider_id__isnull=False)
        .order_by("-delivered_at")
    )
    columns = ("provider_id", "country", "delivered_at", "paid_at", "arrives_from", "arrives_until")
    names = [x if x in {"provider_id", "delivered_at"} else f"fulfilment__order__{x}" for x in columns]
    found: dict[tuple[int, str], list[Row]] = {}
    for row in rows.values_list(*names)[:limit]:
        found.setdefault((row[0], row[1]), []).append(row)
    return [_record(provider, country, each) for (provider, country), each in sorted(found.items())]


def _record(provider: int, country: str, rows: Iterable[Row]) -> Record:
    told = [_told(row) for row in rows]
    took, first, last = (sorted(days) for days in zip(*told, strict=True))
    return Record(
        provider_id=provider,
        country=country,
        parcels=len(told),
        on_time=sum(day <= until for day, _since, until in told),
        early=sum(day < since for day, since, _until in told),
        promised=(_share(first, HALF), _share(last, HALF)),
        half=_share(took, HALF),
        most=_share(took, MOST),
    )


def _told(row: Row) -> tuple[int, int, int]:
    """In days from payment: how long it took, and the first and last day that were promised."""
    _provider, _country, delivered, paid, first, last = row
    start = timezone.localdate(paid)
    return _days(paid, delivered), ((first or last) - start).days, (last - start).days
