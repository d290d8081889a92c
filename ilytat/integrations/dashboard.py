"""The figures on the dashboard, and those of the kit itself: background jobs, and the providers as last checked.

Each app defines its tiles; `ilytat.admin` lists them. A tile is computed on every load: a few queries, no provider.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise

from ilytat.integrations import broker, health, heartbeats

Words = str | Promise


@dataclass(frozen=True)
class Tile:
    """One figure and what stands behind it. `tone` is good, busy or bad; `url` leads to the rows it counts."""

    title: Words
    figure: Words
    detail: Words
    url: str
    tone: str = "good"


@dataclass(frozen=True)
class TileSource:
    """`tile` is shown to who holds `permission`."""

    permission: str
    tile: Callable[[], Tile]


def tiles(request: HttpRequest, sources: Iterable[TileSource]) -> list[Tile]:
    return [source.tile() for source in sources if request.user.has_perm(source.permission)]


def processes() -> Tile:
    if error := broker.probe.current().error:
        return Tile(
            "Background jobs", "No broker", f"The broker does not answer: {error}", reverse("healthz_deep"), "bad"
        )
    rows = heartbeats.processes()
    problems = heartbeats.problems(rows) if rows else []
    late = sum(problem.name.startswith(heartbeats.TASK_PREFIX) for problem in problems)
    silent = len(problems) - late
    figure = f"{silent} not running" if silent else f"{late} late" if late else "Working" if rows else "Not heard yet"
    tone = "bad" if problems else "good" if rows else "busy"
    recent = [row for row in rows if row.beat_at > row.now - timedelta(days=1)]
    detail = "; ".join(f"{row.name}: {heartbeats.last_seen(row)}" for row in recent)
    return Tile("Background jobs", figure, detail, reverse("healthz_deep"), tone)


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
