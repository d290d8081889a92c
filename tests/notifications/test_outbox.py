import threading
from email.utils import parseaddr

import pytest
from django.core import mail as sent_mail
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings
from time_machine import TimeMachineFixture

from ilytat.integrations import jobs
from ilytat.integrations.models import Alert
from notifications import delivery, outbox
from notifications.models import Campaign, OutgoingEmail, Suppression
from notifications.samples import sample
from tests.notifications.conftest import Queue


@pytest.mark.django_db
def test_the_same_thing_is_written_down_once(queued: Queue) -> None:
    first = queued()
    outbox.queue(
        "order_confirmed",
        dedupe_key=first.dedupe_key,
        to="other@example.com",
        language="en",
        context=sample("order_confirmed"),
    )
    assert list(OutgoingEmail.objects.values_list("to", flat=True)) == ["ada@example.com"]


@pytest.mark.django_db
def test_a_repeat_does_not_spoil_the_callers_transaction(queued: Queue) -> None:
    with transaction.atomic():
        queued()
        queued()
        Suppression.objects.create(email="still@example.com", reason="bounce")
    assert OutgoingEmail.objects.count() == 1


@pytest.mark.django_db
def test_a_mail_belongs_to_the_transaction_it_reports(queued: Queue) -> None:
    with transaction.atomic():
        queued()
        transaction.set_rollback(True)
    assert not OutgoingEmail.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", [{}, sample("shipped") | {"extra": 1}])
def test_a_context_of_another_shape_is_refused_when_it_is_queued(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="context of shipped"):
        outbox.queue("shipped", dedupe_key="x", to="a@example.com", language="en", context=wrong)


def test_a_key_longer_than_its_column_keeps_its_beginning_and_stays_its_own() -> None:
    long = "alert:1:" + "a" * 200
    assert outbox.shorten_key(long) != outbox.shorten_key(long + "b")
    assert len(outbox.shorten_key(long)) <= 120
    assert outbox.shorten_key(long).startswith("alert:1:")


@pytest.mark.parametrize(("length", "kept"), [(120, "a" * 120), (121, "a" * 80 + ":")])
def test_a_key_that_fits_is_kept_as_it_is(length: int, kept: str) -> None:
    found = outbox.shorten_key("a" * length)
    assert found[: len(kept)] == kept
    assert len(found) == (120 if length == 120 else 80 + 1 + 32)


def test_a_message_id_names_no_address_and_needs_no_domain(settings: Settings) -> None:
    settings.EMAIL_FROM = ""
    found = outbox.message_id("alert:ada@example.com")
    assert found.endswith("@localhost>")
    assert "ada" not in found


@pytest.mark.django_db
def test_the_message_id_is_stable_and_of_our_domain(settings: Settings) -> None:
    settings.EMAIL_FROM = "Shop <mail@shop.example>"
    first = outbox.message_id("shipped:7")
    assert first == outbox.message_id("shipped:7") != outbox.message_id("shipped:8")
    assert parseaddr(first)[1].endswith("@shop.example")


@pytest.mark.django_db
def test_a_due_mail_is_sent_once_and_keeps_what_was_sent(queued: Queue) -> None:
    row = queued()
    jobs.work_due("mail")
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == "sent"
    assert row.sent_at
    assert row.subject == "Order IL-10482 is confirmed"
    [message] = sent_mail.outbox
    assert message.to == ["ada@example.com"]
    assert message.body == row.text
    assert message.extra_headers["Message-ID"] == outbox.message_id(row.dedupe_key)
    assert message.reply_to == ["support@ilytat.com"]


@pytest.mark.django_db
def test_a_suppressed_address_gets_nothing_and_the_row_says_so(queued: Queue) -> None:
    Suppression.objects.create(email=" Ada@Example.com", reason="bounce")
    row = queued(to="ADA@example.com")
    jobs.work_due("mail")
    row.refresh_from_db()
    assert (row.state, sent_mail.outbox) == ("suppressed", [])
    assert "does not get our mails" in Alert.objects.get(key="mail:unheard:IL-10482").message
    assert not outbox.suppressed("bob@example.com")


@pytest.mark.django_db
def test_a_mail_that_cannot_be_written_asks_for_a_person_at_once(queued: Queue) -> None:
    row = queued("shipped", context=sample("shipped") | {"arrives_from": "soon"})
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == jobs.ATTENTION
    assert row.last_error.startswith("The email could not be written.")
    assert Alert.objects.get(key="mail:attention").message == "A mail could not be sent: shipped IL-10482"


