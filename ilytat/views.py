"""Pages of the house itself: health, and what is shown when something went wrong."""

import sys
import time
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.defaults import server_error
from django.views.static import serve

from ilytat.integrations import jobs
from ilytat.integrations.models import HealthResult, Lease

LATE_SECONDS = 600
SILENT_SECONDS = max(300.0, 10 * settings.SWEEP_SECONDS)
STARTED = time.monotonic()


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nobody."""
    return JsonResponse({"status": "ok"})


def healthz_deep(_request: HttpRequest) -> HttpResponse:
    """Database, oldest due row of each queue, signs of life, last results of checks. 503 with `reasons` when late."""
    try:
        connection.ensure_connection()
        queues = {queue.name: _oldest(queue) for queue in jobs.queues()}
        beats = {row.name: _age(row.beat_at) for row in Lease.objects.filter(name__in=("worker", "beat"))}
        checks = dict(HealthResult.objects.values_list("name", "state"))
    except DatabaseError:
        return JsonResponse({"status": "down", "database": "down", "reasons": ["database: no answer"]}, status=503)
    reasons = [f"{name}: work has been due for {age} s" for name, age in queues.items() if age > LATE_SECONDS]
    reasons += _silent(beats)
    body = {
        "status": "late" if reasons else "ok",
        "reasons": reasons,
        "database": "ok",
        "oldest_due_seconds": queues,
        "heartbeat_age_seconds": beats,
        "checks": checks,
    }
    return JsonResponse(body, status=503 if reasons else 200)


def _silent(beats: dict[str, int]) -> list[str]:
    """Who gives no sign of life. What was before this process began is forgiven until they had time to begin too."""
    here = time.monotonic() - STARTED
    ages = {name: beats.get(name, int(here)) for name in ("worker", "beat")}
    return [f"{name}: no sign of life for {age} s" for name, age in ages.items() if min(age, here) > SILENT_SECONDS]


def _oldest(queue: jobs.Queue[jobs.Job]) -> int:
    first = queue.model.due().order_by("next_at").values_list("next_at", flat=True).first()
    return _age(first)


def _age(moment: datetime | None) -> int:
    return int((timezone.now() - moment).total_seconds()) if moment else 0


def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Our own pictures. Their names carry the content's digest, so a browser never asks twice."""
    response = serve(request, path, document_root=str(settings.MEDIA_ROOT))
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001 (Django's signature)
    return render(request, "pages/form_expired.html", status=403)


def error(request: HttpRequest) -> HttpResponse:
    """Our 500. A database that is away is a 503: it comes back, and so may whoever asked."""
    response = server_error(request)
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        response.status_code = 503
        response["Retry-After"] = "30"
    return response
