"""The dashboard's tiles on background processes and on the providers, as the last checks found them."""

from datetime import timedelta

from django.urls import reverse
from django.utils import timezone

from ilytat.integrations import health, heartbeats
from ilytat.integrations.dashboard import Tile, register


@register(50, "integrations.view_healthresult")
def processes() -> Tile:
    rows = heartbeats.processes()
    problems = heartbeats.problems(rows) if rows else []
    late = sum(problem.name.startswith(heartbeats.TASK_PREFIX) for problem in problems)
    silent = len(problems) - late
    figure = f"{silent} not running" if silent else f"{late} late" if late else "Working" if rows else "Not heard yet"
    tone = "bad" if problems else "good" if rows else "busy"
    recent = [row for row in rows if row.beat_at > row.now - timedelta(days=1)]
    detail = "; ".join(f"{row.name}: {heartbeats.last_seen(row)}" for row in recent)
    return Tile("Background jobs", figure, detail, reverse("healthz_deep"), tone)


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
        detail = (
            f"checked: {heartbeats.duration_text(timezone.now() - last)} ago" if last else "Checked every five minutes."
        )
    return Tile("Checks", figure, detail, reverse("admin:integrations_healthresult_changelist"), tone)
