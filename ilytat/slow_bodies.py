"""Bodies of requests must arrive at some pace: a thread that waits for a stalled one serves nobody else.

Hooks of the web server (see `gunicorn.conf.py`). A proxy that takes whole requests in before it passes them on is the
better guard; this one holds where there is none.
"""

import socket
import time
from typing import Any

PATIENCE = 10.0  # seconds that every body has
PACE = 8_000  # bytes for each second beyond


class PacedSocket:
    """A socket's `recv` for one request. Raises TimeoutError once too little has come for the time that passed."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.began, self.received = time.monotonic(), 0

    def recv(self, size: int) -> bytes:
        left = PATIENCE + self.received / PACE - (time.monotonic() - self.began)
        if left <= 0:
            raise TimeoutError("the body came too slowly")
        self.sock.settimeout(left)
        try:
            piece = self.sock.recv(size)
        finally:
            self.sock.settimeout(None)  # answers may take their time
        self.received += len(piece)
        return piece


def pre_request(_worker: Any, request: Any) -> None:
    request.unreader.sock = PacedSocket(request.unreader.sock)


def post_request(_worker: Any, request: Any, *_: Any) -> None:
    """The connection may carry another request, which begins when its sender likes."""
    if isinstance(request.unreader.sock, PacedSocket):
        request.unreader.sock = request.unreader.sock.sock
