"""What mail brings before staff: mails that could not be sent."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ilytat.integrations import alerts
from ilytat.integrations.attention import SHOWN, Action, AttentionSource, Row
from ilytat.integrations.dashboard import Tile
from ilytat.integrations.health import Verdict
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


EMAILS = AttentionSource(
    "mails",
    "Mails",
    "notifications.change_outgoingemail",
    _mails,
    {"again": Action("Send again", _again), "drop": Action("Do not send it", _drop, final=True)},
)


LATE = timedelta(minutes=15)


def check_email() -> Verdict:
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


NOT_ARRIVED = ("bounced", "dropped", "complained")


def email_tile() -> Tile:
    now = timezone.now()
    today, waits = Q(created_at__gte=now - timedelta(days=1)), Q(state="new")
    counts = OutgoingEmail.objects.filter(today | waits | Q(state=ATTENTION)).aggregate(
        sent=Count("pk", filter=today & Q(state="sent")),
        bounced=Count("pk", filter=today & Q(fate__in=NOT_ARRIVED)),
        waiting=Count("pk", filter=waits),
        late=Count("pk", filter=waits & Q(stream="shop", created_at__lt=now - LATE)),
        stuck=Count("pk", filter=Q(state=ATTENTION)),
    )
    values = {_("sent in 24 hours"): counts["sent"], _("came back"): counts["bounced"], _("waiting"): counts["waiting"]}
    detail = "; ".join(f"{count} {words}" for words, count in values.items() if count) or _("nothing was to be sent")
    return Tile(_("Mail"), _figure(counts), detail, _url(counts), _tone(counts))


def _figure(counts: dict[str, int]) -> str:
    if counts["stuck"]:
        return _("%(count)s not sent") % {"count": counts["stuck"]}
    if counts["late"]:
        return _("%(count)s late") % {"count": counts["late"]}
    return _("%(count)s came back") % {"count": counts["bounced"]} if counts["bounced"] else _("All left")


def _tone(counts: dict[str, int]) -> str:
    return "bad" if counts["stuck"] or counts["late"] else "busy" if counts["bounced"] else "good"


def _url(counts: dict[str, int]) -> str:
    found = "?state__exact=attention" if counts["stuck"] else "?state__exact=new" if counts["late"] else ""
    return reverse("admin:notifications_outgoingemail_changelist") + found
