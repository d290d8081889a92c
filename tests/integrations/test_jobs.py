from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ilytat.integrations import jobs
from ilytat.integrations.errors import KeyRejected, NotConfigured, OutcomeUnknown, Refused, Unavailable
from ilytat.integrations.jobs import LeaseLost, Queue
from ilytat.integrations.models import InboundEvent
from tests.factories import inbound_event
from tests.racing import race

pytestmark = pytest.mark.django_db

Work = Callable[[InboundEvent], None]


def queue(work: Work, on_attention: Work | None = None) -> Queue[InboundEvent]:
    return Queue(name="test", model=InboundEvent, work=work, lane="webhooks", on_attention=on_attention)


def claimed(event: InboundEvent) -> InboundEvent:
    found = InboundEvent.claim(event.pk)
    assert found is not None
    return found


def let_the_lease_run_out(event: InboundEvent) -> None:
    InboundEvent.objects.filter(pk=event.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def make_due(event: InboundEvent) -> None:
    InboundEvent.objects.filter(pk=event.pk).update(next_at=timezone.now(), lease_until=None)


def fail_with(error: Exception) -> Work:
    def work(_event: InboundEvent) -> None:
        raise error

    return work


def seconds_until_due(event: InboundEvent) -> float:
    event.refresh_from_db()
    return (event.next_at - timezone.now()).total_seconds()


# --- claiming ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_at_once_exactly_one_gets_the_row() -> None:
    event = inbound_event()

    winners = [found for found in race(8, lambda: InboundEvent.claim(event.pk)) if found]

    event.refresh_from_db()
    assert len(winners) == 1
    assert (event.attempts, event.lease_token) == (1, winners[0].lease_token)


def test_a_claimed_row_is_nobody_elses_until_its_lease_runs_out() -> None:
    event = inbound_event()
    claimed(event)
    assert InboundEvent.claim(event.pk) is None
    assert not InboundEvent.due().exists()

    let_the_lease_run_out(event)

    assert claimed(event).attempts == 2


def test_a_lease_lasts_as_long_as_the_setting_says() -> None:
    event = claimed(inbound_event())

    assert event.lease_until is not None
    assert (event.lease_until - timezone.now()).total_seconds() == pytest.approx(settings.LEASE_SECONDS, abs=2)


@pytest.mark.parametrize(
    "given",
    [{"state": "done"}, {"state": "attention"}, {"next_at": timezone.now() + timedelta(hours=9)}],
    ids=["done", "attention", "later"],
)
def test_what_is_not_due_cannot_be_claimed(given: dict[str, object]) -> None:
    assert InboundEvent.claim(inbound_event(**given).pk) is None


# --- fencing -------------------------------------------------------------------------------------------


def test_a_worker_that_lost_its_lease_can_write_nothing() -> None:
    """B20: frozen beyond its lease, it wakes while a rival is at work."""
    frozen = claimed(inbound_event())
    let_the_lease_run_out(frozen)
    rival = claimed(frozen)

    writes: list[Callable[[], None]] = [
        lambda: frozen.finish("done"),
        lambda: frozen.retry_later("late"),
        lambda: frozen.needs_attention("late"),
        lambda: frozen.reschedule(next_in=1),
        lambda: frozen.update_leased(detail="late"),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()

    rival.refresh_from_db()
    assert (rival.state, rival.detail, rival.last_error) == ("new", "", "")
    rival.finish("done")


def test_a_lease_about_to_end_is_not_enough_for_a_call_that_must_not_repeat() -> None:
    event = claimed(inbound_event())
    event.ensure_leased(margin=5)

    with pytest.raises(LeaseLost):
        event.ensure_leased(margin=settings.LEASE_SECONDS + 1)


def test_a_row_that_was_never_claimed_cannot_be_saved_as_mine() -> None:
    with pytest.raises(LeaseLost):
        inbound_event().update_leased(detail="mine?")


def test_losing_the_lease_in_mid_work_leaves_the_rivals_row_alone() -> None:
    event = inbound_event()

    def slow(mine: InboundEvent) -> None:
        let_the_lease_run_out(mine)
        claimed(mine)
        mine.finish("done")

    jobs.work_one(queue(slow), event.pk)

    event.refresh_from_db()
    assert (event.state, event.attempts) == ("new", 2)


def test_a_rolled_back_finish_leaves_the_work_to_be_done_again() -> None:
    event = claimed(inbound_event())

    with pytest.raises(ValueError, match="crash"), transaction.atomic():
        event.finish("done")
        raise ValueError("crash")

    let_the_lease_run_out(event)
    assert claimed(event).state == "new"


# --- what a failure means ------------------------------------------------------------------------------


def test_finished_work_is_free_and_forgets_its_failures() -> None:
    event = inbound_event(attempts=3, last_error="before")

    jobs.work_one(queue(lambda mine: mine.finish("done")), event.pk)

    event.refresh_from_db()
    assert (event.state, event.attempts, event.last_error, event.lease_until) == ("done", 0, "", None)


def test_a_provider_that_names_a_time_is_asked_again_then() -> None:
    event = inbound_event()

    jobs.work_one(queue(fail_with(Unavailable("busy", retry_after=70))), event.pk)

    assert seconds_until_due(event) == pytest.approx(70, abs=2)
    assert event.last_error == "busy"


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (Unavailable("down"), "down"),
        (OutcomeUnknown("cut off"), "Outcome unknown: cut off"),
        (ValueError("a bug"), "An unexpected error occurred (ValueError). The log has the details under “job failed”."),
    ],
)
def test_what_may_heal_is_tried_again_later(error: Exception, kept: str) -> None:
    event = inbound_event()

    jobs.work_one(queue(fail_with(error)), event.pk)

    assert 2 <= seconds_until_due(event) <= 8
    assert (event.state, event.last_error, event.lease_until) == ("new", kept, None)