@pytest.mark.django_db
def test_a_link_that_opens_an_account_is_forgotten_once_it_left(queued: Queue) -> None:
    row = queued("verify_email")
    jobs.work_due("mail")
    row.refresh_from_db()
    assert (row.state, row.context, row.text, row.html) == ("sent", {}, "", "")
    assert sample("verify_email")["url"] in str(sent_mail.outbox[0].body)
    with pytest.raises(outbox.CannotResend, match="not sent twice"):
        outbox.resend(row)


@pytest.mark.django_db
def test_sending_again_is_a_new_mail_with_a_name_of_its_own(queued: Queue) -> None:
    row = queued()
    jobs.work_due("mail")
    once, twice = outbox.resend(row), outbox.resend(row)
    assert [once.dedupe_key, twice.dedupe_key] == ["order_confirmed:1:again:1", "order_confirmed:1:again:2"]
    jobs.work_due("mail")
    assert len({message.extra_headers["Message-ID"] for message in sent_mail.outbox}) == 3


@pytest.mark.django_db
def test_a_mail_sent_again_is_the_same_mail_for_the_same_person(queued: Queue) -> None:
    row = queued("back_in_stock", to="bob@example.com", language="fr", dedupe_key="k" * 120)
    copy = outbox.resend(row)
    same = ("kind", "stream", "to", "language", "reference", "context")
    assert [getattr(copy, name) for name in same] == [getattr(row, name) for name in same]
    assert outbox.resend(copy).dedupe_key == "k" * 80 + ":again:2"


@pytest.mark.django_db
def test_a_campaign_writes_to_nobody_again(queued: Queue) -> None:
    row = queued("campaign", campaign=Campaign.objects.create(name="Autumn"))
    with pytest.raises(outbox.CannotResend, match="to each reader once"):
        outbox.resend(row)


@pytest.mark.django_db
def test_without_a_language_it_is_the_shops(queued: Queue, settings: Settings) -> None:
    settings.LANGUAGE_CODE = "es"
    assert (queued(language="").language, queued("shipped", language="fr").language) == ("es", "fr")


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "queue"), [("order_confirmed", "mail"), ("campaign", "bulk mail")])
def test_each_stream_wakes_its_own_queue(queued: Queue, monkeypatch: pytest.MonkeyPatch, kind: str, queue: str) -> None:
    woken: list[tuple[str, ...]] = []
    monkeypatch.setattr(jobs, "wake", lambda *names: woken.append(names))
    row = queued(kind)
    assert woken == [(queue, queue.split(maxsplit=1)[0])]
    if queue == "mail":
        outbox.resend(row)
        assert woken == [(queue, queue.split(maxsplit=1)[0])] * 2


@pytest.mark.django_db
def test_a_long_provider_id_and_subject_fit_their_columns(queued: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "send_message", lambda *_: "p" * 121)
    row = queued(context=sample("order_confirmed") | {"number": "N" * 300})
    jobs.work_due("mail")
    row.refresh_from_db()
    assert (row.state, row.provider_id, len(row.subject)) == ("sent", "p" * 120, 200)


@pytest.mark.django_db
def test_a_pause_is_for_all_mails_as_long_as_said(
    queued: Queue, monkeypatch: pytest.MonkeyPatch, time_machine: TimeMachineFixture
) -> None:
    def refuse(*_: object) -> str:
        raise delivery.Misconfigured("w" * 3000)

    time_machine.move_to("2026-11-23T10:30:00Z", tick=False)
    monkeypatch.setattr(delivery, "send_message", refuse)
    rows = [queued(dedupe_key=f"confirmation:{number}") for number in range(2)]
    sent = queued("shipped")
    OutgoingEmail.objects.filter(pk=sent.pk).update(state="sent")
    jobs.work_due("mail")
    for row in (*rows, sent):
        row.refresh_from_db()
        waits = (row.next_at - timezone.now()).total_seconds()
        assert waits == (0.0 if row == sent else outbox.PAUSE_SECONDS)
    assert "w" * 2000 in {row.last_error for row in rows}


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_does_not_hand_over(queued: Queue) -> None:
    row = queued()
    mine = OutgoingEmail.claim(row.pk)
    assert mine
    OutgoingEmail.objects.filter(pk=row.pk).update(lease_token="a rival's")
    with pytest.raises(jobs.LeaseLost):
        outbox.send(mine)
    assert sent_mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_a_mail_once(queued: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [queued(dedupe_key=f"confirmation:{number}").dedupe_key for number in range(8)]
    together, handed = threading.Barrier(3), []

    def hand_over(job: OutgoingEmail, *_: object) -> str:
        handed.append(job.dedupe_key)
        return ""

    def work() -> None:
        together.wait(60)
        try:
            jobs.work_due("mail")
        finally:
            connection.close()

    monkeypatch.setattr(delivery, "send_message", hand_over)
    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert sorted(handed) == keys
    assert set(OutgoingEmail.objects.values_list("state", flat=True)) == {"sent"}
