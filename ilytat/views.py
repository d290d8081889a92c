"""Pages of the house itself: health, and what is shown when something went wrong."""

from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.static import serve

from ilytat.integrations import jobs
from ilytat.integrations.models import HealthResult, Lease

LATE_SECONDS = 600


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nobody."""
    return JsonResponse({"status": "ok"})


def healthz_deep(_request: HttpRequest) -> HttpResponse:
    """Database, oldest due row of each queue, last sweep, last results of the health checks. 503 when work is late."""
    try:
        connection.ensure_connection()
        queues = {queue.name: _oldest(queue) for queue in jobs.queues()}
        beats = {row.name: _age(row.beat_at) for row in Lease.objects.filter(name__in=("worker", "beat"))}
        checks = dict(HealthResult.objects.values_list("name", "state"))
    except DatabaseError:
        return JsonResponse({"status": "down", "database": "down"}, status=503)
    late = any(age > LATE_SECONDS for age in queues.values())
    body = {
        "status": "late" if late else "ok",
        "database": "ok",
        "oldest_due_seconds": queues,
        "heartbeat_age_seconds": beats,
    }
    return JsonResponse(body | {"checks": checks}, status=503 if late else 200)


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
