"""What staff ask for: one run at a time, whoever presses; chosen products; the pause; the end."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog import tasks
from catalog.models import Product, SyncRun
from catalog.models.curation import FieldChange
from catalog.sync import runner, runs, upsert
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db


def test_a_second_press_finds_the_first_run(staff: Any, queued: list[Any]) -> None:
    run, mine = runs.ask(staff)
    again, also = runs.ask(staff, dry_run=True)
    assert (mine, also, again) == (True, False, run)
    assert queued == [(runs.REFRESH, ("staff",), {"request": run.pk})]


def test_who_asks_while_the_timetable_reads_sees_that_run(staff: Any, queued: list[Any]) -> None:
    running = runs.begin("schedule", dry_run=False)
    assert runs.ask(staff) == (running, False)
    assert queued == []


def test_runs_of_long_ago_are_forgotten_but_not_what_was_decided(staff: Any, queued: list[Any]) -> None:
    upsert.store(tee(), timezone.now())
    old = timezone.now() - timedelta(days=100)
    for dry_run in (False, False, True):
        SyncRun.objects.create(state="success", started_at=old, ended_at=old, dry_run=dry_run)
    last, first, dry = SyncRun.objects.order_by("dry_run", "-pk")
    product = Product.objects.get()
    for run, state in ((first, "applied"), (dry, "preview")):
        FieldChange.objects.create(run=run, product=product, field="title", state=state)
    runs.forget_old()
    assert list(SyncRun.objects.all()) == [last]
    assert [(row.state, row.run) for row in FieldChange.objects.all()] == [("applied", None)]


def test_the_worker_takes_the_request_up_once(staff: Any, queued: list[Any], upstream: Upstream) -> None:
    upstream.products = [tee()]
    run, _ = runs.ask(staff)
    tasks.refresh("staff", request=run.pk)
    tasks.refresh("staff", request=run.pk)
    run.refresh_from_db()
    assert (run.state, run.created, run.asked_by) == ("success", 1, staff)
    assert upstream.calls.count("page 1") == 1


def test_without_a_broker_nothing_stays_behind(staff: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "send", lambda *_given, **_named: False)
    with pytest.raises(runs.Unheard):
        runs.ask(staff)
    assert not SyncRun.objects.exists()


def test_a_request_nobody_took_up_blocks_no_other(staff: Any, queued: list[Any]) -> None:
    run, _ = runs.ask(staff)
    SyncRun.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    again, mine = runs.ask(staff)
    run.refresh_from_db()
    assert (run.state, mine, again != run) == ("failed", True, True)


def test_a_request_that_comes_while_another_run_is_under_way_gives_way(staff: Any, queued: list[Any]) -> None:
    run, _ = runs.ask(staff)
    runs.begin("schedule", dry_run=False)
    assert runner.run("staff", request=run.pk) is None
    run.refresh_from_db()
    assert run.state == "canceled"


def test_a_cancelled_request_does_nothing(staff: Any, queued: list[Any], upstream: Upstream) -> None:
    run, _ = runs.ask(staff)
    assert runs.cancel(run.pk)
    assert not runs.cancel(run.pk)
    tasks.refresh("staff", request=run.pk)
    assert upstream.calls == []


def test_chosen_products_are_read_one_by_one_and_failures_can_be_tried_again(
    staff: Any, queued: list[Any], upstream: Upstream
) -> None:
    upstream.products = [tee(1), tee(2, title=""), tee(3)]
    upsert.store(tee(4), timezone.now())
    keys = [tee(number)["id"] for number in (1, 2, 4)]
    run, _ = runs.ask(staff, only=keys)
    tasks.refresh("staff", request=run.pk)
    run.refresh_from_db()
    assert (run.state, run.seen, run.total, run.created, run.failed, run.gone) == ("partial", 3, 3, 1, 1, 1)
    assert upstream.calls[:3] == keys
    upstream.products[1] = tee(2)
    again, _ = runs.retry(run, staff)
    assert again.only == [tee(2)["id"]]
    tasks.refresh("staff", request=again.pk)
    assert Product.objects.for_sale().count() == 2


@pytest.mark.parametrize(("status", "code"), [(503, "no_answer"), (429, "rate_limited")])
def test_a_chosen_product_that_cannot_be_read_is_recorded_with_its_code(
    staff: Any, queued: list[Any], upstream: Upstream, status: int, code: str
) -> None:
    upstream.products = [tee()]
    upstream.single[tee()["id"]] = status
    run, _ = runs.ask(staff, only=[tee()["id"]])
    tasks.refresh("staff", request=run.pk)
    assert run.changes.get().error_code == code


def test_a_rejected_token_ends_the_run_and_fails_no_product(staff: Any, queued: list[Any], upstream: Upstream) -> None:
    upstream.products = [tee(), tee(2)]
    upstream.single[tee()["id"]] = 401
    run, _ = runs.ask(staff, only=[tee()["id"], tee(2)["id"]])
    tasks.refresh("staff", request=run.pk)
    run.refresh_from_db()
    assert (run.state, run.failed, run.changes.count()) == ("failed", 0, 0)


def test_a_dry_run_over_chosen_products_writes_none(staff: Any, queued: list[Any], upstream: Upstream) -> None:
    upsert.store(tee(), timezone.now())
    upstream.products = [tee(title="Another tee")]
    run, _ = runs.ask(staff, dry_run=True, only=[tee()["id"], tee(2)["id"]])
    tasks.refresh("staff", request=run.pk)
    assert Product.objects.get().title == tee()["title"]
    assert [change.outcome for change in run.changes.order_by("pk")] == ["changed", "gone"]


def test_a_pause_stops_the_timetable_and_nothing_else(staff: Any, queued: list[Any], upstream: Upstream) -> None:
    assert runs.pause(staff)
    assert not runs.pause(staff)
    tasks.refresh()
    assert not SyncRun.objects.exists()
    run, _ = runs.ask(staff)
    tasks.refresh("staff", request=run.pk)
    assert SyncRun.objects.get().state == "success"
    assert runs.resume()
    assert not runs.resume()
    tasks.refresh()
    assert SyncRun.objects.count() == 2
