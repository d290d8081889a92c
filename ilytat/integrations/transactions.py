"""Running a transaction again when the database ended it in favor of another."""

import functools
import logging
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

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
        for remaining in reversed(range(TRIES)):
            is_outermost = not connection.in_atomic_block
            try:
                return write(*args, **kwargs)
            except OperationalError as error:
                state = getattr(error.__cause__, "sqlstate", None)
                if not (is_outermost and remaining and state in CONFLICTS):
                    raise
                log.warning("transaction ended by a conflict, running it again", extra={"sqlstate": state})
                time.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 (spreads rivals; no secret)
        raise AssertionError("unreachable: the last try returns or raises")

    return run
