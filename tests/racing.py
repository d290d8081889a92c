"""Several threads at the same line at the same time, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def race(runners: int, run: Callable[[], T]) -> list[T]:
    """What each runner returned. The test's database must be a transactional one."""
    start = threading.Barrier(runners)

    def one() -> T:
        try:
            connection.ensure_connection()
            start.wait(timeout=60)
            return run()
        finally:
            connection.close()

    with ThreadPoolExecutor(runners) as pool:
        return [future.result(timeout=120) for future in [pool.submit(one) for _ in range(runners)]]
