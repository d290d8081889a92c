"""The control page and its JSON twin. Providers add their sections; it knows none of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from sandbox import clock, deliveries, fault_presets, faults, store

SHOWN = 40


def _nothing() -> None:
    pass


@dataclass(frozen=True, kw_only=True)
class Section:
    """One provider's part: `template` joins the page with `context()`, `state()` joins /control/state."""

    template: str
    context: Callable[[], dict[str, Any]]
    state: Callable[[], dict[str, Any]]
    reset: Callable[[], None] = _nothing


_sections: list[Section] = []


def register(section: Section) -> None:
    """Called once, where a package's urls are imported."""
    _sections.append(section)


def wants_page(request: HttpRequest) -> bool:
    return "text/html" in request.headers.get("Accept", "")


def answer(request: HttpRequest, payload: dict[str, Any], *, status: int = 200, anchor: str = "") -> HttpResponse:
    """What every control POST ends with: a browser goes back to the page, a program gets the payload."""
    if wants_page(request):
        return HttpResponseRedirect(f"/{anchor}", status=303)
    return JsonResponse(payload, status=status)


def sent(request: HttpRequest) -> dict[str, Any]:
    """The body of a control POST, from a form or as a JSON object. Raises ValueError for neither."""
    if request.content_type == "application/json":
        body = json.loads(request.body or b"{}")
        if not isinstance(body, dict):
            raise ValueError("a JSON object is expected")
        return body
    return {name: request.POST[name] for name in request.POST}


@require_GET
def page(request: HttpRequest) -> HttpResponse:
    context: dict[str, Any] = {
        "faults": [{**fault, "words": fault_presets.words(fault)} for fault in faults.listing()],
        "mishaps": fault_presets.MISHAPS,
        "kinds": faults.kinds(),
        "routes": sorted({*store.counts("calls."), "webhooks.printify", "webhooks.stripe"}),
        "deliveries": [_shown(row) for row in deliveries.listing()[:SHOWN]],
        "delivery_count": len(deliveries.listing()),
        "templates": [section.template for section in _sections],
    }
    for section in _sections:
        context |= section.context()
    return render(request, "sandbox/control.html", context)


def _shown(row: store.Document) -> store.Document:
    last = row["tries"][-1] if row["tries"] else {}
    return {
        **row,
        "time": clock.stamp(row["at"])[11:19],
        "last": last.get("status") or last.get("error") or "",
        "count": len(row["tries"]),
    }


@require_GET
def state(_request: HttpRequest) -> HttpResponse:
    summary: dict[str, Any] = {"deliveries": deliveries.listing(), "calls": store.counts("calls.")}
    for section in _sections:
        summary |= section.state()
    return JsonResponse(summary)


@require_POST
def reset(request: HttpRequest) -> HttpResponse:
    """Empties everything and lets each provider seed itself again."""
    with store.change():
        store.reset()
        for section in _sections:
            section.reset()
    return answer(request, {})


@require_http_methods(["GET", "POST", "DELETE"])
def fault_list(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _arm(request)
    if request.method == "DELETE":
        faults.clear()
    return JsonResponse(faults.listing(), safe=False)


def _arm(request: HttpRequest) -> HttpResponse:
    """{"name", "kind", "times": number or null, "params"}; forms write params as JSON; times may be empty."""
    try:
        body = sent(request)
        times, params = body.get("times", 1), body.get("params") or {}
        fault = faults.arm(
            body["name"],
            body["kind"],
            times=None if times in {None, ""} else int(times),
            params=json.loads(params) if isinstance(params, str) else params,
        )
    except (KeyError, ValueError) as error:
        return JsonResponse({"error": str(error)}, status=400)
    return answer(request, fault, status=201, anchor="#faults")


@require_POST
def mishap(request: HttpRequest, name: str) -> HttpResponse:
    if name not in fault_presets.MISHAPS:
        return JsonResponse({"error": f"there are {', '.join(fault_presets.MISHAPS)}"}, status=404)
    return answer(request, fault_presets.happen(name), status=201, anchor="#faults")


@require_POST
def fault_clear(request: HttpRequest, number: str = "") -> HttpResponse:
    faults.clear(number or None)
    return answer(request, {}, anchor="#faults")


@require_POST
def delivery_resend(request: HttpRequest, number: str) -> HttpResponse:
    deliveries.resend(number)
    return answer(request, store.read("delivery", number) or {}, anchor="#deliveries")


urlpatterns = [
    path("", page),
    path("control/state", state),
    path("control/reset", reset),
    path("control/faults", fault_list),
    path("control/mishaps/<slug:name>", mishap),
    path("control/faults/clear", fault_clear),
    path("control/faults/<str:number>/clear", fault_clear),
    path("control/deliveries/<str:number>/resend", delivery_resend),
]
