"""The message broker as this process sees it: whether it answers, and how many messages wait in each queue."""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from celery import current_app

from ilytat.integrations import failure_texts
from ilytat.integrations.heartbeats import QUEUES

CACHE_SECONDS = 10.0


@dataclass(frozen=True)
class BrokerState:
    error: str = ""
    messages: dict[str, int] = field(default_factory=dict)


class Probe:
    """Asks at most once in ten seconds and from one thread at a time, so that a broker that hangs costs one request
    its timeout (a second) and the others nothing.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.state = BrokerState()
        self.expires_at = 0.0

    def current(self) -> BrokerState:
        if time.monotonic() >= self.expires_at and self.lock.acquire(blocking=False):
            try:
                self.state = _read()
                self.expires_at = time.monotonic() + CACHE_SECONDS
            finally:
                self.lock.release()
        return self.state


probe = Probe()


def _read() -> BrokerState:
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
            channel: Any = connection.channel()
            return BrokerState(messages={name: channel.queue_declare(name).message_count for name in QUEUES})
    except Exception as error:  # noqa: BLE001 (each broker's library raises its own)
        return BrokerState(error=failure_texts.reason(error))
