from datetime import timedelta

import pytest
from django.utils import timezone

from ilytat.integrations import leases
from ilytat.integrations.models import Lease
from tests.racing import race

pytestmark = pytest.mark.django_db


def run_out(name: str) -> None:
    Lease.objects.filter(name=name).update(until=timezone.now() - timedelta(seconds=1))


def test_a_turn_is_one_holders_at_a_time_and_free_afterwards() -> None:
    with leases.acquire("sync", 60) as first, leases.acquire("sync", 60) as second:
        assert (first, second) == (True, False)

    with leases.acquire("sync", 60) as later:
        assert later


def test_turns_of_different_names_do_not_meet() -> None:
    with leases.acquire("sync", 60) as one, leases.acquire("health", 60) as other:
        assert one
        assert other


def test_a_holder_that_died_blocks_no_longer_than_it_said() -> None:
    holder = leases.acquire("sync", 60)
    assert holder.__enter__()
    run_out("sync")

    with leases.acquire("sync", 60) as next_one:
        assert next_one
        # The dead one wakes: it must not free what is no longer its own.
        holder.__exit__(None, None, None)
        with leases.acquire("sync", 60) as third:
            assert not third


def test_a_turn_that_failed_is_given_back() -> None:
    with pytest.raises(ValueError, match="crash"), leases.acquire("sync", 60):
        raise ValueError("crash")

    with leases.acquire("sync", 60) as again:
        assert again


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_gets_the_turn() -> None:
    kept = []  # a turn that nobody holds on to is given back with it

    def take() -> bool:
        turn = leases.acquire("sync", 60)
        kept.append(turn)
        return turn.__enter__()

    assert sorted(race(6, take)) == [False] * 5 + [True]


def test_a_heartbeat_leaves_the_turn_alone() -> None:
    leases.heartbeat("worker")
    first = Lease.objects.get(name="worker").beat_at
    leases.heartbeat("worker")
    second = Lease.objects.get(name="worker").beat_at

    assert first is not None
    assert second is not None
    assert second > first
    assert Lease.objects.count() == 1
