"""What a campaign may do in which state, how it ends, and what staff are told of it in numbers."""

from datetime import timedelta

import pytest
from django.utils import timezone
from time_machine import TimeMachineFixture

from ilytat.integrations import jobs
from ilytat.integrations.models import Alert
from notifications import campaigns, consent
from notifications.models import Campaign, OutgoingEmail, Subscriber
from tests.notifications.conftest import Queue
from tests.notifications.test_campaigns import campaign, readers, work_off

pytestmark = pytest.mark.django_db
State = Campaign.State


@pytest.fixture(autouse=True)
def _clock_stands(time_machine: TimeMachineFixture) -> None:
    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)


def after(verb: str, state: str) -> str:
    """The state in which the verb leaves a campaign that was in this one; "refused" where it may not."""
    one = campaign()
    Campaign.objects.update(state=state)
    try:
        getattr(campaigns, verb)(one)
    except campaigns.NotReady:
        one.refresh_from_db()
        assert one.state == state
        return "refused"
    one.refresh_from_db()
    return one.state


@pytest.mark.parametrize(
    ("state", "start", "pause", "stop"),
    [
        (State.DRAFT, "sending", "refused", "refused"),
        (State.SENDING, "refused", "paused", "stopped"),
        (State.PAUSED, "sending", "refused", "stopped"),
        (jobs.ATTENTION, "sending", "refused", "refused"),
        (State.SENT, "refused", "refused", "refused"),
        (State.STOPPED, "refused", "refused", "refused"),
    ],
)
def test_each_state_allows_its_own_verbs(state: str, start: str, pause: str, stop: str) -> None:
    assert (after("start", state), after("pause", state), after("stop", state)) == (start, pause, stop)


def test_one_campaigns_verb_moves_no_other() -> None:
    one, other = campaign(), campaign()
    campaigns.start(one)
    campaigns.start(other)
    campaigns.pause(one)
    campaigns.start(one)
    campaigns.stop(one)
    other.refresh_from_db()
    assert other.state == State.SENDING


def test_what_waits_of_a_stopped_campaign_is_never_sent() -> None:
    readers(2)
    one = campaign()
    campaigns.start(one)
    jobs.work_due(campaigns.QUEUE)
    campaigns.stop(one)
    work_off()
    found = campaigns.counts(one)
    assert (found["queued"], found["sent"], found["waiting"]) == (2, 0, 2)


def test_it_began_when_it_was_first_started(time_machine: TimeMachineFixture) -> None:
    one = campaign()
    Campaign.objects.update(next_at=timezone.now() + timedelta(days=9))
    began = timezone.now()
    campaigns.start(one)
    one.refresh_from_db()
    assert (one.started_at, one.next_at) == (began, began)
    campaigns.pause(one)
    time_machine.shift(3600)
    campaigns.start(one)
    one.refresh_from_db()
    assert (one.started_at, one.next_at) == (began, timezone.now())


def test_batches_follow_each_other_closely_and_the_end_waits_for_the_last_mail(
    monkeypatch: pytest.MonkeyPatch, time_machine: TimeMachineFixture
) -> None:
    monkeypatch.setattr(campaigns, "BATCH", 2)
    readers(3)
    one = campaign()
    campaigns.start(one)
    seen = []
    for _ in range(4):
        jobs.work_due(campaigns.QUEUE)
        one.refresh_from_db()
        seen.append((OutgoingEmail.objects.count(), one.state, (one.next_at - timezone.now()).total_seconds()))
        time_machine.shift(campaigns.WAIT_SECONDS)
    assert seen[:2] == [(2, "sending", campaigns.BATCH_SECONDS), (3, "sending", campaigns.BATCH_SECONDS)]
    assert seen[2:] == [(3, "sending", campaigns.WAIT_SECONDS)] * 2
    OutgoingEmail.objects.update(state="sent")
    jobs.work_due(campaigns.QUEUE)
    one.refresh_from_db()
    assert (one.state, one.finished_at) == (State.SENT, timezone.now())


def test_another_campaigns_mails_do_not_hold_up_the_end() -> None:
    first, second = campaign(), campaign()
    readers(1)
    campaigns.start(first)
    jobs.work_due(campaigns.QUEUE)
    Subscriber.objects.all().delete()
    campaigns.start(second)
    jobs.work_due(campaigns.QUEUE)
    second.refresh_from_db()
    assert second.state == State.SENT


def test_without_texts_it_rests_at_once_and_staff_are_told() -> None:
    readers(1)
    one = campaign()
    campaigns.start(one)
    one.texts.all().delete()
    jobs.work_due(campaigns.QUEUE)
    one.refresh_from_db()
    assert one.state == jobs.ATTENTION
    assert "texts were deleted" in one.last_error
    assert Alert.objects.get(key="mail:campaign").message == "A campaign came to rest: Autumn"


FATES = {
    "waiting": [{"state": "new"}],
    "sent": [{"state": "sent"}],
    "delivered": [{"state": "sent", "fate": "delivered"}],
    "bounced": [{"state": "sent", "fate": "bounced"}, {"state": "sent", "fate": "dropped"}],
    "complained": [{"state": "sent", "fate": "complained"}],
    "skipped": [{"state": "suppressed"}, {"state": "unwanted"}],
    "failed": [{"state": jobs.ATTENTION}],
}


@pytest.mark.parametrize("counted", FATES)
def test_each_number_counts_its_own_mails(counted: str, queued: Queue) -> None:
    one, other = campaign(), campaign()
    queued(dedupe_key="no campaign's")
    queued(dedupe_key="another's", campaign=other)
    changes = FATES[counted]
    for number, change in enumerate(changes):
        row = queued(dedupe_key=f"ours:{number}", campaign=one)
        OutgoingEmail.objects.filter(pk=row.pk).update(**change)
    handed_over = {"sent": len(changes)} if changes[0]["state"] == "sent" else {}
    nothing = dict.fromkeys(campaigns.tally(), 0)
    expected = nothing | {"queued": len(changes)} | handed_over | {counted: len(changes), "left": 0}
    assert campaigns.counts(one) == expected


def test_who_left_by_one_of_its_mails_is_counted_with_it() -> None:
    one = campaign()
    for number, where in enumerate((f"campaign {one.pk}", f"campaign {one.pk}1", "choices")):
        reader = consent.agree(f"r{number}@example.com", ["news"], language="en", where=where, wording="words")
        consent.leave(reader, where=where)
    assert campaigns.counts(one)["left"] == 1