def test_what_cannot_heal_comes_to_rest_where_staff_see_it() -> None:
    event, told = inbound_event(), list[InboundEvent]()

    jobs.work_one(queue(fail_with(Refused("no such product")), told.append), event.pk)

    event.refresh_from_db()
    assert (event.state, event.last_error) == ("attention", "no such product")
    assert [row.pk for row in told] == [event.pk]


@pytest.mark.parametrize(
    "error", [KeyRejected("no", status=401), NotConfigured("no key"), Unavailable("503", status=503, is_outage=True)]
)
def test_a_failure_of_the_provider_counts_no_attempt_of_the_row(error: Exception) -> None:
    event, told = inbound_event(attempts=InboundEvent.max_attempts - 1), list[InboundEvent]()
    for _ in range(3):
        make_due(event)
        jobs.work_one(queue(fail_with(error), told.append), event.pk)

    assert 100 < seconds_until_due(event) < 500
    assert (event.state, event.attempts, event.last_error) == ("new", InboundEvent.max_attempts - 1, str(error))
    assert not told


def test_pauses_double_up_to_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ilytat.integrations.jobs.random.uniform", lambda _low, _high: 1.0)
    pauses = []
    for attempts in range(8):
        event = claimed(inbound_event(attempts=attempts))
        event.retry_later("down")
        pauses.append(round(seconds_until_due(event)))

    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300]


def test_a_poisonous_row_comes_to_rest_after_its_last_attempt() -> None:
    """Even one that kills its worker: attempts are counted when the row is claimed, not when work returns."""
    event = inbound_event(attempts=InboundEvent.max_attempts, last_error="ValueError: x")
    told: list[InboundEvent] = []

    jobs.work_one(queue(fail_with(AssertionError("must not be worked on")), told.append), event.pk)

    event.refresh_from_db()
    assert event.state == "attention"
    assert event.last_error == f"Gave up after {InboundEvent.max_attempts} tries. ValueError: x"
    assert len(told) == 1


def test_staff_are_told_once_of_a_row_at_rest() -> None:
    event, told = inbound_event(), list[InboundEvent]()
    refusing = queue(fail_with(Refused("no")), told.append)

    jobs.work_one(refusing, event.pk)
    jobs.work_one(refusing, event.pk)

    assert len(told) == 1


def test_a_row_at_rest_and_the_word_to_staff_are_one_write() -> None:
    """Killed between the two, nobody would ever hear of the row."""
    event = inbound_event()

    def killed(_event: InboundEvent) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        jobs.work_one(queue(fail_with(Refused("no")), killed), event.pk)

    event.refresh_from_db()
    assert event.state == "new"


# --- the queue -----------------------------------------------------------------------------------------


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows a registered queue worked on, in order."""
    seen: list[int] = []

    def work(event: InboundEvent) -> None:
        seen.append(event.pk)
        event.finish("done")

    monkeypatch.setitem(jobs._queues, "test", queue(work))
    return seen


def test_due_rows_are_worked_on_oldest_first_and_in_batches(done: list[int]) -> None:
    now = timezone.now()
    rows = [inbound_event(next_at=now - timedelta(minutes=age)).pk for age in (1, 3, 2)]

    assert jobs.work_due("test", limit=2) == 2
    assert done == [rows[1], rows[2]]
    assert jobs.work_due("test", limit=2) == 1
    assert jobs.work_due("test", limit=2) == 0


def test_one_bad_row_does_not_keep_the_others_waiting(done: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = inbound_event(), inbound_event()
    sound = jobs._queues["test"].work

    def work(event: InboundEvent) -> None:
        if event.pk == bad.pk:
            raise ValueError("bad row")
        sound(event)

    monkeypatch.setitem(jobs._queues, "test", queue(work))
    jobs.work_due("test")

    assert done == [good.pk]


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_do_each_row_once(done: list[int]) -> None:
    rows = {inbound_event().pk for _ in range(12)}

    race(4, lambda: jobs.work_due("test"))

    assert sorted(done) == sorted(rows)


def test_a_row_can_be_made_due_without_touching_its_lease() -> None:
    """Staff press "retry" while a worker is on it: nothing happens twice."""
    event = claimed(inbound_event())
    InboundEvent.objects.filter(pk=event.pk).update(next_at=timezone.now())

    assert InboundEvent.claim(event.pk) is None
    make_due(event)
    assert InboundEvent.claim(event.pk) is not None


@pytest.mark.parametrize("error", [Unavailable, OutcomeUnknown, Refused])
def test_what_a_provider_said_may_hold_what_no_database_does(error: type[Exception]) -> None:
    """Else the row would end each pass over its queue, and those behind it would wait."""
    first, second = inbound_event(), inbound_event()
    worked: list[int] = []

    def work(event: InboundEvent) -> None:
        worked.append(event.pk)
        raise error("no \0 such \ud800 product")

    for event in (first, second):
        jobs.work_one(queue(work), event.pk)

    first.refresh_from_db()
    assert worked == [first.pk, second.pk]
    assert "no  such ? product" in first.last_error
