"""Small steps around every request."""

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from ilytat import views
from ilytat.integrations.api_errors import body

Next = Callable[[HttpRequest], HttpResponse]
API_ERRORS = {
    400: ("bad_request", "The request cannot be read."),
    403: ("refused", "The form token is missing or old."),
    404: ("not_found", "There is no such route."),
    405: ("method", "This route does not know that method."),
    411: ("no_length", "Send the body with a Content-Length."),
    413: ("too_large", "The body is too large."),
    429: ("too_many", "Too many requests. Please wait a minute."),
}
MIB = 1024 * 1024
BODY_BYTES_MAX = MIB // 4  # forms, carts and events of Stripe and Printify stay far below
# By the name of a page or of its namespace.
UPLOAD_BYTES_MAX = {
    "order_problem": 56 * MIB,  # a claim's five photos and its form
    "admin": 12 * MIB,  # a photo of a product
    "sendgrid_webhook": MIB,  # many events at once
}
LENGTH_DIGITS = 12
PERSONAL = ("/accounts/", "/admin/")
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestId:
    """Every log line of a request carries its id, and the answer tells it."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class HealthPagesMiddleware:
    """Answers both health pages for any Host and over plain http, as load balancers and monitors ask: by the address
    of a machine. Everything behind this refuses foreign hosts and redirects to https.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.pages = {"/healthz": views.healthz, "/healthz/deep": views.healthz_deep}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        page = self.pages.get(request.path_info)
        return page(request) if page else self.get_response(request)


class NullByteMiddleware:
    """PostgreSQL stores no NUL: a raw one in an address or a form would be a 500."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path or "%00" in query or "\\000" in request.META.get("HTTP_COOKIE", ""):
            return HttpResponseBadRequest("The address contains a character that cannot be used.")
        return self.get_response(request)


class Utf8OnlyMiddleware:
    """Django decodes forms and queries by the charset that the request names, and some of Python's yield text that
    neither a template nor a database can write. Browsers send UTF-8, since our pages are.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        charset = (request.content_params or {}).get("charset", "utf-8")
        if charset.lower() not in {"utf-8", "utf8"}:
            return HttpResponseBadRequest("Only UTF-8 can be read.", content_type="text/plain")
        return self.get_response(request)


class MaxBodyMiddleware:
    """Refuse a request whose body is larger than its page may get, before anything reads it: Django's own limit
    does not count files.

    `process_view` runs before that of the CSRF check, which is the first to read a form.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        if "Transfer-Encoding" in request.headers:  # Django reads no further than the Content-Length
            return HttpResponse("Send the body with a Content-Length.", status=411, content_type="text/plain")
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = _body_limit(request)
        if not length.isdecimal() or len(length) > LENGTH_DIGITS or int(length) > limit:
            return render(request, "413.html", {"takes_files": limit > BODY_BYTES_MAX}, status=413)
        return None


def _body_limit(request: HttpRequest) -> int:
    """Return how many bytes may be sent to this page."""
    match = request.resolver_match
    if match is None:
        return BODY_BYTES_MAX
    return UPLOAD_BYTES_MAX.get(match.view_name) or UPLOAD_BYTES_MAX.get(match.namespace, BODY_BYTES_MAX)


class ApiErrorMiddleware:
    """The API's paths work with and without a trailing slash (a POST could not follow a redirect), and errors
    are said in JSON, also where no route of the API was reached.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            request.path_info = request.path_info.rstrip("/")
            request.path = request.path.rstrip("/")
            return _in_json(self.get_response(request))
        return self.get_response(request)


class JsonPostMiddleware:
    """Refuse a POST to the JSON API that another site could have caused. Webhooks are signed instead.

    A form or a link can neither declare application/json nor leave out the headers in which browsers name the page
    that sends. Programs send no such headers. GET routes change nothing. For PUT, PATCH and DELETE browsers send a
    preflight request first, which no route allows.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        api = request.path_info.startswith("/api/") and not request.path_info.startswith("/api/webhooks/")
        if not api or request.method != "POST":
            return self.get_response(request)
        if request.content_type != "application/json":
            return JsonResponse(body("not_json", "Send the body as Content-Type: application/json."), status=415)
        if not _is_same_origin(request):
            return JsonResponse(body("other_origin", "Pages of other sites may not call this route."), status=403)
        return self.get_response(request)


def _is_same_origin(request: HttpRequest) -> bool:
    """Return whether each of the headers that name the sending page, where sent, names this very origin."""
    origin = f"{request.scheme}://{request.get_host()}"
    fetch_site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return fetch_site == "same-origin" and request.headers.get("Origin", origin) == origin


def _in_json(response: HttpResponse) -> HttpResponse:
    found = API_ERRORS.get(response.status_code)
    if found is None or response.headers.get("Content-Type", "").startswith("application/json"):
        return response
    answer = JsonResponse(body(*found), status=response.status_code)
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            answer[name] = response.headers[name]
    return answer


class NoStoreMiddleware:
    """What is said to somebody alone is kept by no cache, also where a library forgets to say so."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(PERSONAL) and "no-store" not in response.get("Cache-Control", ""):
            add_never_cache_headers(response)
        return response


class TextGZipMiddleware(GZipMiddleware):
    """Pictures are compressed already: doing it again takes time and hides their length."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.headers.get("Content-Type", "").startswith("image/"):
            return response
        return super().process_response(request, response)
