"""What meets on one product or one run, for real: threads with a database connection each."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import PriceChange, Product, SyncRun, Variant
from catalog.sync import runs, upsert
from ilytat.integrations import limits
from tests.catalog.conftest import tee
from tests.racing import race

pytestmark = pytest.mark.django_db(transaction=True)


def test_six_first_looks_at_one_product_make_one_product() -> None:
    asked_at = timezone.now()
    found = race(6, lambda: upsert.store(tee(), asked_at))
    assert sorted({stored.outcome for stored in found}) == ["created", "unchanged"]
    assert (Product.objects.count(), Variant.objects.count(), PriceChange.objects.count()) == (1, 3, 3)


def test_the_latest_answer_wins_whoever_writes_last() -> None:
    now = timezone.now()
    upsert.store(tee(title="First"), now - timedelta(minutes=1))
    answers = [(tee(title=f"Asked {ago} s ago"), now - timedelta(seconds=ago)) for ago in range(6)]
    race(6, lambda: upsert.store(*answers.pop()))
    assert Product.objects.get().upstream_title == "Asked 0 s ago"


def test_of_six_beginning_at_once_one_runs() -> None:
    found = race(6, lambda: runs.begin("race", dry_run=False))
    assert len([run for run in found if run]) == SyncRun.objects.filter(state="running").count() == 1


def test_eight_who_call_at_once_take_no_more_than_there_is() -> None:
    limit = limits.Limit("race", per_minute=0.001, burst=5)
    waits = race(8, lambda: limits.take(limit))
    assert sorted(wait > 0 for wait in waits) == [False] * 5 + [True] * 3
