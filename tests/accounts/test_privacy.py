"""Export and erasure: all of it, only one's own, and no trace afterwards."""

import base64
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import MissedSearch
from ilytat.accounts import privacy as wishes
from ilytat.accounts.models import Address, Erasure, User
from ilytat.integrations import jobs, privacy
from ilytat.integrations.models import Alert, InboundEvent, SyncLog
from notifications import consent, tasks
from notifications.models import Consent, OutgoingEmail, Subscriber, Suppression
from orders.models import ClaimPhoto, Fulfilment, Order, OrderEvent
from orders.states import FulfilmentState, OrderState
from payments.models import Coupon, CouponUse, Dispute, Payment, Refund
from tests import factories

pytestmark = pytest.mark.django_db
EMAIL, NAME, STREET = "renee.lopez@example.com", "Renée López", "77 Private Lane"
READER = "reader@example.com"  # who never bought anything
PERSONAL = (EMAIL, NAME, STREET, "555 010 7788")


def delivered(**given: Any) -> Order:
    values = {"email": EMAIL, "name": NAME, "address1": STREET, "phone": "555 010 7788", "state": OrderState.PAID}
    order = factories.order(factories.variant(), **values | given)
    Fulfilment.objects.create(
        order=order,
        state=FulfilmentState.DELIVERED,
        external_id=f"{order.number}-1",
        printify_order_id=f"p{order.number}",
        request={"address_to": {"first_name": order.name, "address1": order.address1, "email": order.email}},
        release_at=order.placed_at,
    )
    return order


def everything(user: User | None = None) -> Order:
    """A person all over the shop."""
    order = delivered(user=user)
    order.events.create(who=EMAIL, what="address", why=f"from {STREET} to elsewhere")
    payment = Payment.objects.create(order=order, payment_intent_id="pi_1", captured=order.total, currency="USD")
    Refund.objects.create(
        payment=payment, amount=100, asked_by=EMAIL, note=f"{NAME} wrote", idempotency_key="r1", state="succeeded"
    )
    OutgoingEmail.objects.create(
        kind="shipped", dedupe_key="s1", to=EMAIL, context={"name": NAME}, text=f"Dear {NAME}", state="sent"
    )
    OutgoingEmail.objects.create(kind="refund_failed", dedupe_key="f1", to="staff@ilytat.com", context={"who": NAME})
    reader = Subscriber.objects.create(email=EMAIL, news=True)
    Consent.objects.create(subscriber=reader, address_hash=privacy.fingerprint(EMAIL), act="asked", where="footer")
    Suppression.objects.create(email=EMAIL, reason="bounce")
    told = {"words": f"{NAME} here", "answer": f"Dear {NAME}", "answered_at": order.placed_at}
    claim = order.claims.create(key="c1", kind="damaged", state="declined", **told)
    ClaimPhoto.objects.create(claim=claim, image=b"a picture", width=1, height=1)
    Dispute.objects.create(
        payment=payment,
        stripe_dispute_id="dp_0",
        status="won",
        amount=100,
        closed_at=order.placed_at,
        evidence={"customer_name": NAME},
    )
    coupon = Coupon.objects.create(code="KIND10", value=10)
    CouponUse.objects.create(coupon=coupon, order=order, email=EMAIL, amount=100)
    InboundEvent.objects.create(
        source="stripe", event_id="evt_1", type="x", state="done", payload={"data": {"object": {"name": NAME}}}
    )
    SyncLog.objects.create(integration="mail", action="sent", outcome="ok", detail=f"to {EMAIL.upper()}")
    Alert.objects.create(key="a", message=f"Mail to {EMAIL} bounced")
    return order


def dump() -> Iterator[str]:
    """Every row of every table as text, as the database itself holds it."""
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            if model._meta.managed:
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 (names from our models)
                for row in cursor.fetchall():
                    yield " ".join(map(str, row))


