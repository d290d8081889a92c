"""The one promise of when a delivery arrives, for product page, cart, checkout, order and reprint.

From the print providers' own handling times and the carriers' transit times, in working days; once enough parcels of a
print provider have arrived, from the days that those took. Orders writes these (`observe`), this module reads them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from catalog import shipping
from catalog.models import ObservedDelivery, Product

# Printify states handling times, not transit times: working days as the carriers publish them for each service.
TRANSIT_DAYS = {
    ("US", "standard"): (2, 5),
    ("US", "priority"): (2, 3),
    ("US", "printify_express"): (1, 3),
    ("US", "economy"): (4, 8),
    ("CA", "standard"): (6, 12),
    ("CA", "priority"): (4, 7),
    ("CA", "printify_express"): (3, 6),
    ("CA", "economy"): (8, 15),
}
ELSEWHERE_DAYS = (8, 20)
EXPRESS_HANDLING_DAYS = (1, 2)
SATURDAY = 5
PARCELS_MIN = 20  # parcels, before their days replace the computed ones
P50, P90 = 0.5, 0.9

Days = tuple[int, int]
Lane = tuple[int, str, str]  # print provider, country, shipping method


@dataclass(frozen=True)
class Window:
    first: date
    last: date


@dataclass(frozen=True)
class Estimates:
    """The delivery windows to one country of what is ordered together, by shipping method.

    `handling` is in working days, `observed` in days from payment (p50, p90) by print provider and method.
    """

    country: str
    handling: Days
    providers: frozenset[int]
    observed: Mapping[tuple[int, str], Days]

    def window(self, method: str, *, start: date | None = None) -> Window:
        """If ordered on `start` (today): the slowest print provider decides."""
        begin = start or timezone.localdate()
        observed = [self.observed.get((provider, method)) for provider in self.providers]
        known = [days for days in observed if days]
        windows = [Window(begin + timedelta(days=p50), begin + timedelta(days=p90)) for p50, p90 in known]
        if not known or len(known) < len(observed):
            windows.append(self._computed(method, begin))
        return Window(max(each.first for each in windows), max(each.last for each in windows))

    def _computed(self, method: str, begin: date) -> Window:
        handling = EXPRESS_HANDLING_DAYS if method == "printify_express" else self.handling
        transit = TRANSIT_DAYS.get((self.country, method), ELSEWHERE_DAYS)
        return Window(
            _add_working_days(begin, handling[0] + transit[0]), _add_working_days(begin, handling[1] + transit[1])
        )


def estimates(products: Iterable[Product], country: str, handling: Days | None = None) -> Estimates:
    """One query; two unless the caller knows the `handling` days."""
    products = list(products)
    providers = frozenset(product.print_provider_id for product in products)
    rows = ObservedDelivery.objects.filter(
        print_provider_id__in=providers, country=country, parcels__gte=PARCELS_MIN
    ).values_list("print_provider_id", "method", "p50_days", "p90_days")
    observed = {(provider, method): (p50, p90) for provider, method, p50, p90 in rows}
    return Estimates(country, handling or shipping.handling_days(products, country), providers, observed)


def observe(parcels: Mapping[Lane, Sequence[int]]) -> None:
    """Replace what is known of each lane by these parcels, in days from payment to delivery."""
    now = timezone.now()
    rows = [
        ObservedDelivery(
            print_provider_id=provider,
            country=country,
            method=method,
            p50_days=percentile(days, P50),
            p90_days=percentile(days, P90),
            parcels=len(days),
            updated_at=now,
        )
        for (provider, country, method), days in sorted(parcels.items())
    ]
    with transaction.atomic():
        ObservedDelivery.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["print_provider_id", "country", "method"],
            update_fields=["p50_days", "p90_days", "parcels", "updated_at"],
            batch_size=500,
        )
        ObservedDelivery.objects.filter(updated_at__lt=now).delete()


def percentile(days: Sequence[int], share: float) -> int:
    return sorted(days)[min(int(len(days) * share), len(days) - 1)]


def _add_working_days(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < SATURDAY
    return day
