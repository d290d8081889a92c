"""An end for whole exchanges over HTTP, from the first byte of an answer to its last.

`requests` knows only how long to wait for the next piece: whoever sends a byte now and then, be it of the headers, is
waited for without end. Here each wait is cut to what is left of the whole.
"""

import io
import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_end: ContextVar[float] = ContextVar("end", default=math.inf)  # monotonic seconds


class OutOfTime(Exception):
    """There is no time left for what would have to be done next."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Exchanges of a `session()` that begin in here raise requests.ReadTimeout when they take longer, together."""
    before = _end.set(min(_end.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _end.reset(before)


def seconds_left() -> float:
    """Return the seconds until the nearest end that `within` has set; infinity outside of it."""
    return _end.get() - time.monotonic()


class _Timely(io.RawIOBase):
    """A socket's bytes, until the end."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        super().__init__()
        self._raw, self._sock = raw, sock
        self._patience, self._end = sock.gettimeout(), _end.get()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer took too long")
        if math.isfinite(left):
            self._sock.settimeout(left if self._patience is None else min(left, self._patience))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._raw.close()


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **named: Any) -> None:
        super().__init__(sock, *args, **named)
        self.fp = io.BufferedReader(_Timely(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **named: Any) -> None:
        super().init_poolmanager(*args, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


class _Session(requests.Session):
    def __init__(self, total: float) -> None:
        super().__init__()
        self.total = total
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def request(self, *args: Any, **named: Any) -> requests.Response:
        if seconds_left() <= 0:
            raise requests.ConnectTimeout("no time is left: nothing was sent")
        with within(self.total):
            return super().request(*args, **(named | {"allow_redirects": False}))


def session(total: float = math.inf) -> requests.Session:
    """Each of its exchanges ends within `total` seconds and within what `within` says, and follows no redirect."""
    return _Session(total)
