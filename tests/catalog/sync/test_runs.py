"""One run at a time, and what becomes of a run that is cancelled, crashes, or dies."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import SyncRun
from catalog.sync import runner, runs, upsert
from ilytat.integrations.models import Lease
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db


def test_while_one_run_lives_no_other_begins(upstream: Upstream) -> None:
    assert runs.begin("other", dry_run=False) is not None
    assert runner.run("test") is None
    assert upstream.calls == []


def test_a_run_whose_process_died_is_closed_by_the_next(upstream: Upstream) -> None:
    dead = runs.begin("other", dry_run=False)
    assert dead is not None
    long_ago = timezone.now() - timedelta(hours=1)
    SyncRun.objects.update(started_at=long_ago)
    Lease.objects.update(beat_at=long_ago)
    run = runner.run("test")
    assert run is not None
    assert run.state == "success"
    dead.refresh_from_db()
    assert dead.state == "failed"


def test_asking_for_runs_again_and_again_does_not_keep_a_killed_run_alive(upstream: Upstream) -> None:
    killed = runs.begin("killed", dry_run=False)
    assert killed is not None
    before = timezone.now() - runs.DEAD_AFTER / 2
    SyncRun.objects.update(started_at=before)
    Lease.objects.update(beat_at=before)

    assert runs.begin("other", dry_run=False) is None
    assert Lease.objects.get(name=runs.HEARTBEAT).beat_at == before, "who gets no run sends no heartbeat for it"


def test_a_cancelled_run_stops_before_its_next_page(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream.products, upstream.per_page = [tee(number) for number in range(4)], 2

    def canceling(*given: Any, **named: Any) -> Any:
        runs.cancel_running(SyncRun.objects.get().pk)
        return original(*given, **named)

    original = upsert.store
    monkeypatch.setattr(upsert, "store", canceling)
    run = runner.run("test")
    assert run is not None
    assert run.state == "canceled"
    assert upstream.calls == ["page 1"]


def test_a_crash_in_the_middle_closes_the_run(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_given: Any, **_named: Any) -> None:
        raise MemoryError

    upstream.products = [tee()]
    monkeypatch.setattr(upsert, "store", crash)
    with pytest.raises(MemoryError):
        runner.run("test")
    assert SyncRun.objects.get().state == "failed"
