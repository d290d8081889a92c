"""What staff see first: a verdict, the day's figures, what waits and the actions that resolve it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ilytat.integrations import attention, dashboard, heartbeats
from ilytat.integrations.attention import Item, Lag

LATE_SECONDS = 300


@dataclass(frozen=True)
class Verdict:
    """`tone` is good, busy or bad; `step` says what to do about it, where a button cannot."""

    tone: str
    word: str
    sentence: str
    step: str = ""


def context(request: HttpRequest) -> dict[str, Any]:
    """`verdict`, `tiles`, `attention` (Items): as many queries for a hundred rows as for one."""
    items, lags, heard = attention.items(request), list(attention.lags()), heartbeats.beats()
    return {"verdict": verdict(items, lags, heard), "tiles": dashboard.tiles(request), "attention": items}


def verdict(items: list[Item], lags: list[Lag], heard: dict[str, datetime | None]) -> Verdict:
    return _nobody_works(lags, heard) or _waits(items, lags) or _well(lags, heard)


def _nobody_works(lags: list[Lag], heard: dict[str, datetime | None]) -> Verdict | None:
    silent = [str(heartbeats.NAMES[name]) for name in heartbeats.silent(heard)]
    step = _("Whoever runs the machine starts it again. Nothing is lost meanwhile: paid orders wait in their rows.")
    if silent:
        names = _(" and the ").join(silent)
        sentence = _("The %(names)s went silent: orders and mails wait.") % {"names": names}
        return Verdict("bad", _("Trouble"), sentence, step)
    late = max(lags, key=lambda lag: lag.seconds, default=None)
    if late and late.seconds > LATE_SECONDS:
        values = {"queue": late.name, "minutes": late.seconds // 60}
        sentence = (
            _("Work waits: the oldest due row of %(queue)s is %(minutes)s min old. Is the worker running?") % values
        )
        return Verdict("bad", _("Trouble"), sentence, step)
    return None


def _waits(items: list[Item], lags: list[Lag]) -> Verdict | None:
    if not items:
        return None
    oldest = timesince(items[0].row.since, timezone.now(), depth=1)
    values = {"count": len(items), "oldest": oldest, "due": _due(lags)}
    sentence = ngettext(
        "One thing needs a person, for %(oldest)s now. Everything else runs, and %(due)s.",
        "%(count)s things need a person, the oldest for %(oldest)s. Everything else runs, and %(due)s.",
        len(items),
    )
    return Verdict("busy", _("Needs you"), sentence % values)


def _well(lags: list[Lag], heard: dict[str, datetime | None]) -> Verdict:
    if None in heard.values():
        sentence = _("The worker or the clock has not been heard yet.")
        step = _("After a first start that takes a minute. Then see whether both processes run.")
        return Verdict("busy", _("Starting"), sentence, step)
    return Verdict("good", _("All is well"), _("Nothing needs a person, and %(due)s.") % {"due": _due(lags)})


def _due(lags: list[Lag]) -> str:
    oldest = max((lag.seconds for lag in lags), default=0)
    waited = _("no work has waited longer than %(seconds)s s") % {"seconds": oldest}
    return waited if oldest > 1 else _("no work is waiting")


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
