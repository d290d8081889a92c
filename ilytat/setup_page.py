"""The admin's Setup check: what this installation still lacks, and how to fix it."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from ilytat.health import SETUP_CHECKS
from ilytat.integrations import readiness
from ilytat.integrations.health import SETUP_PREFIX
from ilytat.integrations.models import HealthResult
from ilytat.integrations.readiness import DETAIL_MAX
from ilytat.integrations.storable import storable_text

VIEW, RUN = "integrations.view_healthresult", "integrations.change_healthresult"
# `doctor` cannot see this: it takes a request that came the way shoppers come.
PROXY_NOT_COUNTED = (
    "Your request came through a proxy, but TRUSTED_PROXY_COUNT is 0: all visitors share one address, and so the "
    "limits of one visitor. Set it to the number of your proxies and restart web."
)
ORDER = {"down": 0, "warn": 1, "ok": 2}


@require_http_methods(["GET", "HEAD", "POST"])
def setup_check(request: HttpRequest) -> HttpResponse:
    """GET shows the stored results. POST runs the checks, which call the providers, or acknowledges a warning."""
    if not request.user.has_perm(RUN if request.method == "POST" else VIEW):
        raise PermissionDenied
    if request.method == "POST":
        if "acknowledge" in request.POST:
            _acknowledge(request)
        else:
            readiness.run_checks(SETUP_CHECKS)
            messages.success(request, "All checks were run.")
        return redirect("admin:setup_check")
    if "X-Forwarded-For" in request.headers and not settings.TRUSTED_PROXY_COUNT:
        messages.warning(request, PROXY_NOT_COUNTED)
    return TemplateResponse(request, "admin/setup_check.html", _context(request))


def _acknowledge(request: HttpRequest) -> None:
    name, detail = (storable_text(request.POST.get(field, ""), DETAIL_MAX) for field in ("acknowledge", "detail"))
    if readiness.acknowledge(name, detail, int(request.user.pk or 0)):
        messages.success(request, "Acknowledged. The warning comes back when it says something else.")
    else:
        messages.warning(request, "Nothing was changed: the check found something else meanwhile.")


def _context(request: HttpRequest) -> dict[str, Any]:
    rows = readiness.results(SETUP_CHECKS).select_related("acknowledged_by")
    results = sorted(rows, key=lambda result: (ORDER[result.state], not result.is_open, result.name))
    open_states = {result.state for result in results if result.is_open}
    unrun_count = readiness.unrun_count(SETUP_CHECKS)
    return {
        **admin.site.each_context(request),
        "title": "Setup check",
        "tone": "bad" if "down" in open_states else "busy" if open_states or unrun_count else "good",
        "results": [{"title": _title(result), "result": result} for result in results],
        "open_count": sum(result.is_open for result in results),
        "unrun_count": unrun_count,
        "checked_at": min((result.checked_at for result in results), default=None),
        "may_run": request.user.has_perm(RUN),
    }


def _title(result: HealthResult) -> str:
    return result.name.removeprefix(SETUP_PREFIX).replace("-", " ").capitalize()
