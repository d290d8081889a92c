from datetime import date, timedelta

import pytest
from django.utils import timezone

from catalog.arrival import Window, window

MONDAY, FRIDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 27), date(2026, 11, 28)


@pytest.mark.parametrize(
    ("start", "making", "first", "last"),
    [
        (MONDAY, (0, 0), date(2026, 11, 25), date(2026, 11, 30)),
        (MONDAY, (2, 5), FRIDAY, date(2026, 12, 7)),
        (FRIDAY, (0, 0), date(2026, 12, 1), date(2026, 12, 4)),
        (SATURDAY, (0, 0), date(2026, 12, 1), date(2026, 12, 4)),
    ],
)
def test_making_and_transit_are_counted_in_working_days(
    start: date, making: tuple[int, int], first: date, last: date
) -> None:
    """To the US the usual way: two to five working days of transit."""
    assert window("US", "standard", making, start=start) == Window(first, last)


def test_express_is_made_in_its_own_days_whatever_the_printer_says() -> None:
    assert window("US", "printify_express", (9, 9), start=MONDAY) == Window(date(2026, 11, 25), date(2026, 11, 30))


@pytest.mark.parametrize(("country", "method"), [("FR", "standard"), ("US", "unheard of")])
def test_where_no_carrier_s_days_are_known_the_long_ones_are_promised(country: str, method: str) -> None:
    weeks = {"first": MONDAY + timedelta(weeks=2), "last": MONDAY + timedelta(weeks=5)}
    assert window(country, method, (2, 5), start=MONDAY) == Window(**weeks)


def test_an_order_of_today_begins_today() -> None:
    assert window("US", "standard", (1, 1)) == window("US", "standard", (1, 1), start=timezone.localdate())
