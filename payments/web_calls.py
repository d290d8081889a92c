"""Calls to Stripe that a web request waits for: little time together, few at once, and none while Stripe is silent.

A Stripe that stalls must not take the threads that show products. Workers call without these limits: nobody waits.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from ilytat.integrations import deadlines
from ilytat.integrations.breaker import CallBreaker
from ilytat.integrations.errors import IntegrationError, Unavailable

REQUEST_SECONDS = 6.0  # all calls of one request together, from the first one
CALLS_AT_ONCE = 5  # of one process, which has eight threads (Procfile)
CALLS_AT_ONCE_AFTER_SILENCE = 2
SLOT_SECONDS = 2.0  # longest wait for one of them
SILENCES_MAX, REST_SECONDS = 3, 10.0

stripe_breaker = CallBreaker(SILENCES_MAX, REST_SECONDS)


class _Slots:
    """Counts the calls of this process. Fewer are allowed as soon as Stripe did not answer one."""

    def __init__(self) -> None:
        self.taken = 0
        self.changed = threading.Condition()

    def acquire(self, timeout: float) -> bool:
        with self.changed:
            is_free = self.changed.wait_for(self._is_free, timeout)
            self.taken += is_free
            return is_free

    def release(self) -> None:
        with self.changed:
            self.taken -= 1
            self.changed.notify()

    def _is_free(self) -> bool:
        return self.taken < (CALLS_AT_ONCE_AFTER_SILENCE if stripe_breaker.silences else CALLS_AT_ONCE)


_slots = _Slots()


@dataclass
class _WebRequest:
    ends_at: float | None = None  # monotonic seconds, known with the first call


_web_request: ContextVar[_WebRequest | None] = ContextVar("web request", default=None)


class WebCallsMiddleware:
    """Apply the limits to whatever this request asks Stripe."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _web_request.set(_WebRequest())
        try:
            return self.get_response(request)
        finally:
            _web_request.reset(token)


@contextmanager
def limits() -> Iterator[None]:
    """Limit one call to Stripe, if a web request makes it. Raises Unavailable instead of calling."""
    request = _web_request.get()
    if request is None:
        yield
        return
    if request.ends_at is None:
        request.ends_at = time.monotonic() + REQUEST_SECONDS
    left = request.ends_at - time.monotonic()
    if left <= 0 or not _slots.acquire(timeout=min(left, SLOT_SECONDS)):
        raise Unavailable("Stripe was not called: it answers too slowly.")
    try:
        with deadlines.within(left), _counted():
            yield
    finally:
        _slots.release()


@contextmanager
def _counted() -> Iterator[None]:
    """Let the breaker know whether Stripe answered. An error without a status is none (`integrations.errors`)."""
    if not stripe_breaker.allows_call():
        raise Unavailable("Stripe was not called: it has not answered lately.")
    try:
        yield
    except IntegrationError as error:
        stripe_breaker.record(has_answered=error.status != 0)
        raise
    stripe_breaker.record(has_answered=True)
