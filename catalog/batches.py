"""Reading many things from Printify one after the other, so that one broken answer does not keep the others waiting."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from ilytat.integrations.errors import IntegrationError, KeyRejected, RateLimited

log = logging.getLogger(__name__)
FAILURES_MAX = 3  # in a row: no single answer explains them, so Printify is away
Key = TypeVar("Key")


def read_each(keys: Iterable[Key], read: Callable[[Key], None], *, until: float) -> int:
    """Call `read` with one key after the other, and begin none after `until` (monotonic seconds).

    Returns how many were read. A key that fails is logged and left out: `read` postpones it, so that the next batch
    begins with others. Raises IntegrationError when all fail, FAILURES_MAX do in a row, or no call can succeed now.
    """
    count, failures, failure = 0, 0, None
    for key in keys:
        if time.monotonic() > until:
            break
        try:
            read(key)
        except (KeyRejected, RateLimited):
            raise
        except IntegrationError as error:
            failures, failure = failures + 1, error
            if failures == FAILURES_MAX:
                raise
            log.warning("not read", extra={"key": str(key), "error": error.detail})
        else:
            count, failures = count + 1, 0
    if failure and not count:
        raise failure
    return count
