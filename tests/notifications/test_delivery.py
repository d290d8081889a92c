"""SendGrid's wire format, pinned: Anymail has no account to test its own with. Then what each failure means."""

import json
import smtplib
from collections.abc import Callable
from typing import Any

import pytest
import requests
import responses
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import jobs
from ilytat.integrations.models import Alert, ApiUsage
from notifications import outbox
from notifications.models import OutgoingEmail
from tests.notifications.conftest import Queue

pytestmark = pytest.mark.django_db
SEND = "https://api.sendgrid.com/v3/mail/send"
FIELD_ERROR = {"errors": [{"message": "Does not contain a valid address.", "field": "personalizations.0.to"}]}


@responses.activate
def test_the_request_to_sendgrid_is_exactly_this(sendgrid: None, queued: Queue) -> None:
    responses.post(SEND, status=202, headers={"X-Message-Id": "abc"})
    row = queued()
    jobs.work_due("mail")
    row.refresh_from_db()
    request = responses.calls[0].request
    assert request.headers["Authorization"] == "Bearer SG.for-tests"
    body = json.loads(request.body or b"")
    [person] = body.pop("personalizations")
    assert person == {"to": [{"email": "ada@example.com"}], "custom_args": {"anymail_id": row.provider_id}}
    assert body == {
        "from": {"email": "support@ilytat.com", "name": "ILYTAT Designs"},
        "reply_to_list": [{"email": "support@ilytat.com"}],
        "subject": "Order IL-10482 is confirmed",
        "categories": ["order_confirmed"],
        "custom_args": {"dedupe_key": "order_confirmed:1", "reference": "IL-10482"},
        "headers": {"Message-ID": outbox.message_id("order_confirmed:1"), "Auto-Submitted": "auto-generated"},
        "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
        "content": [
            {"type": "text/plain", "value": row.text},
            {"type": "text/html", "value": row.html},
        ],
    }
    assert row.state == "sent"
    assert ApiUsage.objects.get(integration="sendgrid").calls == 1


@responses.activate
@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_heal_is_tried_again_under_the_same_message_id(sendgrid: None, queued: Queue, status: int) -> None:
    responses.post(SEND, status=status)
    responses.post(SEND, status=202)
    row = queued()
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == "new"
    assert row.next_at > timezone.now()
    OutgoingEmail.objects.update(next_at=timezone.now())
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == "sent"
    first, second = (json.loads(call.request.body or b"")["headers"] for call in responses.calls)
    assert first == second


@responses.activate
def test_retry_after_is_obeyed(sendgrid: None, queued: Queue) -> None:
    responses.post(SEND, status=429, headers={"Retry-After": "120"})
    row = queued()
    jobs.work_due("mail")
    row.refresh_from_db()
    assert 110 < (row.next_at - timezone.now()).total_seconds() < 125


@responses.activate
@pytest.mark.parametrize("cut", [requests.ConnectTimeout(), requests.ReadTimeout(), requests.ConnectionError()])
def test_no_answer_means_trying_again(sendgrid: None, queued: Queue, cut: Exception) -> None:
    responses.post(SEND, body=cut)
    row = queued()
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == "new"
    assert "SendGrid did not answer" in row.last_error


@responses.activate
@pytest.mark.parametrize("status", [400, 413])
def test_a_mail_that_is_refused_asks_for_a_person_in_sendgrids_words(
    sendgrid: None, queued: Queue, status: int
) -> None:
    responses.post(SEND, status=status, json=FIELD_ERROR)
    row = queued()
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == jobs.ATTENTION
    assert row.last_error == (
        f"SendGrid refused the request ({status}). "
        "SendGrid says: Does not contain a valid address. (personalizations.0.to)"
    )


@responses.activate
@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_stops_the_queue_with_one_alert_and_costs_no_try(
    sendgrid: None, queued: Queue, status: int
) -> None:
    responses.post(SEND, status=status, json={"errors": [{"message": "denied", "field": None}]})
    rows = [queued(dedupe_key=f"confirmation:{number}") for number in range(3)]
    jobs.work_due("mail")
    assert len(responses.calls) == 1
    assert Alert.objects.get(key="mail:refused").count == 1
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("new", 0)
        assert row.next_at > timezone.now()


@responses.activate
def test_a_redirect_is_not_followed_so_that_the_key_goes_nowhere_else(sendgrid: None, queued: Queue) -> None:
    responses.post(SEND, status=302, headers={"Location": "https://elsewhere.example/"})
    elsewhere = responses.get("https://elsewhere.example/")
    row = queued()
    jobs.work_due("mail")
    row.refresh_from_db()
    assert elsewhere.call_count == 0
    assert (row.state, row.attempts) == ("new", 0)
    assert "302" in Alert.objects.get(key="mail:refused").message


@responses.activate
def test_the_first_mail_that_leaves_closes_the_alert(sendgrid: None, queued: Queue) -> None:
    responses.post(SEND, status=401)
    responses.post(SEND, status=202)
    queued()
    jobs.work_due("mail")
    OutgoingEmail.objects.update(next_at=timezone.now())
    jobs.work_due("mail")
    assert Alert.objects.get(key="mail:refused").closed_at


def test_an_address_with_a_line_break_never_leaves(queued: Queue) -> None:
    row = queued(to="ada@example.com\nBcc: all@example.com")
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == jobs.ATTENTION


Refusals = dict[str, tuple[int, bytes]]


def _refused(code: int) -> Exception:
    refusals: Refusals = {"ada@example.com": (code, b"said so")}
    return smtplib.SMTPRecipientsRefused(refusals)


SMTP: list[tuple[Callable[[], Exception], str, str]] = [
    (lambda: _refused(550), "attention", "The mail server refused the email (550). The mail server says: said so"),
    (lambda: _refused(451), "new", "The mail server refused the email for now (451). The mail server says: said so"),
    (lambda: smtplib.SMTPDataError(554, b"spam"), "attention", "The mail server says: spam"),
    (lambda: smtplib.SMTPAuthenticationError(535, b"who?"), "new", "who?"),
    (lambda: smtplib.SMTPServerDisconnected("gone"), "new", "Outcome unknown"),
    (lambda: ConnectionRefusedError("closed"), "new", "The mail server did not answer (connection refused)."),
    (lambda: TimeoutError("slow"), "new", "Outcome unknown"),
]


@pytest.mark.parametrize(("error", "state", "words"), SMTP)
def test_smtp_failures_mean_the_same_things(
    queued: Queue,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    error: Callable[[], Exception],
    state: str,
    words: str,
) -> None:
    def send(*_: Any, **__: Any) -> int:
        raise error()

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    row = queued()
    jobs.work_due("mail")
    row.refresh_from_db()
    assert row.state == state
    assert words in row.last_error
