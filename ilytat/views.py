"""Pages of the house itself: health, and what is shown when something went wrong."""

import sys

from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from django.db.utils import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.defaults import server_error
from django.views.static import serve

from ilytat.integrations import jobs, system_status


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nobody."""
    return JsonResponse({"status": "ok"})


@require_safe
def healthz_deep(_request: HttpRequest) -> HttpResponse:
    """For a monitor, not for a load balancer: 503 with `reasons` when any part of the shop does not work.

    Anyone may read it: no names of hosts, and of incidents only the provider's.
    """
    try:
        connection.ensure_connection()
        status = system_status.current()
    except DatabaseError:
        return JsonResponse({"status": "down", "database": "down", "reasons": ["database: no answer"]}, status=503)
    word = "trouble" if status.problems else "starting" if status.is_starting else "ok"
    lags = {lag.name: lag.seconds for lag in status.lags}
    body = {
        "status": word,
        "reasons": [problem.sentence for problem in status.problems],
        "commands": [problem.command for problem in status.problems if problem.command],
        "database": "ok",
        "broker": status.broker.error or "ok",
        "messages": status.broker.messages,
        "oldest_due_seconds": {queue.name: lags.get(queue.name, 0) for queue in jobs.queues()},
        "heartbeat_age_seconds": {
            row.name.partition("@")[0]: int((row.now - row.beat_at).total_seconds())
            for row in reversed(status.heartbeats)  # of one name on several hosts the newest counts
        },
        "checks": {result.name: result.state for result in status.checks},
    }
    return JsonResponse(body, status=503 if status.problems else 200)


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
