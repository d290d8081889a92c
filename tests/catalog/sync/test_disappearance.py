"""What is gone needs nothing more of anybody: no repair, no answer, no question every five minutes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import PrintifyCache, Product
from catalog.staff import status
from catalog.sync import publishing, removed, runner, upsert
from tests.catalog.conftest import Upstream, awaits_staff, tee

pytestmark = pytest.mark.django_db


def quarantined() -> int:
    return PrintifyCache.objects.exclude(error="").count()


def test_a_product_that_was_never_good_and_is_deleted_is_asked_about_once(upstream: Upstream) -> None:
    upsert.store(tee(title="", is_locked=True), timezone.now())
    assert (publishing.locked_ids(), quarantined()) == ([tee()["id"]], 1)
    publishing.answer_all()
    assert (publishing.locked_ids(), quarantined(), upstream.answered) == ([], 0, [])
    publishing.answer_all()
    assert upstream.calls == [tee()["id"]]


def test_one_that_was_good_before_it_went_bad_and_away_keeps_what_was_good(upstream: Upstream) -> None:
    upsert.store(tee(), timezone.now())
    upsert.store(tee(title=""), timezone.now())
    assert runner.refresh_product(tee()["id"]).outcome == "gone"
    assert quarantined() == 0
    assert PrintifyCache.objects.get().data["title"] == tee()["title"]
    assert Product.objects.get().gone_at is not None


def test_a_complete_run_closes_the_quarantine_of_what_no_list_names(upstream: Upstream) -> None:
    upstream.products = [tee(number) for number in range(1, 6)]
    runner.run()
    upsert.store(tee(9, title=""), timezone.now() - timedelta(minutes=5))
    assert status.status().quarantined == 1
    upstream.pages[1] = 503
    runner.run()
    assert quarantined() == 1
    del upstream.pages[1]
    runner.run("staff", dry_run=True)
    assert quarantined() == 1
    runner.run()
    assert quarantined() == 0


def test_a_complete_run_leaves_what_it_saw_in_quarantine(upstream: Upstream) -> None:
    upstream.products = [tee(1), tee(2, title="")]
    for _ in range(2):
        runner.run()
        assert quarantined() == 1


def test_staff_hide_what_is_missing_once_and_a_declined_run_asks_no_more(upstream: Upstream) -> None:
    upstream.products = [tee(number) for number in range(1, 5)]
    runner.run()
    PrintifyCache.objects.update(fetched_at=timezone.now() - timedelta(hours=1))
    upstream.products = upstream.products[:2]
    run = runner.run()
    assert run is not None
    assert (removed.decline(run), removed.decline(run), removed.confirm(run)) == (2, 0, 0)
    assert Product.objects.for_sale().count() == 4
    again = runner.run()
    assert again is not None
    assert not awaits_staff(again)
