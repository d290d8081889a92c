"""What each kind of fault does to one answer."""

import json
import re
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import http_date

from sandbox import clock
from sandbox.store import Document


@dataclass(frozen=True)
class Call:
    """`work` does what the view would have done; each kind decides whether, and what is heard of it."""

    provider: str
    params: Document
    request: HttpRequest
    work: Callable[[], HttpResponseBase]


Kind = Callable[[Call], HttpResponseBase]

MESSAGES = {
    401: "Unauthenticated.",
    403: "Forbidden",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}
STRIPE_TYPES = {401: "invalid_request_error", 429: "rate_limit_error"}


def body(provider: str, status: int) -> dict[str, Any]:
    """An error in the dress of the provider that is being played."""
    message = MESSAGES[status]
    if provider == "stripe":
        return {"error": {"type": STRIPE_TYPES.get(status, "api_error"), "message": message}}
    if provider == "sendgrid":
        return {"errors": [{"message": message, "field": None, "help": None}]}
    return {} if status == 401 else {"error": message}  # noqa: PLR2004 - Printify says {} to a stranger


def refusal(provider: str, status: int, params: Document | None = None) -> HttpResponse:
    """An HTTP error; params.retry_after is seconds, "http-date" (params.seconds ahead) or "missing"."""
    answer = HttpResponse(json.dumps(body(provider, status)), content_type="application/json", status=status)
    wait = (params or {}).get("retry_after", "missing")
    if wait == "http-date":
        answer["Retry-After"] = http_date(clock.now() + (params or {}).get("seconds", 2))
    elif wait != "missing":
        answer["Retry-After"] = str(wait)
    return answer


def cut(request: HttpRequest) -> HttpResponse:
    """Drop the connection: whatever is returned here has nobody to read it."""
    connection: socket.socket | None = request.META.get("gunicorn.socket")
    if connection is not None:
        # Lingering zero seconds makes the close a reset, as a dying proxy does it, and not a polite end.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    answer = HttpResponse(status=500)
    answer["Connection"] = "close"
    return answer


def _content(call: Call) -> bytes:
    answer = call.work()
    if isinstance(answer, HttpResponse):
        return answer.content
    return b"{}"


def _json(content: bytes) -> HttpResponse:
    return HttpResponse(content, content_type="application/json")


def _stall(call: Call, default: float) -> None:
    time.sleep(float(call.params.get("seconds", default)))


def _accept_then_500(call: Call) -> HttpResponseBase:
    call.work()
    return refusal(call.provider, int(call.params.get("status", 500)), call.params)


def _accept_then_cut(call: Call) -> HttpResponseBase:
    call.work()
    return cut(call.request)


def _accept_then_hang(call: Call) -> HttpResponseBase:
    answer = call.work()
    _stall(call, 60)
    return answer


def _hang(call: Call) -> HttpResponseBase:
    _stall(call, 60)
    return cut(call.request)


def _slow(call: Call) -> HttpResponseBase:
    _stall(call, 2)
    return call.work()


def _broken_json(call: Call) -> HttpResponseBase:
    content = _content(call)
    return _json(content[: max(1, len(content) // 2)])


def _html(call: Call) -> HttpResponseBase:
    call.work()
    page = "<!doctype html><title>One moment</title><h1>We will be back soon</h1>"
    return HttpResponse(page, status=int(call.params.get("status", 200)))


def _empty(call: Call) -> HttpResponseBase:
    call.work()
    return _json(b"")


def _nan(call: Call) -> HttpResponseBase:
    """Numbers become NaN: params.count of them (1; 0 is all), of params.key if that is named."""
    key = re.escape(call.params["key"]) if "key" in call.params else r"[^\"]+"
    pattern = rb'("%s":\s*)-?\d+' % key.encode()
    return _json(re.sub(pattern, rb"\1NaN", _content(call), count=int(call.params.get("count", 1))))


def _deep(call: Call) -> HttpResponseBase:
    depth = int(call.params.get("depth", 100_000))
    return _json(b'{"data": ' + b"[" * depth + b"]" * depth + b"}")


def _bom(call: Call) -> HttpResponseBase:
    return _json(b"\xef\xbb\xbf" + _content(call))


def _huge(call: Call) -> HttpResponseBase:
    def chunks() -> Iterator[bytes]:
        yield b'{"data": "'
        for _ in range(int(call.params.get("megabytes", 25))):
            yield b"x" * 1_000_000
        yield b'"}'

    call.work()
    return StreamingHttpResponse(chunks(), content_type="application/json")


def _drip(call: Call) -> HttpResponseBase:
    """The whole answer, params.bytes_per_second (200) at a time."""
    content, rate = _content(call), int(call.params.get("bytes_per_second", 200))

    def chunks() -> Iterator[bytes]:
        step = max(1, rate // 5)
        for start in range(0, len(content), step):
            yield content[start : start + step]
            time.sleep(0.2)

    answer = StreamingHttpResponse(chunks(), content_type="application/json")
    answer["Content-Length"] = str(len(content))
    return answer


def _status(status: int) -> Kind:
    def refuse(call: Call) -> HttpResponseBase:
        return refusal(call.provider, status, call.params)

    return refuse


KINDS: dict[str, Kind] = {
    "401": _status(401),
    "403": _status(403),
    "429": _status(429),
    "500": _status(500),
    "502": _status(502),
    "503": _status(503),
    "accept_then_500": _accept_then_500,
    "accept_then_cut": _accept_then_cut,
    "accept_then_hang": _accept_then_hang,
    "hang": _hang,
    "slow": _slow,
    "drip": _drip,
    "broken_json": _broken_json,
    "html": _html,
    "empty": _empty,
    "nan": _nan,
    "deep": _deep,
    "bom": _bom,
    "huge": _huge,
}
