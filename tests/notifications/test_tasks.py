from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import alerts, jobs
from notifications import tasks
from notifications.models import OutgoingEmail
from tests.notifications.conftest import Queue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _two_people(settings: Settings) -> None:
    settings.STAFF_ALERTS_TO = ["one@ilytat.test", "two@ilytat.test"]


def test_an_incident_is_mailed_once_to_each_person_however_often_it_is_seen() -> None:
    for _ in range(3):
        alerts.open_alert("health:printify", "Printify does not answer", next_step="Wait.")
        tasks.mail_alerts()
    jobs.work_due("mail")
    assert sorted(to for message in mail.outbox for to in message.to) == ["one@ilytat.test", "two@ilytat.test"]
    assert mail.outbox[0].subject == "Alert: Printify does not answer"
    assert "Wait." in str(mail.outbox[0].body)


def test_the_same_trouble_on_another_day_is_another_incident() -> None:
    alerts.open_alert("health:printify", "Printify does not answer")
    tasks.mail_alerts()
    alerts.close_alert("health:printify")
    alerts.open_alert("health:printify", "Printify does not answer")
    tasks.mail_alerts()
    assert OutgoingEmail.objects.filter(to="one@ilytat.test").count() == 2


def test_the_words_of_a_mail_are_forgotten_after_thirty_days_and_waiting_mails_keep_theirs(
    queued: Queue,
) -> None:
    sent, waiting, _ = (queued(dedupe_key=key) for key in ("sent", "waiting", "young"))
    old = timezone.now() - timedelta(days=31)
    OutgoingEmail.objects.filter(pk__in=(sent.pk, waiting.pk)).update(created_at=old)
    OutgoingEmail.objects.exclude(pk=waiting.pk).update(state="sent", text="words", html="<p>words</p>")
    tasks.forget_bodies()
    kept = {row.dedupe_key: bool(row.context) for row in OutgoingEmail.objects.all()}
    assert kept == {"sent": False, "waiting": True, "young": True}
    sent.refresh_from_db()
    assert (sent.text, sent.html, sent.to) == ("", "", "ada@example.com")
