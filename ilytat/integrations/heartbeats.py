"""Who is there: the worker, the clock (beat), and the providers as the last checks found them."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ilytat.integrations.dashboard import Tile, register
from ilytat.integrations.models import HealthResult, Lease

SILENT = timedelta(minutes=3)
# Checks run every five minutes: after twice that nobody runs them.
OLD = timedelta(minutes=11)
NAMES = {"worker": gettext_lazy("worker"), "beat": gettext_lazy("clock")}


def beats() -> dict[str, datetime | None]:
    """When worker and beat were last heard; None for never."""
    heard = dict(Lease.objects.filter(name__in=NAMES).values_list("name", "beat_at"))
    return {name: heard.get(name) for name in NAMES}


def silent(heard: dict[str, datetime | None]) -> list[str]:
    """Those heard once and no more."""
    before = timezone.now() - SILENT
    return [name for name, at in heard.items() if at and at < before]


@register(50, "integrations.view_healthresult")
def processes() -> Tile:
    heard = beats()
    quiet, never = silent(heard), [name for name, at in heard.items() if at is None]
    figure = _("Silent") if quiet else _("Not heard yet") if never else _("Working")
    detail = "; ".join(f"{NAMES[name]}: {_ago(at)}" for name, at in heard.items())
    tone = "bad" if quiet else "busy" if never else "good"
    return Tile(_("Worker and clock"), figure, detail, reverse("healthz_deep"), tone)


def _ago(at: datetime | None) -> str:
    if at is None:
        return _("never heard")
    seconds = max(0, int((timezone.now() - at).total_seconds()))
    if seconds > SILENT.total_seconds():
        return _("%(time)s ago") % {"time": timesince(at, depth=1)}
    return _("%(seconds)s s ago") % {"seconds": seconds}


@register(60, "integrations.view_healthresult")
def providers() -> Tile:
    rows = list(HealthResult.objects.order_by("name"))
    ill = [row for row in rows if row.state != "ok"]
    old = not rows or min(row.checked_at for row in rows) < timezone.now() - OLD
    figure = ", ".join(row.name.capitalize() for row in ill) if ill else _("Not checked") if old else _("All answer")
    tone = "bad" if any(row.state == "down" for row in ill) else "busy" if ill or old else "good"
    url = reverse("admin:integrations_healthresult_changelist")
    return Tile(_("Checks"), figure, _told(rows, ill), url, tone)


def _told(rows: list[HealthResult], ill: list[HealthResult]) -> str:
    if ill:
        return ill[0].detail
    if not rows:
        return _("The clock asks every five minutes.")
    return _("asked: %(when)s") % {"when": _ago(max(row.checked_at for row in rows))}
