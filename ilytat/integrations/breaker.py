"""Redis is a convenience. When it did not answer once, this process asks it nothing for a while: each question to a
hung server costs its whole time-out, and a page has several.
"""

import time
from dataclasses import dataclass

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


# One for the cache and the counters: they live on the same server.
redis = Breaker()
