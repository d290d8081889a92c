"""One request of the API: key, parameters, idempotency, the work, the answer or the refusal."""

import base64
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from sandbox import faults, settings, store
from sandbox.store import Document
from sandbox.stripe import API_VERSION, events, expansion, expiry, forms, idempotency, ids
from sandbox.stripe.errors import ApiError
from sandbox.stripe.shapes import Fields

LIVE_KEYS = ("sk_live_", "rk_live_")
MOST_FIELDS = 20_000


@dataclass(frozen=True, kw_only=True)
class Call:
    """What a view of this API gets: parameters that have their shape, and the mode of the key."""

    params: dict[str, Any]
    livemode: bool
    path: str


class Work(Protocol):
    def __call__(self, call: Call, /, *names: str) -> Document: ...


Endpoint = Callable[..., HttpResponseBase]


def endpoint(name: str, shape: Fields, *, also: str = "") -> Callable[[Work], Endpoint]:
    """Makes a Django view of a function that takes a Call and gives the document to answer with.

    Faults are armed for `name`; `also` is a second name it answers to.
    """

    def decorate(work: Work) -> Endpoint:
        @faults.route(name)
        def view(request: HttpRequest, *names: str) -> HttpResponse:
            request_id = ids.request()
            try:
                return _answer(request, work, shape, names, request_id)
            except ApiError as error:
                return _respond(error.body(request_id), request, request_id, status=error.status)

        return faults.route(also)(view) if also else view

    return decorate


def by_method(**views: Endpoint) -> Endpoint:
    """One URL, an endpoint for each method."""

    @csrf_exempt
    def dispatch(request: HttpRequest, **names: str) -> HttpResponseBase:
        expiry.start()
        view = views.get(request.method or "")
        if view is None:
            error = ApiError(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
            return _respond(error.body("req"), request, "req", status=404)
        return view(request, *names.values())

    return dispatch


def _answer(request: HttpRequest, work: Work, shape: Fields, names: tuple[str, ...], request_id: str) -> HttpResponse:
    livemode = _mode(_key(request))
    form = _form(request)
    call = Call(params=shape.read(form), livemode=livemode, path=request.path.removeprefix("/stripe"))
    if request.method != "POST":
        return _respond(_worked(work, call, names), request, request_id)
    return _posted(request, work, call, names, form, request_id)


def _posted(
    request: HttpRequest, work: Work, call: Call, names: tuple[str, ...], form: forms.Form, request_id: str
) -> HttpResponse:
    """In one transaction, so that two requests with one key cannot both do the work."""
    key = request.headers.get("Idempotency-Key", "")
    idempotency.check(key)
    with store.change(), _causing(request_id, key):
        first = idempotency.recall(key, call.path, form, livemode=call.livemode) if key else None
        if first is not None:
            response = _respond(first["body"], request, request_id, status=first["status"])
            response.headers["Idempotent-Replayed"] = "true"
            response.headers["Original-Request"] = first["request_id"]
            return response
        status, body = _tried(work, call, names, request_id)
        if key:
            idempotency.remember(
                key, call.path, form, livemode=call.livemode, status=status, body=body, request_id=request_id
            )
        return _respond(body, request, request_id, status=status)


def _tried(work: Work, call: Call, names: tuple[str, ...], request_id: str) -> tuple[int, Document]:
    try:
        return 200, _worked(work, call, names)
    except ApiError as error:
        if not error.kept:
            raise
        return error.status, error.body(request_id)


def _worked(work: Work, call: Call, names: tuple[str, ...]) -> Document:
    return expansion.expanded(work(call, *names), call.params.get("expand", []))


@contextmanager
def _causing(request_id: str, key: str) -> Iterator[None]:
    token = events.cause.set({"id": request_id, "idempotency_key": key or None})
    try:
        yield
    finally:
        events.cause.reset(token)


def _key(request: HttpRequest) -> str:
    """The secret key: a bearer token, or the user name of basic authentication."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0]
        except ValueError:
            return ""
    return value.strip() if scheme.lower() == "bearer" else ""


def _mode(key: str) -> bool:
    """True for live mode. Raises ApiError 401 for no key, a wrong one or a publishable one."""
    if not key:
        words = "You did not provide an API key. You need to provide your API key in the Authorization header,"
        raise ApiError(f"{words} using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').", status=401)
    accepted = settings.STRIPE_SECRET_KEY
    wrong = accepted and not hmac.compare_digest(key.encode(), accepted.encode())
    if wrong or not key.startswith(("sk_", "rk_")):
        raise ApiError(f"Invalid API Key provided: {key[:8]}{'*' * 12}{key[-4:]}", status=401)
    return key.startswith(LIVE_KEYS)


def _form(request: HttpRequest) -> forms.Form:
    raw = request.body.decode() if request.method == "POST" else request.META.get("QUERY_STRING", "")
    try:
        return forms.nested(parse_qsl(raw, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        raise ApiError("Invalid request: the body cannot be read as form parameters.") from None


def _respond(body: Document, request: HttpRequest, request_id: str, *, status: int = 200) -> HttpResponse:
    response = JsonResponse(body, status=status, json_dumps_params={"indent": 2})
    response.headers["Request-Id"] = request_id
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
    if key := request.headers.get("Idempotency-Key"):
        response.headers["Idempotency-Key"] = key
    return response