def found(*needles: str) -> list[str]:
    written = {form.lower() for needle in needles for form in (needle, json.dumps(needle)[1:-1])}
    return [row for row in dump() if any(form in row.lower() for form in written)]


def test_after_erasure_no_row_of_any_table_names_the_person() -> None:
    user = User.objects.create_user(EMAIL, "long-enough-4-anyone", first_name=NAME)
    Address.objects.create(user=user, name=NAME, address1=STREET, city="Chicago", country="US")
    LogEntry.objects.create(user=User.objects.create_user("staff@ilytat.com"), action_flag=2, object_repr=EMAIL)
    order = everything(user)
    assert len(found(*PERSONAL)) >= 10

    assert wishes.ask(EMAIL).state == "done"

    assert found(*PERSONAL) == []
    assert not ClaimPhoto.objects.exists()
    order.refresh_from_db()
    assert (order.total, order.lines.count(), order.country) == (order.subtotal + order.shipping, 1, "US")
    assert Payment.objects.get().captured == order.total
    assert Erasure.objects.get().email == ""


def test_another_persons_rows_stay_as_they_are() -> None:
    everything()
    other = delivered(email="bo@example.com", name="Bo Bee", address1="1 Other St", phone="")
    wishes.ask(EMAIL)
    kept = Order.objects.get(pk=other.pk)
    assert (kept.email, kept.name, kept.address1) == ("bo@example.com", "Bo Bee", "1 Other St")
    assert kept.fulfilment.request["address_to"]["first_name"] == "Bo Bee"


def test_what_is_under_way_is_finished_first_and_then_erased_by_itself() -> None:
    order = everything()
    Fulfilment.objects.update(state=FulfilmentState.SHIPPED)
    wish = wishes.ask(EMAIL)
    assert wish.state == "new"
    assert order.number in wish.reason
    assert found(STREET)

    Fulfilment.objects.update(state=FulfilmentState.DELIVERED)
    Erasure.objects.update(next_at=order.placed_at)
    jobs.work_due("erasure")
    assert found(*PERSONAL) == []


def test_money_on_the_move_and_an_open_dispute_wait_too() -> None:
    order = everything()
    Refund.objects.update(state="sent")
    assert "refund" in privacy.unsettled(EMAIL)
    Refund.objects.update(state="succeeded")
    dispute = Dispute.objects.create(
        payment=order.payments.get(), stripe_dispute_id="dp_1", status="needs_response", amount=100
    )
    assert "bank" in privacy.unsettled(EMAIL)
    dispute.closed_at = order.placed_at
    dispute.save()
    assert privacy.unsettled(EMAIL) == ""


def test_asking_again_after_a_restored_backup_erases_again() -> None:
    everything()
    wishes.ask(EMAIL)
    everything_again = delivered()
    wishes.ask(EMAIL)
    assert found(*PERSONAL) == []
    assert Erasure.objects.count() == 1
    assert Order.objects.get(pk=everything_again.pk).name == ""


def test_staff_erase_by_command_and_again_after_a_restore(tmp_path: Path) -> None:
    everything()
    Subscriber.objects.create(email=READER, news=True)
    call_command("erase_customer", EMAIL)
    call_command("erase_customer", READER)
    assert found(*PERSONAL, READER) == []
    listed = StringIO()
    call_command("erase_customer", "--list", stdout=listed)
    (tmp_path / "erased").write_text(listed.getvalue())

    delivered()  # as the backup had it
    Subscriber.objects.create(email=READER, news=True)
    other = delivered(email="bo@example.com", name="Bo Bee", address1="1 Other St", phone="")
    call_command("erase_customer", "--again", str(tmp_path / "erased"))
    assert found(EMAIL, READER) == []
    assert Order.objects.get(pk=other.pk).name == "Bo Bee"
    with pytest.raises(CommandError):
        call_command("erase_customer")


def session_of(data: dict[str, Any]) -> str:
    store = SessionStore()
    store.update(data)
    store.create()
    return str(store.session_key)


