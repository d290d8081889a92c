"""What is added to a price from the shipping rate card: staff carry the risk that Printify charges more by then.

Staff set it on the control panel. Off means that nothing is sold while Printify gives no live quotes.
"""

from typing import Any

from django.utils import timezone

from catalog.models.curation import ShippingSurcharge

PERCENT_MAX = 100
FIXED_MAX = 100  # major units of the shop's currency


def current() -> ShippingSurcharge:
    """Return staff's row, or an unsaved one with the defaults."""
    return ShippingSurcharge.objects.select_related("by").filter(pk=1).first() or ShippingSurcharge()


def amount(cost: int, surcharge: ShippingSurcharge) -> int:
    """Return what is added to the cost of one package, in minor units, rounded up."""
    return -(-cost * surcharge.percent // 100) + surcharge.fixed


def choose(*, is_on: bool, percent: int, fixed: int, by: Any) -> bool:
    """Save staff's choice. Returns whether anything changed."""
    now = current()
    if (now.is_on, now.percent, now.fixed) == (is_on, percent, fixed):
        return False
    values = {"is_on": is_on, "percent": percent, "fixed": fixed, "since": timezone.now(), "by": by}
    ShippingSurcharge.objects.update_or_create(pk=1, defaults=values)
    return True
