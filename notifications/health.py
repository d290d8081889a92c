"""How the mail is doing: read from our own rows, because the provider's answers are written there."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from ilytat.integrations import alerts, health
from ilytat.integrations.health import Verdict
from ilytat.integrations.jobs import ATTENTION
from notifications.models import OutgoingEmail

LATE = timedelta(minutes=15)


@health.register("mail")
def mail() -> Verdict:
    """Down: mails wait longer than they should, or need a person. Warn: mails are written to the console only."""
    waiting = OutgoingEmail.rows().filter(state="new", created_at__lt=timezone.now() - LATE)
    late, stuck = waiting.count(), OutgoingEmail.objects.filter(state=ATTENTION).count()
    if not stuck:
        alerts.close_alert("mail:attention")
    if late:
        reason = waiting.exclude(last_error="").values_list("last_error", flat=True).first() or "no worker?"
        return Verdict("down", f"{late} mails wait longer than 15 minutes: {reason}")
    if stuck:
        return Verdict("warn", f"{stuck} mails could not be sent and need a person.")
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return Verdict("warn", "No provider: mails are only printed to the log.")
    return Verdict("ok")
