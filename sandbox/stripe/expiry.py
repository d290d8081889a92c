"""Sessions run out while nobody looks: a thread that looks."""

import threading
import time

from sandbox import settings
from sandbox.stripe import sessions

SECONDS = 2.0
_starting = threading.Lock()
_thread: threading.Thread | None = None


def _run() -> None:
    while True:
        time.sleep(max(0.2, SECONDS / settings.SPEED))
        sessions.expire_due()


def start() -> None:
    """Called by every request; the first one after the server has forked starts the thread."""
    global _thread  # noqa: PLW0603 -- one per process
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_run, name="stripe-expiry", daemon=True)
            _thread.start()
