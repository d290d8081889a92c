"""A row's way to rest and back, and who is woken for it: the small print of jobs, inbox, leases and the breaker."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from ilytat.integrations import breaker, inbox, jobs, leases
from ilytat.integrations.jobs import BACKOFF_BASE, BACKOFF_CAP, Queue
from ilytat.integrations.models import Alert, InboundEvent, Lease
from tests.factories import inbound_event

pytestmark = pytest.mark.django_db
KNOWN = "checkout.session.completed"


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    calls: list[tuple[str, str]] = []
    monkeypatch.setattr(jobs, "wake", lambda queue, lane: calls.append((queue, lane)))
    return calls


def _mine(**given: object) -> InboundEvent:
    event = InboundEvent.claim(inbound_event(**given).pk)
    assert event
    return event


def test_what_is_kept_to_be_worked_on_wakes_a_worker(woken: list[tuple[str, str]]) -> None:
    assert inbox.receive("stripe", "evt_1", KNOWN, {"id": "evt_1"})
    assert woken == [("inbox", "webhooks")]
    assert InboundEvent.objects.get().next_at <= timezone.now()


def test_what_nobody_listens_to_wakes_nobody(woken: list[tuple[str, str]]) -> None:
    assert inbox.receive("stripe", "evt_1", "customer.created", {"id": "evt_1"})
    assert woken == []


def test_types_are_asked_of_one_sender() -> None:
    assert KNOWN in inbox.types("stripe")
    assert KNOWN not in inbox.types("printify")
    assert inbox.types("nobody") == []
    assert inbox.types("stripe") == sorted(inbox.types("stripe"))


def test_an_event_that_needs_a_person_says_so_of_itself_alone() -> None:
    other = inbound_event(outcome="handled")
    event = _mine(type="a.type")
    event.last_error = "no such thing"
    inbox.on_attention(event)
    other.refresh_from_db()
    event.refresh_from_db()
    assert (other.outcome, event.outcome, event.detail) == ("handled", "failed", "no such thing")
    alert = Alert.objects.get(key="inbox:stripe:a.type")
    assert "Inbound events" in alert.next_step
    assert event.event_id in alert.message


@pytest.mark.parametrize(("tries", "pause"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 300), (40, 300)])
def test_pauses_double_from_five_seconds_to_five_minutes(
    monkeypatch: pytest.MonkeyPatch, tries: int, pause: float
) -> None:
    monkeypatch.setattr(jobs, "_jitter", lambda: 1.0)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now)
    event = _mine(next_at=now)
    event.attempts = tries
    event.retry_later("down")
    event.refresh_from_db()
    assert (event.next_at - now, event.lease_until) == (timedelta(seconds=pause), None)
    assert BACKOFF_BASE <= pause <= BACKOFF_CAP


def test_a_row_that_rests_is_free_and_forgets_its_failures_but_not_its_state() -> None:
    event = _mine(state="new", last_error="down", attempts=3)
    event.reschedule(next_in=60)
    event.refresh_from_db()
    assert (event.state, event.lease_until, event.attempts, event.last_error) == ("new", None, 0, "")
    assert event.next_at > timezone.now()


def test_what_was_saved_is_known_to_the_object_as_well() -> None:
    event = _mine()
    event.update_leased(detail="v", last_error="e")
    assert (event.detail, event.last_error) == ("v", "e")


@pytest.mark.parametrize(("tried", "works"), [(38, True), (39, True), (40, False)])
def test_the_last_try_is_the_fortieth(tried: int, *, works: bool) -> None:
    seen: list[int] = []
    queue = Queue(name="test", model=InboundEvent, work=lambda event: seen.append(event.pk), lane="webhooks")
    event = inbound_event(attempts=tried)
    jobs.work_one(queue, event.pk)
    event.refresh_from_db()
    assert (bool(seen), event.state) == (works, "new" if works else "attention")


# --- leases and the breaker ----------------------------------------------------------------------------------


def test_a_turn_is_one_holders_until_it_ends() -> None:
    with leases.acquire("walk", 60) as first:
        with leases.acquire("walk", 60) as second, leases.acquire("another", 60) as other:
            assert (first, second, other) == (True, False, True)
        with leases.acquire("walk", 60) as third:
            assert third is False, "who had no turn ends nobody's"
    with leases.acquire("walk", 60) as again:
        assert again is True


def test_a_turn_that_was_never_ended_ends_by_itself() -> None:
    with leases.acquire("walk", 60) as mine:
        assert mine
        Lease.objects.filter(name="walk").update(until=timezone.now() - timedelta(seconds=1))
        with leases.acquire("walk", 60) as rival:
            assert rival is True
            kept = Lease.objects.get(name="walk").token
    assert Lease.objects.get(name="walk").token == kept


def test_a_late_holder_does_not_end_its_rivals_turn() -> None:
    late = leases.acquire("walk", 60)
    assert late.__enter__()
    Lease.objects.filter(name="walk").update(until=timezone.now() - timedelta(seconds=1))
    with leases.acquire("walk", 60) as rival:
        late.__exit__(None, None, None)
        assert rival
        assert Lease.objects.get(name="walk").until > timezone.now()


def test_a_heartbeat_is_one_row_a_name_that_moves_on() -> None:
    leases.heartbeat("worker")
    leases.heartbeat("beat")
    Lease.objects.update(beat_at=timezone.now() - timedelta(hours=1))
    leases.heartbeat("worker")
    fresh = Lease.objects.filter(beat_at__gt=timezone.now() - timedelta(minutes=30))
    assert list(fresh.values_list("name", flat=True)) == ["worker"]
    assert Lease.objects.count() == 2


def test_a_breaker_rests_for_its_time_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(breaker, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    found = breaker.Breaker(rest_seconds=15)
    assert not found.resting
    found.trip()
    for at, resting in ((100.0, True), (114.9, True), (115.0, False)):
        clock[0] = at
        assert found.resting is resting
    found.trip()
    found.reset()
    assert not found.resting
