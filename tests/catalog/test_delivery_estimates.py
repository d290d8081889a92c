from datetime import date, timedelta

import pytest
from django.utils import timezone

from catalog import delivery_estimates
from catalog.delivery_estimates import Estimates, Window, estimates
from catalog.models import ObservedDelivery
from tests import factories

MONDAY, FRIDAY, SATURDAY = date(2026, 11, 23), date(2026, 11, 27), date(2026, 11, 28)


def computed(country: str, method: str, handling: tuple[int, int], start: date | None = None) -> Window:
    return Estimates(country, handling, frozenset({99}), {}).window(method, start=start)


@pytest.mark.parametrize(
    ("start", "handling", "first", "last"),
    [
        (MONDAY, (0, 0), date(2026, 11, 25), date(2026, 11, 30)),
        (MONDAY, (2, 5), FRIDAY, date(2026, 12, 7)),
        (FRIDAY, (0, 0), date(2026, 12, 1), date(2026, 12, 4)),
        (SATURDAY, (0, 0), date(2026, 12, 1), date(2026, 12, 4)),
    ],
)
def test_handling_and_transit_are_counted_in_working_days(
    start: date, handling: tuple[int, int], first: date, last: date
) -> None:
    """To the US the usual way: two to five working days of transit."""
    assert computed("US", "standard", handling, start) == Window(first, last)


def test_express_has_its_own_handling_days() -> None:
    assert computed("US", "printify_express", (9, 9), MONDAY) == Window(date(2026, 11, 25), date(2026, 11, 30))


@pytest.mark.parametrize(("country", "method"), [("FR", "standard"), ("US", "unheard of")])
def test_where_no_carrier_s_days_are_known_the_long_ones_are_promised(country: str, method: str) -> None:
    weeks = {"first": MONDAY + timedelta(weeks=2), "last": MONDAY + timedelta(weeks=5)}
    assert computed(country, method, (2, 5), MONDAY) == Window(**weeks)


def test_an_order_of_today_begins_today() -> None:
    assert computed("US", "standard", (1, 1)) == computed("US", "standard", (1, 1), timezone.localdate())


@pytest.mark.django_db
def test_twenty_parcels_replace_the_computed_days() -> None:
    product = factories.product(print_provider_id=99)
    delivery_estimates.observe({(99, "US", "standard"): range(1, 21), (99, "CA", "standard"): [40] * 19})
    assert estimates([product], "US").window("standard", start=MONDAY) == Window(
        MONDAY + timedelta(days=11), MONDAY + timedelta(days=19)
    )
    assert estimates([product], "CA").window("standard") == computed("CA", "standard", (2, 5))
    assert estimates([product], "US").window("economy") == computed("US", "economy", (2, 5))


@pytest.mark.django_db
def test_the_slowest_print_provider_decides_also_where_only_one_was_observed() -> None:
    one, two = factories.product(print_provider_id=1), factories.product(print_provider_id=2)
    delivery_estimates.observe({(1, "US", "standard"): [1] * 20})
    assert estimates([one, two], "US").window("standard", start=MONDAY) == computed("US", "standard", (2, 5), MONDAY)
    delivery_estimates.observe({(1, "US", "standard"): [30] * 20})
    month = MONDAY + timedelta(days=30)
    assert estimates([one, two], "US").window("standard", start=MONDAY) == Window(month, month)


@pytest.mark.django_db
def test_what_is_observed_no_longer_is_forgotten() -> None:
    delivery_estimates.observe({(1, "US", "standard"): [1] * 20, (2, "US", "standard"): [3]})
    delivery_estimates.observe({(2, "US", "standard"): [5, 7]})
    [row] = ObservedDelivery.objects.all()
    assert (row.print_provider_id, row.parcels, row.p50_days, row.p90_days) == (2, 2, 7, 7)
