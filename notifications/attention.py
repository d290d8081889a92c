"""What mail brings before staff: mails that could not be sent."""

from collections.abc import Iterator

from django.urls import reverse

from ilytat.integrations import attention
from ilytat.integrations.attention import SHOWN, Action, Row, Source
from ilytat.integrations.jobs import ATTENTION
from notifications import outbox
from notifications.models import OutgoingEmail


def _mails() -> Iterator[Row]:
    rows = OutgoingEmail.objects.filter(state=ATTENTION).order_by("pk").defer("context", "html", "text")[:SHOWN]
    for mail in rows:
        url = reverse("admin:notifications_outgoingemail_change", args=[mail.pk])
        what = f"A mail was not sent: {mail.kind} {mail.reference}".strip()
        yield Row(mail.pk, what, mail.last_error, mail.created_at, url, actions=("again", "drop"))


def _again(pk: int, _who: str) -> str:
    rows = OutgoingEmail.objects.filter(pk=pk, state=ATTENTION)
    if not OutgoingEmail.requeue(rows):
        return "It was dealt with already."
    for stream in ("shop", "marketing"):
        outbox.ring(stream)
    return "Queued: it is sent again."


def _drop(pk: int, who: str) -> str:
    rows = OutgoingEmail.objects.filter(pk=pk, state=ATTENTION)
    return "Dropped." if rows.update(state="dropped", last_error=f"dropped by {who}") else "It was dealt with already."


attention.register(
    Source(
        "mails",
        "Mails",
        "notifications.change_outgoingemail",
        _mails,
        {"again": Action("Send again", _again), "drop": Action("Do not send it", _drop, final=True)},
    )
)
