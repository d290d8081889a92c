"""What an erasure waits for, and that it reaches nobody else: by ids only, whatever people are called."""

from datetime import timedelta
from io import StringIO

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.accounts import privacy as wishes
from ilytat.accounts.models import Erasure, User
from ilytat.integrations import alerts, deadlines, privacy
from ilytat.integrations.errors import Unavailable
from ilytat.integrations.models import Alert, InboundEvent
from notifications import outbox
from notifications.models import OutgoingEmail
from orders.models import Fulfilment, Order, OrderEvent
from orders.states import FulfilmentState
from payments.models import StripeCustomer
from tests import factories
from tests.accounts import people
from tests.accounts.people import RENEE, Customer, delivered, everything, naming

pytestmark = pytest.mark.django_db
EMAIL, NAME = RENEE.email, RENEE.name
BO = Customer("bo@example.com", "Bo Bee", "1 Other St", "")


@pytest.fixture(autouse=True)
def _alerts_are_mailed(settings: Settings) -> None:
    settings.STAFF_ALERTS_TO = ["alerts@ilytat.com"]


# Names that stand in everybody's rows, or that a database or a pattern might take for more than a name.
HOSTILE_NAMES = (
    "checkout.session",
    "paid",
    "https",
    "Jane Neighbor",
    "1 Neighbor Street",
    "myshop12@mail.com",
    "Order",
    "%",
    ".*",
    "_______",
    '[{"id": 1}]',
)
NEIGHBORS = (
    "myshop12@mail.com",
    "shop12@mail.com.example.org",
    "hop12@mail.com",
    "shop12+x@mail.com",
    "shop12@ma\u0131l.com",  # dotless i: upper() makes it an I in PostgreSQL
    "shop12@ma\u0130l.com",  # I with a dot
    "shop12@mail.co",
)


def neighbors() -> None:
    """Everything of people whose addresses resemble the one that is erased, and who are called alike."""
    for place, email in enumerate(NEIGHBORS):
        neighbor = Customer(email, "Jane Neighbor", "1 Neighbor Street", f"555 010 99{place:02}")
        everything(neighbor, user=people.account(neighbor) if place % 2 == 0 else None)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_erasing_changes_no_row_of_anybody_else_whatever_the_person_is_called(name: str) -> None:
    """Every row that was there before the person came is the same afterwards, column by column."""
    neighbors()
    hostile = Customer("shop12@mail.com", name, "1 Neighbor Street", "555 010 9900")
    people.shared(hostile)
    cart = factories.cart(factories.variant())
    delivered(BO, cart=cart)  # ordered in the same browser
    before = people.rows()

    everything(hostile, user=people.account(hostile), cart=cart)
    assert wishes.ask(hostile.email).state == "done"

    after = people.rows()
    assert {key: row for key, row in before.items() if after.get(key) != row} == {}
    assert not User.objects.filter(email=hostile.email).exists()
    assert not Order.objects.filter(email=hostile.email).exists()


@pytest.mark.parametrize("email", NEIGHBORS)
def test_the_data_of_similar_addresses_are_not_exported(email: str) -> None:
    everything(Customer(email, "Jane Neighbor", "1 Neighbor Street", "1"))
    assert privacy.export("shop12@mail.com") == {}


def test_another_accounts_session_does_not_end_with_a_similar_address() -> None:
    mine, theirs = people.account(Customer("shop12@mail.com")), people.account(Customer("myshop12@mail.com"))
    key = UserSession.objects.get(user=theirs).session_key
    wishes.ask(mine.email)
    assert list(Session.objects.values_list("session_key", flat=True)) == [key]


def test_an_erasure_waits_for_a_webhook_that_is_still_to_be_worked_on_and_keeps_its_payload() -> None:
    order = everything()
    event = factories.inbound_event(reference=order.number, state="attention", payload={"name": NAME})
    assert "processed" in wishes.ask(EMAIL).reason
    event.refresh_from_db()
    assert (event.state, event.payload) == ("attention", {"name": NAME})
    assert Order.objects.get(pk=order.pk).name == NAME

    InboundEvent.objects.filter(pk=event.pk).update(state="ignored")
    assert wishes.ask(EMAIL).state == "done"
    event.refresh_from_db()
    assert event.payload == {}


@pytest.mark.parametrize("state", ["new", "attention"])
def test_an_erasure_waits_for_a_mail_about_the_order_and_drops_one_about_the_account(state: str) -> None:
    order = everything()
    mail = OutgoingEmail.objects.create(kind="order_canceled", dedupe_key="x", to=EMAIL, state=state, text=NAME)
    assert "email" in privacy.unsettled(EMAIL)
    OutgoingEmail.objects.filter(pk=mail.pk).update(kind="new_sign_in", lease_token="a" * 32)
    assert wishes.ask(EMAIL).state == "done"
    mail.refresh_from_db()
    assert (mail.state, mail.text, mail.lease_token) == ("erased", "", "")
    assert order.email != mail.to


def test_an_erasure_waits_for_staff_who_are_still_looking_at_the_order() -> None:
    order = everything()
    alerts.open_alert(f"partly-refunded:{order.number}", f"Order {order.number}: {NAME} got a part back")
    assert "staff" in wishes.ask(EMAIL).reason
    assert NAME in Alert.objects.get(closed_at=None).message
    alerts.close_alert(f"partly-refunded:{order.number}")
    assert wishes.ask(EMAIL).state == "done"
    assert naming(NAME) == []


