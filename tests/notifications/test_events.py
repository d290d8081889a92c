import pytest

from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import Alert, InboundEvent
from notifications import outbox
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


def test_an_unsubscribe_is_heard() -> None:
    told("unsubscribe")
    assert Suppression.objects.get().reason == "unsubscribe"
