"""What staff see first: whether all is well, and if not, what waits and the ways out of it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.http import require_POST

from ilytat.integrations import attention
from ilytat.integrations.attention import Item, Lag

LATE_SECONDS = 300


@dataclass(frozen=True)
class Verdict:
    """`tone` is good, busy or bad."""

    tone: str
    sentence: str


def context(request: HttpRequest) -> dict[str, Any]:
    """`verdict`, `attention` (Items), `lags`: as many queries for a hundred rows as for one."""
    items, lags, silent = attention.items(request), list(attention.lags()), attention.silent_processes()
    return {"verdict": verdict(items, lags, silent), "attention": items, "lags": lags}


def verdict(items: list[Item], lags: list[Lag], silent: list[str]) -> Verdict:
    if silent:
        return Verdict("bad", f"The {' and the '.join(silent)} went silent: orders and mails wait. Start it again.")
    late = max(lags, key=lambda lag: lag.seconds, default=None)
    if late and late.seconds > LATE_SECONDS:
        waited = f"{late.seconds // 60} min"
        return Verdict("bad", f"Work waits: the oldest due row of {late.name} is {waited} old. Is the worker running?")
    if not items:
        return Verdict("good", f"All is well. Nothing needs a person, and {_due(lags)}.")
    count = f"{len(items)} things need" if len(items) > 1 else "One thing needs"
    oldest = timesince(items[0].row.since, timezone.now(), depth=1)
    return Verdict("busy", f"{count} a person, the oldest for {oldest}. Everything else runs, and {_due(lags)}.")


def _due(lags: list[Lag]) -> str:
    oldest = max((lag.seconds for lag in lags), default=0)
    return f"no work has waited longer than {oldest} s" if oldest > 1 else "no work is waiting"


@require_POST
def act(request: HttpRequest, source: str, pk: int, way: str) -> HttpResponse:
    """Press one of the buttons; how it went is said on the page one comes back to."""
    found = attention.source(source)
    if found is None or way not in found.ways:
        raise Http404
    if not attention.may(request, found, found.ways[way]):
        raise PermissionDenied
    try:
        messages.info(request, found.ways[way].run(pk, str(request.user)))
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    return redirect("admin:index")
