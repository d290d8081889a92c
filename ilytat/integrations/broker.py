"""The message broker as this process sees it: whether it answers, and what waits in each queue.

A process sees the broker that it sends to itself. Only where the sender looks does it show that no worker reads there:
whether an order moves depends on what the web processes send, so their `/healthz/deep` and first page are the ones
that matter.
"""

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from celery import current_app

from ilytat.integrations import failure_texts
from ilytat.integrations.heartbeats import QUEUES

CACHE_SECONDS = 10.0


@dataclass(frozen=True)
class BrokerState:
    """`messages`: how many wait in each queue. Of Redis only: `oldest`, the digest of each queue's oldest message, and
    `stuck_seconds`, for how long this process has seen the same one there.
    """

    error: str = ""
    messages: dict[str, int] = field(default_factory=dict)
    oldest: dict[str, str] = field(default_factory=dict)
    stuck_seconds: dict[str, float] = field(default_factory=dict)


class Probe:
    """Asks at most once in ten seconds and from one thread at a time, so that a broker that hangs costs one request
    its timeout (a second) and the others nothing.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.state = BrokerState()
        self.expires_at = 0.0
        self.first_seen: dict[tuple[str, str], float] = {}  # by queue and digest of its oldest message

    def current(self) -> BrokerState:
        if time.monotonic() >= self.expires_at and self.lock.acquire(blocking=False):
            try:
                self.state = self._with_stuck_seconds(_read())
                self.expires_at = time.monotonic() + CACHE_SECONDS
            finally:
                self.lock.release()
        return self.state

    def _with_stuck_seconds(self, state: BrokerState) -> BrokerState:
        if state.error:
            return state
        now = time.monotonic()
        self.first_seen = {message: self.first_seen.get(message, now) for message in state.oldest.items()}
        return replace(state, stuck_seconds={queue: now - since for (queue, _), since in self.first_seen.items()})


probe = Probe()


def _read() -> BrokerState:
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=0, reraise_as_library_errors=False)
            channel: Any = connection.channel()
            messages = {name: channel.queue_declare(name).message_count for name in QUEUES}
            is_redis = connection.transport.driver_type == "redis"
            return BrokerState(messages=messages, oldest=dict(_oldest(channel.client)) if is_redis else {})
    except Exception as error:  # noqa: BLE001 (each broker's library raises its own)
        return BrokerState(error=failure_texts.reason(error))


def _oldest(client: Any) -> Iterator[tuple[str, str]]:
    """Kombu adds messages on the left and workers take them from the right. Each holds an id, so no two are equal."""
    for queue in QUEUES:
        if message := client.lindex(queue, -1):
            yield queue, hashlib.sha256(message).hexdigest()
