from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import alerts
from ilytat.integrations.health import Verdict
from ilytat.integrations.models import Alert
from notifications import attention
from notifications.models import OutgoingEmail
from tests.notifications.conftest import Queue

pytestmark = pytest.mark.django_db


def test_a_quiet_shop_is_well() -> None:
    assert attention.check_email().state == "ok"


def test_a_mail_that_waits_too_long_is_down_and_says_why(queued: Queue) -> None:
    queued()
    early = timezone.now() - timedelta(minutes=16)
    OutgoingEmail.objects.update(created_at=early, last_error="401 denied")
    assert attention.check_email() == Verdict("down", "1 mails wait longer than 15 minutes: 401 denied")


def test_a_mail_that_needs_a_person_warns_and_its_alert_stays_until_it_is_dealt_with(queued: Queue) -> None:
    queued()
    OutgoingEmail.objects.update(state="attention")
    alerts.open_alert("mail:attention", "A mail could not be sent")
    assert attention.check_email().state == "warn"
    assert not Alert.objects.get().closed_at
    OutgoingEmail.objects.update(state="sent")
    assert attention.check_email().state == "ok"
    assert Alert.objects.get().closed_at


def test_mails_that_only_reach_the_log_warn(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert attention.check_email().state == "warn"