def test_browsers_that_typed_the_address_forget_it_and_others_stay_signed_in() -> None:
    """Session data are encoded: no search of the tables would find it there."""
    everything()
    half = session_of({"account_login": {"email": EMAIL.upper()}})
    other = session_of({"account_login": {"email": "bo@example.com"}})
    wishes.ask(EMAIL)
    assert list(Session.objects.values_list("session_key", flat=True)) == [other]
    assert half != other


def test_a_name_typed_into_the_search_box_goes_too() -> None:
    everything()
    MissedSearch.objects.create(term=f"gift for {NAME.casefold()}")
    MissedSearch.objects.create(term="unicorn")
    wishes.ask(EMAIL)
    assert [row.term for row in MissedSearch.objects.all()] == ["unicorn"]


def test_an_event_still_to_be_worked_on_keeps_its_payload() -> None:
    everything()
    InboundEvent.objects.create(source="stripe", event_id="evt_2", type="x", payload={"name": NAME})
    wishes.ask(EMAIL)
    assert InboundEvent.objects.get(event_id="evt_2").payload == {"name": NAME}


def mailed_link(client: Client) -> str:
    Suppression.objects.all().delete()
    client.post("/accounts/privacy/ask/", {"email": EMAIL})
    jobs.work_due("mail")
    told = re.search(r"http://testserver(/accounts/privacy/link/\S+/)", str(mail.outbox[-1].body))
    assert told
    return told[1]


def test_a_guest_gets_a_link_by_mail_downloads_and_erases(client: Client) -> None:
    order = everything()
    link = mailed_link(client)

    assert client.get(link).status_code == 200
    answer = client.post(link, {"action": "export"})
    kept = json.loads(answer.content)
    assert kept["orders"][0]["number"] == order.number
    assert kept["orders"][0]["address1"] == STREET
    assert "attachment" in answer["Content-Disposition"]

    assert client.post(link, {"action": "erase"}).status_code == 422  # the box is not ticked
    assert found(STREET)
    assert client.post(link, {"action": "erase", "sure": "on"}).status_code == 302
    assert found(*PERSONAL) == []
    assert (
        client.post(link, {"action": "erase", "sure": "on"}).status_code == 410
    )  # pressed twice: the mail is gone too


def test_a_name_of_one_word_takes_nothing_of_others_along() -> None:
    User.objects.create_user(EMAIL, "long-enough-4-anyone", first_name="https")
    other = {"url": "https://shop.example/orders/1/", "name": "Bo Bee"}
    OutgoingEmail.objects.create(kind="shipped", dedupe_key="s2", to="bo@example.com", context=other)
    SyncLog.objects.create(integration="mail", action="sent", outcome="ok", detail="https://shop.example")
    assert wishes.ask(EMAIL).state == "done"
    kept = OutgoingEmail.objects.get(dedupe_key="s2")
    assert (kept.to, kept.state, kept.context) == ("bo@example.com", "new", other)
    assert SyncLog.objects.get().detail == "https://shop.example"


def test_no_address_stands_in_the_links_address(client: Client) -> None:
    everything()
    token = mailed_link(client).split("/")[-2]
    assert EMAIL not in base64.urlsafe_b64decode(token.split(":")[0] + "==").decode()


def test_an_unknown_address_gets_the_same_page_and_no_mail(client: Client) -> None:
    everything()
    Suppression.objects.all().delete()
    known = client.post("/accounts/privacy/ask/", {"email": EMAIL})
    unknown = client.post("/accounts/privacy/ask/", {"email": "nobody@example.com"})
    assert known.status_code == unknown.status_code == 200
    pages = [re.sub(r'value="\w{64}"', "", x.content.decode()) for x in (known, unknown)]
    assert pages[0] == pages[1].replace("nobody@example.com", EMAIL)
    jobs.work_due("mail")
    assert [message.to for message in mail.outbox if "data" in message.subject] == [[EMAIL]]
    assert list(asked_of("nobody@example.com").values_list("state", flat=True)) == ["unwanted"]


