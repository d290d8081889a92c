"""Running a transaction again when the database ended it in favor of another."""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection
from tenacity import Retrying, before_sleep_log, retry_if_exception, stop_after_attempt, wait_random

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")
CONFLICTS = frozenset({"40001", "40P01"})  # PostgreSQL: serialization failure, deadlock detected
TRIES = 3
PAUSE_SECONDS = 0.05


def retry_conflicts(write: Callable[P, R]) -> Callable[P, R]:
    """Run `write` again, three times in all, when PostgreSQL chose its transaction to end a conflict.

    Nothing of the ended transaction was written, so `write` must begin its own and must not call a provider. Inside
    an outer transaction the error goes up to the caller, who began that one. Jobs need no such help: theirs is retried
    by the queue.
    """

    @functools.wraps(write)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            return write(*args, **kwargs)
        tries = Retrying(
            retry=retry_if_exception(_is_conflict),
            stop=stop_after_attempt(TRIES),
            wait=wait_random(0.5 * PAUSE_SECONDS, 1.5 * PAUSE_SECONDS),
            before_sleep=before_sleep_log(log, logging.WARNING),
            reraise=True,
        )
        return tries(write, *args, **kwargs)

    return run


def _is_conflict(error: BaseException) -> bool:
    return isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", None) in CONFLICTS
