"""When a parcel arrives: production days plus transit days, in working days, never a constant sentence."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

# Printify tells production times, not transit times: working days as the carriers publish them for each service.
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
EXPRESS_PRODUCTION_DAYS = (1, 2)
SATURDAY = 5


@dataclass(frozen=True)
class Window:
    first: date
    last: date


def window(country: str, method: str, production: tuple[int, int], *, start: date | None = None) -> Window:
    """The days between which an order placed on `start` (today) arrives. `production` is in working days."""
    making = EXPRESS_PRODUCTION_DAYS if method == "printify_express" else production
    transit = TRANSIT_DAYS.get((country, method), ELSEWHERE_DAYS)
    begin = start or timezone.localdate()
    return Window(_working_days(begin, making[0] + transit[0]), _working_days(begin, making[1] + transit[1]))


def _working_days(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < SATURDAY
    return day