@pytest.mark.parametrize("kind", ["order", "fulfilment"])
def test_an_alert_that_its_row_left_behind_keeps_no_erasure_waiting(kind: str) -> None:
    """Staff see the row, not the alert: nobody would close it."""
    order = everything()
    alerts.open_alert(f"{kind}:{order.number}", f"Order {order.number}: {NAME} needs a person")
    assert wishes.ask(EMAIL).state == "done"
    assert not Alert.objects.filter(closed_at=None).exists()
    assert naming(NAME) == []


def test_what_came_in_during_the_erasure_and_is_still_to_be_worked_on_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    order = everything()
    event = factories.inbound_event(reference=order.number, payload={"name": NAME})
    values = {"to": EMAIL, "reference": order.number, "context": {"name": NAME}}
    mail = OutgoingEmail.objects.create(kind="order_canceled", dedupe_key="x", **values)
    alerts.open_alert(f"partly-refunded:{order.number}", f"{NAME} got a part back")
    monkeypatch.setattr(privacy, "_unsettled", lambda _person: "")  # asked a moment before they came
    assert wishes.ask(EMAIL).state == "done"
    event.refresh_from_db()
    mail.refresh_from_db()
    assert (event.state, event.payload) == ("new", {"name": NAME})
    assert (mail.state, mail.to, mail.context) == ("new", EMAIL, {"name": NAME})
    assert NAME in Alert.objects.get(closed_at=None).message


def test_to_an_erased_address_nothing_is_written_any_more() -> None:
    order = everything()
    wishes.ask(EMAIL)
    order.refresh_from_db()
    before = OutgoingEmail.objects.count()
    outbox.queue(
        "email_removed",
        dedupe_key="late",
        to=order.email,
        language="en",
        context=dict.fromkeys(("email", "detail", "at", "ip", "agent", "url"), ""),
    )
    assert OutgoingEmail.objects.count() == before


def test_stripes_customer_is_queued_for_deletion() -> None:
    everything()
    wishes.ask(EMAIL)
    assert StripeCustomer.objects.get().state == "deleting"


def test_words_are_replaced_as_a_whole_only() -> None:
    order = delivered()
    order.events.create(who="buyer", what="x", why="Renée, my-renee.lopez@example.com, renee.lopez@example.com.au")
    wishes.ask(EMAIL)
    assert OrderEvent.objects.get().why == "[erased], my-renee.lopez@example.com, renee.lopez@example.com.au"


def _queries_of_an_erasure(email: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert wishes.ask(email).state == "done"
    return [query["sql"] for query in queries]


def test_the_cost_of_an_erasure_does_not_grow_with_other_peoples_rows() -> None:
    everything(Customer("first@example.com"))
    alone = _queries_of_an_erasure("first@example.com")
    for number in range(40):
        delivered(Customer(f"other{number}@example.com"))
    events = [
        InboundEvent(source="stripe", event_id=f"e{number}", type="x", state="done", payload={"n": "x" * 500})
        for number in range(2000)
    ]
    InboundEvent.objects.bulk_create(events)
    everything(Customer("second@example.com"))
    among_others = _queries_of_an_erasure("second@example.com")
    assert len(among_others) == len(alone)
    assert not [sql for sql in among_others if "LIKE" in sql.upper() and "what" not in sql.lower()]
    about_events = [sql for sql in among_others if 'integrations_inboundevent" ' in sql or "inboundevent" in sql]
    assert about_events
    assert all('"reference" IN (' in sql for sql in about_events)


@pytest.mark.needs("postgresql")
def test_postgresql_finds_the_events_by_their_index() -> None:
    everything()
    person = privacy.find(EMAIL)
    plan = InboundEvent.objects.filter(reference__in=person.references)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "inbound_event_reference" in plan.order_by().explain()


def test_it_is_looked_for_again_within_the_hour_and_staff_see_what_waits_too_long() -> None:
    everything()
    Fulfilment.objects.update(state=FulfilmentState.SHIPPED)
    wish = wishes.ask(EMAIL)
    assert wish.next_at <= timezone.now() + timedelta(hours=1)
    assert not wishes.stuck().exists()
    Erasure.objects.update(asked_at=timezone.now() - timedelta(days=22))
    wishes.ask(EMAIL)  # asking again does not begin the month anew
    assert list(wishes.stuck()) == [wish]


def test_an_erasure_that_failed_half_way_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    everything()

    def fails(_person: object) -> None:
        raise RuntimeError("out of order")

    broken = privacy.PersonalDataHandler("account", export=lambda _: None, erase=fails)
    monkeypatch.setitem(privacy._keepers, "account", broken)
    before = people.rows()
    wish = wishes.ask(EMAIL)
    assert (wish.state, wish.last_error) == (
        "new",
        "An unexpected error occurred (RuntimeError). The log has the details under “job failed”.",
    )
    after = people.rows()
    changed = {table for (table, key), row in before.items() if after.get((table, key)) != row}
    assert changed == set()


def test_a_provider_that_does_not_answer_holds_the_asker_up_for_seconds_only_and_staff_read_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    left: list[float] = []

    def stalls(_person: object) -> None:
        left.append(deadlines.seconds_left())
        raise Unavailable("Stripe did not answer")

    stalling = privacy.PersonalDataHandler("account", export=lambda _: None, erase=lambda _: None, close=stalls)
    monkeypatch.setitem(privacy._keepers, "account", stalling)
    answer = StringIO()
    call_command("erase_customer", EMAIL, stdout=answer)
    assert 0 < left[0] <= wishes.ASK_SECONDS
    assert answer.getvalue() == "waiting: Stripe did not answer\n"
