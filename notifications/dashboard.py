"""Whether mail leaves and arrives, for staff's first page."""

from datetime import timedelta

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ilytat.integrations import dashboard as front_page
from ilytat.integrations.dashboard import Tile
from ilytat.integrations.jobs import ATTENTION
from notifications.health import LATE
from notifications.models import OutgoingEmail

NOT_ARRIVED = ("bounced", "dropped", "complained")


@front_page.register(30, "notifications.view_outgoingemail")
def mail() -> Tile:
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
