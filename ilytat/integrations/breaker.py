"""A server that did not answer is asked nothing for a while by this process: each question costs a whole timeout.

Redis is a convenience, and rests after its first silence: a page has several questions. A provider rests after some.
"""

import threading
import time
from dataclasses import dataclass, field

REST_SECONDS = 15.0


@dataclass
class Breaker:
    rest_seconds: float = REST_SECONDS
    until: float = 0.0

    @property
    def resting(self) -> bool:
        return time.monotonic() < self.until

    def trip(self) -> None:
        self.until = time.monotonic() + self.rest_seconds

    def reset(self) -> None:
        self.until = 0.0


@dataclass
class CallBreaker:
    """Rests after `silences_max` calls in a row without an answer, then lets one call at a time find out."""

    silences_max: int
    rest_seconds: float
    silences: int = 0
    until: float = 0.0  # monotonic seconds
    lock: threading.Lock = field(default_factory=threading.Lock)

    def allows_call(self) -> bool:
        """Return whether to call now; `record` the result. The call that ends a rest keeps the others waiting."""
        with self.lock:
            if self.silences < self.silences_max:
                return True
            if time.monotonic() < self.until:
                return False
            self.until = time.monotonic() + self.rest_seconds
            return True

    def record(self, *, has_answered: bool) -> None:
        with self.lock:
            self.silences = 0 if has_answered else self.silences + 1
            self.until = time.monotonic() + self.rest_seconds

    def reset(self) -> None:
        self.silences, self.until = 0, 0.0


# One for the cache and the counters: they live on the same server.
redis = Breaker()
