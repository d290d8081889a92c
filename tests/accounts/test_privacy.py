"""Export and erasure: all of it, only one's own, and no trace afterwards."""

import base64
import json
import re
from datetime import timedelta
from importlib import import_module
from io import StringIO
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.accounts import privacy as wishes
from ilytat.accounts.models import Erasure, User
from ilytat.integrations import alerts, jobs, privacy
from ilytat.integrations.models import Alert
from notifications import consent, tasks
from notifications.models import OutgoingEmail, Subscriber, Suppression
from orders.models import ClaimPhoto, Fulfilment, Order, OrderEvent, Shipment
from orders.states import FulfilmentState
from payments.models import Dispute, Payment, Refund
from tests.accounts import people
from tests.accounts.people import RENEE, Customer, delivered, everything, naming

pytestmark = pytest.mark.django_db
EMAIL, NAME, STREET = RENEE.email, RENEE.name, RENEE.street
READER = "reader@example.com"  # who never bought anything
BO = Customer("bo@example.com", "Bo Bee", "1 Other St", "")


@pytest.fixture(autouse=True)
def _alerts_are_mailed(settings: Settings) -> None:
    settings.STAFF_ALERTS_TO = ["alerts@ilytat.com"]


def test_after_erasure_no_row_of_any_table_names_the_person() -> None:
    order = everything(user=people.account(RENEE))
    numbers = list(Shipment.objects.values_list("number", flat=True))
    assert len(naming(*RENEE.traces)) >= 20

    assert wishes.ask(EMAIL).state == "done"

    assert naming(*RENEE.traces, *numbers, "track.example", "checkout.stripe.com") == []
    assert not ClaimPhoto.objects.exists()
    order.refresh_from_db()
    assert (order.total, order.lines.count(), order.country) == (order.subtotal + order.shipping, 1, "US")
    assert order.erased_at is not None
    assert Shipment.objects.count() == 2
    assert Payment.objects.get().captured == order.total
    assert Erasure.objects.get().email == ""


def test_mails_to_former_staff_about_the_persons_order_are_erased_too(settings: Settings) -> None:
    order = delivered(RENEE)
    for key in (f"order:{order.number}", "health:printify"):
        alerts.open_alert(key, f"{RENEE.name} called")
    settings.STAFF_ALERTS_TO = ["former@ilytat.com"]
    tasks.mail_alerts()
    jobs.work_due("mail")
    for key in (f"order:{order.number}", "health:printify"):
        alerts.close_alert(key)
    settings.STAFF_ALERTS_TO = ["alerts@ilytat.com"]
    assert wishes.ask(RENEE.email).state == "done"
    about_order, other = (
        OutgoingEmail.objects.get(dedupe_key__startswith=f"alert:{alert.pk}:") for alert in Alert.objects.order_by("pk")
    )
    assert (about_order.state, about_order.context, about_order.to) == ("erased", {}, "former@ilytat.com")
    assert other.state == "sent"


def test_mails_from_before_are_found_by_their_alert_too() -> None:
    order = delivered(RENEE)
    alerts.open_alert(f"order:{order.number}", f"{RENEE.name} called")
    alert = Alert.objects.get()
    tasks.mail_alerts()
    values = {"kind": "staff_alert", "to": "former@ilytat.com", "state": "sent"}
    own, other = (
        OutgoingEmail.objects.create(dedupe_key=f"alert:{pk}:former@ilytat.com", **values)
        for pk in (alert.pk, alert.pk * 10 + 1)
    )
    numbered = OutgoingEmail.objects.create(dedupe_key="alert:7:x", reference="IL-10482", **values)
    import_module("notifications.migrations.0008_alert_reference").refer_to_alerts(apps, None)
    jobs.work_due("mail")
    alerts.close_alert(alert.key)
    assert wishes.ask(RENEE.email).state == "done"
    states = [OutgoingEmail.objects.get(pk=mail.pk).state for mail in (own, other, numbered)]
    assert states == ["erased", "sent", "sent"]
    numbered.refresh_from_db()
    assert numbered.reference == "IL-10482"


def test_an_address_written_into_a_confirmed_account_proves_nothing(client: Client) -> None:
    """Staff mistyped an address: its owner neither reads nor ends the account, nor does the account read theirs."""
    user = people.account(RENEE)
    User.objects.filter(pk=user.pk).update(email=BO.email)
    delivered(BO)
    assert "account" not in privacy.export(BO.email)
    assert wishes.proven_address(User.objects.get(pk=user.pk)) == EMAIL
    EmailAddress.objects.all().update(verified=False)
    assert wishes.proven_address(User.objects.get(pk=user.pk)) == ""


