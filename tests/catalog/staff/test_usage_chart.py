"""The drawing of our calls: one bar an hour, the latest on the right, what failed within it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.printify import rate_budget
from catalog.staff import usage_chart
from ilytat.integrations import limits
from ilytat.integrations.models import ApiUsage

pytestmark = pytest.mark.django_db


def called(hours_ago: int, calls: int, errors: int = 0, integration: str = "printify") -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours_ago)
    ApiUsage.objects.create(integration=integration, hour=hour, calls=calls, errors=errors)


def test_without_a_call_the_drawing_is_empty_and_nothing_divides_by_zero() -> None:
    usage = usage_chart.usage_today()
    assert (len(usage.bars), usage.calls, usage.errors, usage.error_share, usage.peak) == (24, 0, 0, 0.0, 0)
    assert {bar.height for bar in usage.bars} == {0}
    assert (usage.free, usage.paused, usage.pause_said) == (usage.burst, None, "")


def test_bars_are_as_high_as_their_hour_was_busy_and_never_vanish() -> None:
    called(0, 1000, 500)
    called(23, 1, 1)
    called(24, 99_999)
    called(5, 50, integration="stripe")
    usage = usage_chart.usage_today()
    first, last = usage.bars[0], usage.bars[-1]
    assert (last.height, last.failed, last.y, last.failed_y) == (64, 32, 0, 32)
    assert (first.height, first.failed, first.x) == (2, 2, 0)
    assert (usage.calls, usage.errors, usage.error_share, usage.peak) == (1001, 501, 50.0, 1000)
    assert max(bar.x + usage.bar for bar in usage.bars) <= usage.width


def test_while_all_calls_pause_none_is_free_and_the_reason_is_said() -> None:
    limits.pause(rate_budget.ACCOUNT, 90, "Printify answered 429")
    usage = usage_chart.usage_today()
    assert usage.free == 0
    assert usage.pause_said.startswith("Printify answered 429. Calls go on at ")
