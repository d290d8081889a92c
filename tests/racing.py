"""Several threads at the same line at the same time, each with a database connection of its own."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from django.db import connection, transaction

T = TypeVar("T")
PATIENCE = 60.0  # seconds; a test that fails takes them


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


class Rival:
    """`act` on another thread and connection, watched from this one. Leave the block only when it is `settled`."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act, self._pid, self._done = act, 0, threading.Event()
        self._pool = ThreadPoolExecutor(1)
        self._future = self._pool.submit(self._run)

    def _run(self) -> object:
        try:
            connection.ensure_connection()
            self._pid = connection.connection.info.backend_pid
            return self._act()
        finally:
            self._done.set()
            connection.close()

    def waits(self) -> bool:
        """Return True as soon as PostgreSQL makes it wait for another transaction, False when it is done without."""
        until = time.monotonic() + PATIENCE
        while not self._done.is_set() and time.monotonic() < until:
            with connection.cursor() as cursor:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [self._pid])
                if self._pid and cursor.fetchone()[0]:
                    return True
        return False

    def result(self) -> Any:
        """What it returned, or the error that it raised."""
        try:
            return self._future.result(PATIENCE)
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            return error
        finally:
            self._pool.shutdown()


def overtake(first: Callable[[], object], second: Callable[[], object]) -> tuple[bool, Any]:
    """`first` has happened and is not committed when `second` begins; it commits once `second` waits or is done.

    Returns whether `second` had to wait, and what it returned or raised.
    """
    with transaction.atomic():
        first()
        rival = Rival(second)
        has_waited = rival.waits()
    return has_waited, rival.result()


def pause_after(sql: str, wait: Callable[[], object]) -> AbstractContextManager[None]:
    """On this connection, call `wait` once, after a statement that contains `sql`."""
    seen: list[str] = []

    def wrapper(execute: Any, statement: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's signature)
        if seen == [sql]:
            seen.append("waited")
            wait()
        result = execute(statement, params, many, context)
        if not seen and sql in statement:
            seen.append(sql)
        return result

    return connection.execute_wrapper(wrapper)