def test_another_persons_rows_stay_as_they_are() -> None:
    everything()
    other = delivered(BO)
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
    assert naming(STREET)

    Fulfilment.objects.update(state=FulfilmentState.DELIVERED)
    Erasure.objects.update(next_at=order.placed_at)
    jobs.work_due("erasure")
    assert naming(*RENEE.traces) == []


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
    assert naming(*RENEE.traces) == []
    assert Erasure.objects.count() == 1
    assert Order.objects.get(pk=everything_again.pk).name == ""


def test_staff_erase_by_command_and_again_after_a_restore(tmp_path: Path) -> None:
    everything()
    Subscriber.objects.create(email=READER, news=True)
    call_command("erase_customer", EMAIL)
    call_command("erase_customer", READER)
    assert naming(*RENEE.traces, READER) == []
    listed = StringIO()
    call_command("erase_customer", "--list", stdout=listed)
    (tmp_path / "erased").write_text(listed.getvalue())

    delivered()  # as the backup had it
    Subscriber.objects.create(email=READER, news=True)
    other = delivered(BO)
    call_command("erase_customer", "--again", str(tmp_path / "erased"))
    assert naming(EMAIL, READER) == []
    assert Order.objects.get(pk=other.pk).name == "Bo Bee"
    with pytest.raises(CommandError):
        call_command("erase_customer")


def mailed_link(client: Client) -> str:
    Suppression.objects.all().delete()
    client.post("/accounts/privacy/ask/", {"email": EMAIL.upper()})
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
    assert naming(STREET)
    assert client.post(link, {"action": "erase", "sure": "on"}).status_code == 302
    assert naming(*RENEE.traces) == []
    assert (
        client.post(link, {"action": "erase", "sure": "on"}).status_code == 410
    )  # pressed twice: the mail is gone too


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
    assert naming("nobody@example.com") == []


def test_who_only_reads_our_news_gets_the_link_too(client: Client) -> None:
    consent.agree("reader@example.com", ["news"], language="en", where="test", wording="words")
    client.post("/accounts/privacy/ask/", {"email": "Reader@example.com"})
    jobs.work_due("mail")
    assert [row.state for row in asked_of("reader@example.com")] == ["sent"]


def test_the_link_of_a_look_alike_address_goes_to_it_and_opens_its_own_data_only(client: Client) -> None:
    """The domain with a dotless i is somebody else's: xn--mal-kua.com."""
    buyer = Customer("buyer@mail.com", "Jane Neighbor")
    everything(buyer)
    client.post("/accounts/privacy/ask/", {"email": "buyer@ma\u0131l.com"})
    jobs.work_due("mail")
    [asked] = OutgoingEmail.objects.filter(kind="privacy_link")
    assert (asked.to, asked.state) == ("buyer@xn--mal-kua.com", "unwanted")
    link = f"/accounts/privacy/link/{wishes.link_token(asked.dedupe_key.partition(':')[2])}/"
    assert json.loads(client.post(link, {"action": "export"}).content).keys() <= {"mail"}
    client.post(link, {"action": "erase", "sure": "on"})
    assert Order.objects.get(name=buyer.name).email == buyer.email


def test_a_special_letter_that_means_a_plain_one_leads_to_the_plain_address(client: Client) -> None:
    everything(Customer("shop12@mail.com"))
    Suppression.objects.all().delete()
    client.post("/accounts/privacy/ask/", {"email": "\u017fhop12@mail.com"})  # long s: NFKC makes it an s
    jobs.work_due("mail")
    assert [message.to for message in mail.outbox if "data" in message.subject] == [["shop12@mail.com"]]


@pytest.mark.parametrize("token", ["nonsense", "InJlbiI:1abc:def"])
def test_a_forged_link_opens_nothing(client: Client, token: str) -> None:
    assert client.post(f"/accounts/privacy/link/{token}/", {"action": "export"}).status_code == 410


def test_an_account_is_asked_for_its_password_before_its_data_are_shown(client: Client) -> None:
    user = User.objects.create_user("ana@example.com", "long-enough-4-anyone")
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
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
    assert OrderEvent.objects.get(what="note").why == ""


def test_the_accounts_other_addresses_go_with_it_and_unconfirmed_ones_may_be_anothers() -> None:
    user = people.account(RENEE)
    for key, address in enumerate((BO.email, "renee@work.example")):
        EmailAddress.objects.create(user=user, email=address, verified=bool(key))
        OutgoingEmail.objects.create(kind="shipped", dedupe_key=str(key), to=address, state="sent")
    delivered(Customer("renee@work.example"))
    wishes.ask(EMAIL)
    assert naming(EMAIL, NAME, "renee@work.example") == []
    assert OutgoingEmail.objects.filter(to=BO.email).exists()