def asked_of(email: str) -> QuerySet[OutgoingEmail]:
    return OutgoingEmail.objects.filter(kind="privacy_link", to=email)


def test_asking_is_the_same_work_for_every_address(client: Client) -> None:
    """What is known is found out by the queue, after the answer."""
    everything()
    client.get("/accounts/privacy/ask/")  # what pages keep in the cache is there
    work = []
    for email in (EMAIL, "nobody@example.com", EMAIL, "nobody@example.com"):
        with CaptureQueriesContext(connection) as queries:
            client.post("/accounts/privacy/ask/", {"email": email})
        work.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries])
    assert work[0] == work[1]
    assert work[2] == work[3]


def test_an_address_typed_by_a_stranger_is_forgotten_within_a_day_or_two(client: Client) -> None:
    client.post("/accounts/privacy/ask/", {"email": "nobody@example.com"})
    jobs.work_due("mail")
    tasks.forget_bodies()
    assert asked_of("nobody@example.com").count() == 1
    OutgoingEmail.objects.update(created_at=timezone.now() - timedelta(hours=25))
    tasks.forget_bodies()
    assert found("nobody@example.com") == []


def test_who_only_reads_our_news_gets_the_link_too(client: Client) -> None:
    consent.agree("reader@example.com", ["news"], language="en", where="test", wording="words")
    client.post("/accounts/privacy/ask/", {"email": "Reader@example.com"})
    jobs.work_due("mail")
    assert [row.state for row in asked_of("Reader@example.com")] == ["sent"]


@pytest.mark.parametrize("token", ["nonsense", "InJlbiI:1abc:def"])
def test_a_forged_link_opens_nothing(client: Client, token: str) -> None:
    assert client.post(f"/accounts/privacy/link/{token}/", {"action": "export"}).status_code == 410


def test_an_account_is_asked_for_its_password_before_its_data_are_shown(client: Client) -> None:
    user = User.objects.create_user("ana@example.com", "long-enough-4-anyone")
    client.force_login(user)
    assert "/reauthenticate/" in client.get("/accounts/privacy/").headers["Location"]
    client.post("/accounts/reauthenticate/", {"password": "long-enough-4-anyone"})
    assert client.get("/accounts/privacy/").status_code == 200
    client.post("/accounts/privacy/", {"action": "erase", "sure": "on"})
    assert not User.objects.exists()
    assert client.get("/accounts/").status_code == 302


def test_staff_are_not_erased_from_the_books_they_kept() -> None:
    User.objects.create_user("staff@ilytat.com", is_staff=True)
    assert wishes.ask("staff@ilytat.com").state == "new"
    assert User.objects.exists()


def test_events_of_an_order_lose_the_person_and_keep_the_history() -> None:
    everything()
    wishes.ask(EMAIL)
    event = OrderEvent.objects.get(what="address")
    assert (event.who, event.why) == ("buyer", "from [erased] to elsewhere")


def test_the_accounts_other_addresses_go_with_it_and_unconfirmed_ones_may_be_anothers() -> None:
    user = User.objects.create_user(EMAIL, "long-enough-4-anyone")
    for key, address in enumerate(("bo@example.com", "renee@work.example")):
        EmailAddress.objects.create(user=user, email=address, verified=bool(key))
        OutgoingEmail.objects.create(kind="shipped", dedupe_key=str(key), to=address)
    told = {"email": "renee@before.example", "detail": EMAIL}
    OutgoingEmail.objects.create(kind="email_changed", dedupe_key="e", to="renee@before.example", context=told)
    wishes.ask(EMAIL)
    assert found(EMAIL, "renee@work.example") == []
    assert OutgoingEmail.objects.filter(to="bo@example.com").exists()
