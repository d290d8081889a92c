"""The sandbox's time, in the two forms providers use."""

import time
from datetime import UTC, datetime


def now() -> int:
    """Unix seconds."""
    return int(time.time())


def stamp(t: float | None = None) -> str:
    """Printify's spelling: "2026-01-02 03:04:05+00:00", a space and not a T."""
    moment = datetime.fromtimestamp(time.time() if t is None else t, tz=UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S+00:00")
