import pytest
from django.utils import timezone

from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import Alert, InboundEvent
from notifications import consent, outbox
from notifications.models import OutgoingEmail, Suppression
from tests.notifications.conftest import Queue
from tests.results import result_of

pytestmark = pytest.mark.django_db


def told(type_: str, event_id: str = "1", **given: str) -> InboundEvent:
    payload = {
        "email": "Ada@example.com",
        "event": type_,
        "dedupe_key": "order_confirmed:1",
        **given,
    }
    inbox.receive("sendgrid", event_id, type_, payload)
    jobs.work_due("inbox")
    return InboundEvent.objects.get(event_id=event_id)


@pytest.mark.parametrize(
    ("type_", "detail", "fate"),
    [
        ("bounce", {"type": "bounce", "reason": "550 unknown"}, "bounced"),
        ("dropped", {"reason": "Bounced Address"}, "dropped"),
        ("dropped", {"reason": "Invalid"}, "dropped"),
        ("dropped", {"reason": "Unsubscribed Address"}, "dropped"),
        ("dropped", {"reason": "Spam Reporting Address"}, "dropped"),
        ("spamreport", {}, "complained"),
    ],
)
def test_an_address_that_bounced_or_complained_is_not_written_to_again(
    queued: Queue, type_: str, detail: dict[str, str], fate: str
) -> None:
    row = queued()
    event = told(type_, **detail)
    row.refresh_from_db()
    assert (row.fate, row.fate_reason) == (fate, detail.get("reason", ""))
    assert outbox.suppressed("ada@EXAMPLE.com")
    assert (event.state, *result_of(event)) == ("done", "handled", f"The address is not written to again. Mail {fate}.")


def test_a_mailbox_in_passing_trouble_stays_open(queued: Queue) -> None:
    row = queued()
    told("bounce", type="blocked", reason="greylisted")
    row.refresh_from_db()
    assert row.fate == "blocked"
    assert not Suppression.objects.exists()


def test_a_mail_dropped_for_our_own_fault_alerts_staff_and_blames_no_address(queued: Queue) -> None:
    row = queued()
    told("dropped", reason="Recipient List over Package Quota")
    row.refresh_from_db()
    assert row.fate == "dropped"
    assert not Suppression.objects.exists()
    assert "Package Quota" in Alert.objects.get(key="mail:dropped").message


def test_a_late_delivered_does_not_undo_a_bounce(queued: Queue) -> None:
    row = queued()
    told("bounce", "1", type="bounce")
    told("delivered", "2")
    row.refresh_from_db()
    assert row.fate == "bounced"


def test_a_bounce_after_delivered_counts(queued: Queue) -> None:
    row = queued()
    told("delivered", "1")
    told("bounce", "2", type="bounce")
    row.refresh_from_db()
    assert row.fate == "bounced"


def test_what_was_blocked_and_then_delivered_is_delivered_with_the_mailboxs_words(queued: Queue) -> None:
    row, before = queued(), timezone.now()
    told("bounce", "1", type="blocked", reason="greylisted")
    assert result_of(told("delivered", "2", response="250 " + "o" * 400)) == ("handled", "Mail delivered.")
    row.refresh_from_db()
    assert (row.fate, row.fate_reason) == ("delivered", "250 " + "o" * 296)
    assert row.fate_at
    assert row.fate_at >= before


@pytest.mark.parametrize("key", ["order_confirmed:2", "", "none"])
def test_an_event_speaks_only_for_the_mail_it_names(queued: Queue, key: str) -> None:
    row = queued()
    assert result_of(told("delivered", dedupe_key=key)) == ("ignored", "No mail was changed (delivered).")
    row.refresh_from_db()
    assert (row.fate, row.fate_at) == ("", None)


def test_an_event_speaks_only_for_the_address_the_mail_went_to(queued: Queue) -> None:
    row = queued(to="somebody@example.com")
    told("delivered")
    row.refresh_from_db()
    assert row.fate == ""


def test_an_event_of_an_unknown_mail_still_closes_the_address() -> None:
    detail = "The address is not written to again. No mail was changed (bounced)."
    assert result_of(told("bounce", type="bounce")) == ("handled", detail)
    assert not OutgoingEmail.objects.exists()


def test_an_event_without_an_address_is_done_without_harm() -> None:
    assert result_of(told("spamreport", email="")) == ("ignored", "It names no address.")
    assert not Suppression.objects.exists()


def test_an_unsubscribe_ends_marketing_and_leaves_order_mail_alone() -> None:
    reader = consent.agree("ada@example.com", ["news"], language="en", where="test", wording="words")
    event = told("unsubscribe", dedupe_key=f"campaign:7:{reader.pk}")
    assert result_of(event) == ("handled", "The reader has left the newsletter.")
    assert not consent.may_write("ada@example.com", "news")
    assert not outbox.suppressed("ada@example.com")
    assert reader.consents.filter(act="left").get().where == "campaign 7"


def test_an_unsubscribe_of_a_stranger_does_no_harm() -> None:
    assert result_of(told("group_unsubscribe")) == ("ignored", "Nobody with this address gets our newsletter.")


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ("campaign:7:3", "campaign 7"),
        ("campaign", "mail provider"),
        ("stock:7", "mail provider"),
        ("", "mail provider"),
    ],
)
def test_who_leaves_at_the_provider_is_noted_with_the_campaign_if_it_was_one(key: str, where: str) -> None:
    reader = consent.agree("ada@example.com", ["news"], language="en", where="test", wording="words")
    told("group_unsubscribe", dedupe_key=key)
    assert reader.consents.get(act="left").where == where


def test_a_bounce_closes_the_address_and_leaves_the_wish_for_news_as_it_was() -> None:
    reader = consent.agree("ada@example.com", ["news"], language="en", where="test", wording="words")
    told("bounce", type="bounce")
    assert consent.may_write("ada@example.com", "news")
    told("spamreport", "2")
    assert reader.consents.get(act="left").where == "marked as spam"
    assert Suppression.objects.get().reason == "bounce", "the first reason stays"


def test_a_drop_without_a_reason_is_ours_and_says_so() -> None:
    told("dropped")
    alert = Alert.objects.get(key="mail:dropped")
    assert alert.message == "SendGrid drops our mails: no reason given"
    assert not Suppression.objects.exists()


def test_a_complaint_also_ends_the_newsletter() -> None:
    consent.agree("ada@example.com", ["news"], language="en", where="test", wording="words")
    told("spamreport")
    assert not consent.may_write("ada@example.com", "news")


def test_staff_hear_once_of_a_buyer_who_cannot_be_written_to(queued: Queue) -> None:
    queued()
    told("bounce", type="bounce", reason="550 unknown")
    assert Alert.objects.filter(key="mail:unheard:IL-10482").exists()
    queued("shipped")
    jobs.work_due("mail")
    alert = Alert.objects.get(key="mail:unheard:IL-10482")
    assert "ada@" not in alert.message


@pytest.mark.parametrize(("kind", "reference"), [("order_confirmed", ""), ("welcome", "IL-10482")])
def test_nobody_is_told_of_a_mail_that_is_no_orders_to_its_buyer(queued: Queue, kind: str, reference: str) -> None:
    row = queued(kind, reference=reference)
    told("bounce", type="bounce", dedupe_key=row.dedupe_key)
    assert outbox.suppressed(row.to)
    assert not Alert.objects.exists()
