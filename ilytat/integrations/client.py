"""Outbound HTTP with JSON: the one place that talks to `requests`.

Every call has a connect and a read timeout, a total deadline, a cap on the answer's size, follows no redirect, and
comes back as parsed JSON or as one of `ilytat.integrations.errors`. Reads are tried three times at most; a write is
sent once, because only its caller can find out whether it happened.
"""

import json
import logging
import math
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Literal, NoReturn

import requests
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from ilytat.integrations import deadlines, failure_texts
from ilytat.integrations.errors import FORBIDDEN, KeyRejected, OutcomeUnknown, RateLimited, Refused, Unavailable
from ilytat.integrations.providers import UNAUTHORIZED, Provider

log = logging.getLogger(__name__)
Method = Literal["GET", "POST", "PUT", "DELETE"]
TOO_MANY = 429
SERVER_ERROR = 500
RETRY_AFTER_CAP = 300.0  # seconds; a provider may say a day, the sweep asks again sooner
READ_TRIES = 3
PROBE = "health"
QUICK = 5.0  # seconds: whoever asks for a longer wait is not asked again at once


def retry_after_seconds(value: str | None) -> float | None:
    """Seconds from a Retry-After header (a number or an HTTP date), capped; None when missing or unreadable."""
    if not value:
        return None
    try:
        seconds = float(value) if not value.endswith("GMT") else parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return None
    return min(max(seconds, 0.0), RETRY_AFTER_CAP) if math.isfinite(seconds) else None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def parse(body: bytes) -> Any:
    """Strict JSON: no NaN, no byte order mark, no depth that breaks the parser. Raises ValueError."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def body_of(response: requests.Response, *, end: float, max_bytes: int) -> bytes:
    """The body of a streamed response, by `end` (monotonic seconds). Raises requests.RequestException.

    `requests` cannot stop a slow drip or a flood: its pieces come only when they are full. So take what has arrived.
    """
    content = bytearray()
    try:
        while piece := response.raw.read1(64 * 1024, decode_content=True):
            content += piece
            if len(content) > max_bytes:
                raise requests.exceptions.ContentDecodingError("answer too large")
            if time.monotonic() > end:
                raise requests.ReadTimeout("answer too slow")
    except requests.RequestException:
        raise  # our own: ContentDecodingError is one of urllib3's errors besides
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error) from error
    return bytes(content)


def _heals_soon(error: BaseException) -> bool:
    if not isinstance(error, Unavailable) or isinstance(error, KeyRejected):
        return False
    return error.retry_after is None or error.retry_after <= QUICK


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, Unavailable) else None
    if asked is not None:
        return asked
    return min(0.4 * 2.0**state.attempt_number, QUICK) * random.uniform(0.75, 1.25)  # noqa: S311 (spreads retries)


@dataclass(frozen=True)
class ApiClient:
    """`spend(lane)` is asked before each call and raises Unavailable when the provider's budget is used up;
    `record(status)` hears of each answer (0: none); `limited(seconds)` hears of each 429 with what its Retry-After
    says (None: nothing) and returns how long to wait. With a `provider` a 401 or 403 is an incident of the provider; a
    call in the lane PROBE goes out while that incident is open.
    """

    base: str
    headers: Mapping[str, str]
    connect_timeout: float = 5.0  # seconds, like all of these
    read_timeout: float = 30.0
    deadline: float = 60.0
    tries: int = READ_TRIES
    max_bytes: int = 32 * 1024 * 1024
    spend: Callable[[str], None] = lambda _lane: None
    record: Callable[[int], None] = lambda _status: None
    limited: Callable[[float | None], float | None] = lambda seconds: seconds
    provider: Provider | None = None
    session: requests.Session = field(default_factory=deadlines.session)

    def read(self, path: str, *, lane: str = "sync", params: Mapping[str, str | int] | None = None) -> Any:
        """GET, tried up to three times while it can heal. Raises Unavailable or Refused."""
        for attempt in Retrying(
            retry=retry_if_exception(_heals_soon),
            stop=stop_after_attempt(self.tries),
            wait=_pause,
            reraise=True,
        ):
            with attempt:
                return self._read_once(path, lane, params)
        raise AssertionError("tenacity re-raises")  # pragma: no cover

    def write(self, method: Method, path: str, body: object = None, *, lane: str = "orders") -> Any:
        """Sent once. Raises Unavailable (not sent, or refused for now), Refused, or OutcomeUnknown."""
        try:
            response, content = self._exchange(method, path, lane, json=body)
        except requests.ConnectTimeout as error:
            raise Unavailable(self._no_answer(method, path, error), is_outage=self._is_down()) from error
        except requests.RequestException as error:
            raise OutcomeUnknown(self._no_answer(method, path, error), is_outage=self._is_down()) from error
        self._raise_for(response, content, path, lane)
        if response.status_code >= SERVER_ERROR:
            detail = failure_texts.answered(self._title, response.status_code)
            raise OutcomeUnknown(detail, status=response.status_code, is_outage=self._is_down())
        try:
            return parse(content) if content.strip() else None
        except ValueError as error:
            raise OutcomeUnknown(self._unreadable, status=response.status_code) from error

    @property
    def _title(self) -> str:
        return self.provider.title if self.provider else "The service"

    @property
    def _unreadable(self) -> str:
        return failure_texts.unreadable(self._title)

    def _no_answer(self, method: Method, path: str, error: requests.RequestException) -> str:
        log.warning("no answer", extra={"call": f"{method} {path}", "error": f"{type(error).__name__}: {error}"})
        return failure_texts.no_answer(self._title, error)

    def _is_down(self) -> bool:
        return self.provider is not None and self.provider.is_down()

    def _read_once(self, path: str, lane: str, params: Mapping[str, str | int] | None) -> Any:
        try:
            response, content = self._exchange("GET", path, lane, params=params)
        except requests.RequestException as error:
            raise Unavailable(self._no_answer("GET", path, error), is_outage=self._is_down()) from error
        self._raise_for(response, content, path, lane)
        if response.status_code >= SERVER_ERROR:
            wait = retry_after_seconds(response.headers.get("Retry-After"))
            raise Unavailable(
                failure_texts.answered(self._title, response.status_code),
                status=response.status_code,
                retry_after=wait,
                is_outage=self._is_down(),
            )
        try:
            return parse(content)
        except ValueError as error:
            raise Unavailable(self._unreadable, status=response.status_code) from error

    def _exchange(self, method: Method, path: str, lane: str, **send: Any) -> tuple[requests.Response, bytes]:
        if self.provider and lane != PROBE:
            self.provider.ensure_accepted()
        self.spend(lane)
        end = time.monotonic() + self.deadline
        status = 0
        try:
            with (
                deadlines.within(self.deadline),
                self.session.request(
                    method,
                    self.base + path,
                    headers=dict(self.headers),
                    timeout=(self.connect_timeout, self.read_timeout),
                    allow_redirects=False,
                    stream=True,
                    **send,
                ) as response,
            ):
                content = body_of(response, end=end, max_bytes=self.max_bytes)
                status = response.status_code
                return response, content
        finally:
            self.record(status)

    def _raise_for(self, response: requests.Response, content: bytes, path: str, lane: str) -> None:
        status = response.status_code
        if status == TOO_MANY:
            wait = self.limited(retry_after_seconds(response.headers.get("Retry-After")))
            detail = failure_texts.answered(self._title, status)
            raise RateLimited(detail, status=status, code=str(TOO_MANY), retry_after=wait)
        if not 300 <= status < SERVER_ERROR:  # noqa: PLR2004 (redirects are refusals: a token never follows them)
            return
        body = _lenient(content)
        said = _reason(body)
        if self.provider and status in {UNAUTHORIZED, FORBIDDEN}:
            raise self.provider.rejected(said, status=status, call=path, is_probe=lane == PROBE)
        log.info("request refused", extra={"call": path, "status": status, "answer": said})
        detail = failure_texts.answered(self._title, status, said)
        raise Refused(detail, status=status, code=_code(body), body=body)


def _lenient(content: bytes) -> Any:
    try:
        return parse(content)
    except ValueError:
        return None


def _code(body: Any) -> str:
    return str(body.get("code") or "") if isinstance(body, dict) else ""


def _reason(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    reason = errors.get("reason") if isinstance(errors, dict) else None
    said = reason or body.get("error") or body.get("message")
    return said[:500] if isinstance(said, str) else ""
