from collections.abc import Callable

import pytest
from django.utils import timezone

from ilytat.integrations import inbox, jobs
from ilytat.integrations.errors import Outcome, Result
from ilytat.integrations.inbox import NotYetKnown
from ilytat.integrations.models import Alert, InboundEvent
from tests.factories import inbound_event
from tests.racing import race
from tests.results import result_of

pytestmark = pytest.mark.django_db

Listen = Callable[[inbox.Read], None]
TYPE = "thing.happened"
DONE = Result(Outcome.HANDLED, "Done.")


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Listen:
    """Registers a handler for this test only."""

    def register(read: inbox.Read) -> None:
        monkeypatch.setitem(inbox._handlers, ("stripe", TYPE), read)

    return register


def work(event: InboundEvent) -> InboundEvent:
    jobs.work_one(inbox.queue, event.pk)
    event.refresh_from_db()
    return event


def make_due(event: InboundEvent) -> None:
    InboundEvent.objects.filter(pk=event.pk).update(next_at=timezone.now())


def open_alert() -> None:
    Alert.objects.create(key="seen", message="applied")


def test_an_event_is_kept_as_it_came_and_waits_for_work(listen: Listen) -> None:
    listen(lambda _event: lambda: DONE)

    assert inbox.receive("stripe", "evt_1", TYPE, {"id": "evt_1", "data": {"object": {"id": "cs_1"}}})

    event = InboundEvent.objects.get()
    assert (event.state, event.payload["id"], event.subject) == ("new", "evt_1", {"id": "cs_1"})


def test_what_no_database_holds_is_left_out_of_an_event(listen: Listen) -> None:
    listen(lambda _event: lambda: Result(Outcome.HANDLED, "do\0ne" * 100))

    assert inbox.receive("stripe", "evt_\0\ud800" + "1" * 300, TYPE, {"a\0": ["\ud800", 1e400]})
    assert not inbox.receive("stripe", "evt_\0\ud800" + "1" * 300, TYPE, {})

    event = work(InboundEvent.objects.get())
    assert (event.event_id[:5], event.payload, event.state) == ("evt_?", {"a": ["?", None]}, "done")
    assert event.detail == ("done" * 100)[:200]


def test_an_event_too_deep_to_be_kept_is_no_error_to_its_sender(listen: Listen) -> None:
    listen(lambda _event: lambda: DONE)
    deep: dict[str, object] = {}
    for _ in range(100):
        deep = {"a": deep}

    assert inbox.receive("stripe", "evt_1", TYPE, deep)

    event = InboundEvent.objects.get()
    assert (event.payload, event.state) == ({}, "ignored")
    assert result_of(event) == ("ignored", "The payload could not be stored: it is nested too deeply.")


@pytest.mark.parametrize("data", [None, [], "x", 1, {"object": []}])
def test_an_event_of_another_shape_is_about_nothing(data: object) -> None:
    assert inbound_event(payload={"data": data, "resource": data}).subject == {}
    assert inbound_event(source="printify", payload={"resource": [data]}).subject == {}


@pytest.mark.django_db(transaction=True)
def test_five_deliveries_at_once_leave_one_row_and_one_first(listen: Listen) -> None:
    listen(lambda _event: lambda: DONE)

    firsts = race(5, lambda: inbox.receive("stripe", "evt_1", TYPE, {}))

    assert sorted(firsts) == [False, False, False, False, True]
    assert InboundEvent.objects.count() == 1


def test_a_repeat_changes_nothing_of_what_was_done(listen: Listen) -> None:
    listen(lambda _event: lambda: DONE)
    inbox.receive("stripe", "evt_1", TYPE, {})
    work(InboundEvent.objects.get())

    assert not inbox.receive("stripe", "evt_1", TYPE, {"other": "body"})

    event = InboundEvent.objects.get()
    assert (event.state, event.payload, event.outcome) == ("done", {}, "handled")


def test_the_same_id_from_two_senders_is_two_events() -> None:
    inbox.receive("stripe", "1", TYPE, {})
    inbox.receive("printify", "1", TYPE, {})

    assert InboundEvent.objects.count() == 2


def test_a_type_nobody_listens_to_is_kept_and_ignored() -> None:
    inbox.receive("stripe", "evt_1", "account.updated", {})

    event = InboundEvent.objects.get()
    assert (event.state, *result_of(event)) == ("ignored", "ignored", "The shop does not act on events of this type.")


def test_what_the_handler_applies_and_done_are_one_transaction(listen: Listen) -> None:
    def apply() -> Result:
        open_alert()
        raise ValueError("crash after the change")

    listen(lambda _event: apply)
    event = work(inbound_event(type=TYPE))

    assert event.state == "new"
    assert "(ValueError)" in event.last_error
    assert not Alert.objects.exists()


def test_a_handled_event_keeps_its_outcome_its_detail_and_its_time(listen: Listen) -> None:
    listen(lambda _event: lambda: Result(Outcome.LATE, "The order had moved on."))
    event = work(inbound_event(type=TYPE))

    assert (event.state, *result_of(event)) == ("done", "late", "The order had moved on.")
    assert event.handled_at is not None


def test_an_event_about_something_unknown_waits_then_asks_for_attention(listen: Listen) -> None:
    """C3: a refund may be told of before the payment it belongs to."""

    def read(_event: InboundEvent) -> inbox.Apply:
        raise NotYetKnown("no such payment")

    listen(read)
    event = inbound_event(type=TYPE)
    states = []
    for _ in range(inbox.UNKNOWN_OBJECT_TRIES):
        make_due(event)
        states.append(work(event).state)

    assert states == ["new"] * (inbox.UNKNOWN_OBJECT_TRIES - 1) + ["attention"]
    assert event.last_error == "Still unknown after 8 looks: no such payment"


def test_an_event_that_becomes_known_is_handled(listen: Listen) -> None:
    answers = iter([NotYetKnown("not yet"), None])

    def read(_event: InboundEvent) -> inbox.Apply:
        if error := next(answers):
            raise error
        return lambda: DONE

    listen(read)
    event = work(inbound_event(type=TYPE))
    make_due(event)

    assert work(event).outcome == "handled"


@pytest.mark.parametrize(
    ("source", "payload", "subject"),
    [
        ("stripe", {"data": {"object": {"id": "cs"}}}, {"id": "cs"}),
        ("printify", {"resource": {"id": "o1"}}, {"id": "o1"}),
        ("stripe", {"data": None}, {}),
        ("stripe", {}, {}),
        ("printify", {"resource": "order"}, {}),
    ],
)
def test_the_subject_is_found_where_the_sender_nests_it(
    source: str, payload: dict[str, object], subject: dict[str, object]
) -> None:
    assert InboundEvent(source=source, payload=payload).subject == subject
