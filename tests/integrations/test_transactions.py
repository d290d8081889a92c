"""A transaction that PostgreSQL ended to resolve a conflict runs again; anything else does not."""

import psycopg.errors
import pytest
from django.db import OperationalError, transaction

from ilytat.integrations.models import Alert
from ilytat.integrations.transactions import TRIES, retry_conflicts
from tests.racing import Rival

CONFLICTS = [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ilytat.integrations.transactions.PAUSE_SECONDS", 0)


class Write:
    """Fails so many times as PostgreSQL would report it, then returns how often it ran."""

    def __init__(self, kind: type[Exception], times: int) -> None:
        self.kind, self.times, self.runs = kind, times, 0

    def __call__(self) -> int:
        self.runs += 1
        if self.runs <= self.times:
            raise OperationalError("ended") from self.kind("ended")
        return self.runs


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", CONFLICTS)
def test_a_conflict_is_run_again_until_it_succeeds(kind: type[Exception]) -> None:
    assert retry_conflicts(Write(kind, TRIES - 1))() == TRIES


@pytest.mark.django_db(transaction=True)
def test_the_last_conflict_is_raised() -> None:
    write = Write(psycopg.errors.DeadlockDetected, 99)
    with pytest.raises(OperationalError):
        retry_conflicts(write)()
    assert write.runs == TRIES


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled, ValueError])
def test_another_error_is_raised_at_once(kind: type[Exception]) -> None:
    write = Write(kind, 1)
    with pytest.raises(OperationalError):
        retry_conflicts(write)()
    assert write.runs == 1


@pytest.mark.django_db(transaction=True)
def test_inside_an_outer_transaction_the_conflict_goes_up() -> None:
    write = Write(psycopg.errors.DeadlockDetected, 1)
    with pytest.raises(OperationalError), transaction.atomic():
        retry_conflicts(write)()
    assert write.runs == 1


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_the_loser_of_a_deadlock_runs_again() -> None:
    """Two real transactions that lock two rows in opposite sequence: both are written in the end."""
    rows = [Alert.objects.create(key=name, message="") for name in ("a", "b")]
    rivals: list[Rival[None]] = []

    @retry_conflicts
    def theirs() -> None:
        with transaction.atomic():
            Alert.objects.filter(pk=rows[1].pk).update(message="theirs")
            Alert.objects.filter(pk=rows[0].pk).update(message="theirs")

    @retry_conflicts
    def ours() -> None:
        with transaction.atomic():
            Alert.objects.filter(pk=rows[0].pk).update(next_step="ours")
            if not rivals:
                rivals.append(Rival(theirs))
                assert rivals[0].waits()
            Alert.objects.filter(pk=rows[1].pk).update(next_step="ours")

    ours()
    rivals[0].result()
    assert set(Alert.objects.values_list("message", "next_step")) == {("theirs", "ours")}
