"""The dashboard's tiles on background processes and on the providers, as the last checks found them."""

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from ilytat.integrations import health, heartbeats
from ilytat.integrations.dashboard import Tile, register
from ilytat.integrations.models import Heartbeat


@register(50, "integrations.view_healthresult")
def processes() -> Tile:
    problems, heard = heartbeats.problems(), list(Heartbeat.objects.order_by("-beat_at"))
    recent = [row for row in heard if row.beat_at > timezone.now() - timedelta(days=1)]
    figure = f"{len(problems)} not running" if heard and problems else "Working" if heard else "Not heard yet"
    tone = "bad" if heard and problems else "good" if heard else "busy"
    detail = "; ".join(f"{row.name}: {_ago(row.beat_at)}" for row in recent)
    return Tile("Background jobs", figure, detail, reverse("healthz_deep"), tone)


def _ago(at: datetime) -> str:
    return f"{heartbeats.duration_text(timezone.now() - at)} ago"


@register(60, "integrations.view_healthresult")
def providers() -> Tile:
    rows = list(health.results())
    failing = [row for row in rows if row.state != "ok"]
    old = not rows or health.are_old(rows)
    names = ", ".join(row.name.capitalize() for row in failing)
    figure = names or ("Not checked" if old else "All answer")
    tone = "bad" if any(row.state == "down" for row in failing) else "busy" if failing or old else "good"
    if failing:
        detail = failing[0].detail
    else:
        last = max((row.checked_at for row in rows), default=None)
        detail = f"checked: {_ago(last)}" if last else "Checked every five minutes."
    return Tile("Checks", figure, detail, reverse("admin:integrations_healthresult_changelist"), tone)
