"""What staff see first: a verdict, the day's figures, what waits and the actions that resolve it."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.http import require_POST

from ilytat.integrations import attention, dashboard, readiness, system_status
from ilytat.integrations.attention import Item, Lag
from ilytat.integrations.heartbeats import Problem
from ilytat.integrations.system_status import SystemStatus


@dataclass(frozen=True)
class Verdict:
    """`tone` is good, busy or bad; `step` says what to do about it, where neither button nor command can."""

    tone: str
    word: str
    sentence: str
    step: str = ""
    problems: list[Problem] = field(default_factory=list)


def context(request: HttpRequest) -> dict[str, Any]:
    """`verdict`, `tiles`, `attention` (Items), `setup_is_complete`: as many queries for a hundred rows as for one."""
    items = attention.items(request)
    return {
        "verdict": verdict(items, system_status.current()),
        "tiles": dashboard.tiles(request),
        "attention": items,
        "setup_is_complete": readiness.is_complete(),
    }


def verdict(items: list[Item], status: SystemStatus) -> Verdict:
    """Only a shop without any problem is said to run."""
    if status.problems:
        return _trouble(items, status.problems)
    if status.is_starting:
        sentence = "No worker and no beat has been seen yet." + (f" {_things(items)}." if items else "")
        step = "After a first start that takes a minute. Then check that both are running."
        return Verdict("busy", "Starting", sentence, step)
    if items:
        return _needs_person(items, status.lags)
    return Verdict("good", "All is well", f"Nothing needs a person, and {_longest_wait(status.lags)}.")


def _trouble(items: list[Item], problems: list[Problem]) -> Verdict:
    count = f"{len(problems)} parts of the shop are not working." if len(problems) > 1 else ""
    waiting = f"{_things(items)}, listed below." if items else ""
    step = "Nothing is lost meanwhile: paid orders wait in the database and continue by themselves."
    return Verdict("bad", "Trouble", f"{count} {waiting}".strip(), step, problems)


def _needs_person(items: list[Item], lags: list[Lag]) -> Verdict:
    oldest = timesince(items[0].row.since, timezone.now(), depth=1)
    since = f"for {oldest} now" if len(items) == 1 else f"the oldest for {oldest}"
    return Verdict("busy", "Needs you", f"{_things(items)}, {since}. Everything else runs, and {_longest_wait(lags)}.")


def _things(items: list[Item]) -> str:
    return "One thing needs a person" if len(items) == 1 else f"{len(items)} things need a person"


def _longest_wait(lags: list[Lag]) -> str:
    seconds = max((lag.seconds for lag in lags), default=0)
    return f"no work has waited longer than {seconds} s" if seconds > 1 else "no work is waiting"


@require_POST
def act(request: HttpRequest, source: str, pk: int, action: str) -> HttpResponse:
    """Press one of the buttons; how it went is said on the page one comes back to."""
    found = attention.source(source)
    if found is None or action not in found.actions:
        raise Http404
    if not attention.may(request, found, found.actions[action]):
        raise PermissionDenied
    try:
        messages.info(request, found.actions[action].run(pk, request.user.get_username()))
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    return redirect("admin:index")
