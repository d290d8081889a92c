"""Several threads at the same line at the same time, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

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


class Rival(Generic[T]):
    """`run` on another connection of PostgreSQL, while the caller holds a transaction that it may have to wait for."""

    def __init__(self, run: Callable[[], T]) -> None:
        self._pid: Future[int] = Future()
        pool = ThreadPoolExecutor(1)
        self._result = pool.submit(self._work, run)
        pool.shutdown(wait=False)

    def _work(self, run: Callable[[], T]) -> T:
        try:
            connection.ensure_connection()
            self._pid.set_result(connection.connection.info.backend_pid)
            return run()
        finally:
            connection.close()

    def waits(self) -> bool:
        """True as soon as it waits for a lock; False when it has ended without waiting."""
        pid = self._pid.result(timeout=60)
        while not self._result.done():
            with connection.cursor() as cursor:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [pid])
                if cursor.fetchone()[0]:
                    return True
        return False

    def result(self) -> T:
        return self._result.result(timeout=120)
