from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from catalog.models import SyncRun
from catalog.printify import rate_budget
from catalog.sync import runner
from ilytat.integrations import limits
from ilytat.integrations.errors import RateLimited
from ilytat.integrations.models import Alert, ApiUsage, RateBucket
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db
NOW = "2026-11-23T10:30:00Z"


@pytest.fixture(autouse=True)
def _clock_stands(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to(NOW, tick=False)


def spent(lane: str) -> int:
    """How many calls a lane gets at this moment."""
    count = 0
    with pytest.raises(RateLimited) as refused:
        while True:
            rate_budget.spend(lane)
            count += 1
    wait = refused.value.retry_after
    assert wait is not None
    assert 0 < wait <= rate_budget.LONGEST
    return count


def failing(calls: int, errors: int) -> None:
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    ApiUsage.objects.create(integration="printify", hour=hour, calls=calls, errors=errors)


def test_each_lane_leaves_room_for_those_before_it() -> None:
    assert [spent(lane) for lane in ("sync", "webhooks", "checkout", "orders")] == [50, 20, 15, 15]


def test_quotes_cannot_use_up_the_calls_of_paid_orders() -> None:
    assert (spent("checkout"), spent("orders")) == (85, 15)


def test_in_no_minute_more_than_the_account_may(
    time_machine: TimeMachineFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rate_budget.ACCOUNT.burst + rate_budget.ACCOUNT.per_minute <= 600
    assert rate_budget.CATALOG.burst + rate_budget.CATALOG.per_minute <= 100
    monkeypatch.setattr(rate_budget, "ACCOUNT", limits.Limit("few", per_minute=48, burst=10))
    count = 0
    for _ in range(12):
        count += spent("orders")
        time_machine.shift(5)
    assert count == 10 + 11 * 4


def test_printifys_catalogue_routes_have_a_smaller_limit_besides() -> None:
    assert (spent("catalog"), spent("checkout")) == (45, 40)


def test_a_rival_between_look_and_grasp_costs_nobody_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes one after we read the row: we read again."""
    plain, rivals = limits._row, [3]

    def row(limit: limits.Limit) -> RateBucket:
        found = plain(limit)
        if rivals[0]:
            rivals[0] -= 1
            RateBucket.objects.filter(pk=found.pk).update(version=found.version + 1, tokens=found.tokens - 1)
        return found

    monkeypatch.setattr(limits, "_row", row)
    assert limits.take(rate_budget.ACCOUNT) == 0
    assert RateBucket.objects.get(name="printify").tokens == 96


def test_nobody_calls_while_printify_says_429(time_machine: TimeMachineFixture) -> None:
    assert 20 <= rate_budget.limited(20.0) <= 24
    with pytest.raises(RateLimited, match="429 and asked for 20") as refused:
        rate_budget.spend("checkout")
    assert refused.value.retry_after is not None
    time_machine.shift(25)
    rate_budget.spend("checkout")


@pytest.mark.parametrize(("asked", "least", "most"), [(None, 10, 12), (0.0, 10, 12), (300.0, 300, 300), (0.2, 1, 1.2)])
def test_a_pause_is_never_nothing_and_never_for_ever(asked: float | None, least: float, most: float) -> None:
    assert least <= rate_budget.limited(asked) <= most


def test_a_short_pause_does_not_shorten_a_long_one() -> None:
    rate_budget.limited(200.0)
    rate_budget.limited(1.0)
    found = limits.paused(rate_budget.ACCOUNT)
    assert found is not None
    assert found[0] - timezone.now() >= timedelta(seconds=200)


def test_too_many_errors_slow_the_sync_and_nobody_else() -> None:
    failing(100, 6)
    assert (spent("sync"), spent("checkout")) == (1, 84)


@pytest.mark.parametrize(("calls", "errors"), [(100, 5), (49, 49), (0, 0)])
def test_few_errors_or_few_calls_slow_nobody(calls: int, errors: int) -> None:
    failing(calls, errors)
    assert spent("sync") == 50


def test_a_run_under_strain_says_so_and_staff_are_told(upstream: Upstream) -> None:
    upstream.products = [tee()]
    failing(100, 10)
    run = runner.run("test")
    assert run is not None
    assert (run.state, run.created) == ("success", 1)
    assert "10 % of the last 100 calls to Printify failed" in run.note
    assert Alert.objects.filter(key=runner.ERRORS, closed_at=None).exists()
    ApiUsage.objects.all().delete()
    runner.run("test")
    assert not Alert.objects.filter(closed_at=None).exists()


def test_the_clock_begins_no_run_while_most_calls_fail_but_a_person_may(upstream: Upstream) -> None:
    upstream.products = [tee()]
    failing(100, 60)
    assert runner.run() is not None
    assert SyncRun.objects.get().note.startswith("Not begun: 60 %")
    assert upstream.calls == []
    by_hand = runner.run("staff")
    assert by_hand is not None
    assert by_hand.state == "success"
