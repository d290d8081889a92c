"""Several threads at the same line at the same time, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from django.db import connection, transaction

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


def overtake(first: Callable[[], object], second: Callable[[], object]) -> tuple[bool, Any]:
    """`first` has happened and is not committed when `second` begins; it commits once `second` waits or is done.

    Returns whether `second` had to wait, and what it returned or raised.
    """
    with transaction.atomic():
        first()
        rival = Rival(second)
        has_waited = rival.waits()
    try:
        return has_waited, rival.result()
    except Exception as error:  # noqa: BLE001 (the test looks at it)
        return has_waited, error


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
