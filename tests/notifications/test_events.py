import pytest

from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import Alert, InboundEvent
from notifications import consent, outbox
from notifications.models import OutgoingEmail, Suppression
from tests.notifications.conftest import Queue

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
    assert (event.state, event.verdict) == ("done", f"suppressed; {fate}")


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


def test_an_event_speaks_only_for_the_address_the_mail_went_to(queued: Queue) -> None:
    row = queued(to="somebody@example.com")
    told("delivered")
    row.refresh_from_db()
    assert row.fate == ""


def test_an_event_of_an_unknown_mail_still_closes_the_address() -> None:
    assert told("bounce", type="bounce").verdict == "suppressed; bounced: no mail changed"
    assert not OutgoingEmail.objects.exists()


def test_an_event_without_an_address_is_done_without_harm() -> None:
    assert told("spamreport", email="").verdict == "no address in it"
    assert not Suppression.objects.exists()


def test_an_unsubscribe_ends_marketing_and_leaves_order_mail_alone() -> None:
    reader = consent.agree("ada@example.com", ["news"], language="en", where="test", wording="words")
    assert told("unsubscribe", dedupe_key=f"campaign:7:{reader.pk}").verdict == "left"
    assert not consent.may_write("ada@example.com", "news")
    assert not outbox.suppressed("ada@example.com")
    assert reader.consents.filter(act="left").get().where == "campaign 7"


def test_an_unsubscribe_of_a_stranger_does_no_harm() -> None:
    assert told("group_unsubscribe").verdict == "no reader of ours"


def test_a_complaint_also_ends_the_newsletter() -> None:
    consent.agree("ada@example.com", ["news"], language="en", where="test", wording="words")
    told("spamreport")
    assert not consent.may_write("ada@example.com", "news")


def test_staff_hear_once_of_a_buyer_who_cannot_be_written_to(queued: Queue) -> None:
    queued()
    told("bounce", type="bounce", reason="550 unknown")
    queued("shipped")
    jobs.work_due("mail")
    alert = Alert.objects.get(key="mail:unheard:IL-10482")
    assert "ada@" not in alert.message
