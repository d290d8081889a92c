"""The JSON API: each app's router, one shape of error: {"error": {"code", "message", "fields"}}."""

import logging

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.db.utils import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from ninja.errors import HttpError, ValidationError

from ilytat.api_parser import StorableJsonParser
from ilytat.api_schema import ShopAPI
from ilytat.integrations.api_errors import ApiError, body

log = logging.getLogger(__name__)

api = ShopAPI(
    title="ILYTAT Designs",
    version="1",
    docs_url=None,
    openapi_url="schema",
    urls_namespace="api",
    parser=StorableJsonParser(),
)


@api.exception_handler(ApiError)
def on_api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    return api.create_response(request, body(error.code, str(error), error.fields), status=error.status)


@api.exception_handler(ValidationError)
def on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = {".".join(str(part) for part in item["loc"][1:]): str(item["msg"]) for item in error.errors}
    return api.create_response(request, body("invalid", "Some values cannot be used.", fields), status=422)


@api.exception_handler(HttpError)
def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    reason = f"{error}: {error.__cause__}" if error.__cause__ else str(error)  # ninja wraps what the parser raises
    return api.create_response(request, body("refused", reason), status=error.status_code)


@api.exception_handler(Http404)
def on_missing(request: HttpRequest, _error: Http404) -> HttpResponse:
    return api.create_response(request, body("not_found", "There is nothing here by that id."), status=404)


@api.exception_handler(SuspiciousOperation)
@api.exception_handler(BadRequest)
def on_unreadable_body(_request: HttpRequest, error: Exception) -> HttpResponse:
    """Leave a body that is too large or cut off to Django, as on every other page."""
    raise error


@api.exception_handler(Exception)
def on_crash(request: HttpRequest, error: Exception) -> HttpResponse:
    """Never a stack trace to a stranger; the log has it (Django's handler is bypassed by ninja)."""
    log.error("api error", exc_info=error)
    if isinstance(error, OperationalError | InterfaceError):
        return api.create_response(request, body("unavailable", "Please try again in a minute."), status=503)
    return api.create_response(request, body("error", "Something went wrong on our side."), status=500)


api.add_router("", "catalog.api.router")
api.add_router("", "orders.api.router")
api.add_router("", "payments.api.router")
