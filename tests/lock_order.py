"""Fails a test in which a transaction takes its row locks in another sequence than order → fulfillment → payment.

Watches what PostgreSQL is asked for: UPDATE and SELECT … FOR UPDATE of the three tables. On SQLite there are no row
locks, so nothing is watched. Only the test's own connection is; races have their own assertions.
"""

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.transaction import Atomic

RANKS = {"orders_order": 0, "orders_fulfilment": 1, "payments_payment": 2}
LOCKS = re.compile(r'^UPDATE "(\w+)"|^SELECT .*? FROM "(\w+)".* FOR (?:NO KEY )?UPDATE', re.DOTALL)


class LockWatch:
    def __init__(self) -> None:
        self.depth = 0
        self.held: set[int] = set()
        self.violations: list[str] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001 (Django's signature)
        match = LOCKS.match(sql)
        rank = RANKS.get(match[1] or match[2]) if match else None
        if rank is not None and self.depth:
            if rank not in self.held and any(held > rank for held in self.held):
                self.violations.append(sql[:200])
            self.held.add(rank)
        return execute(sql, params, many, context)

    def enter(self) -> None:
        self.held = self.held if self.depth else set()
        self.depth += 1

    def leave(self) -> None:
        self.depth -= 1


@pytest.fixture(autouse=True)
def _lock_order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    database = {"db", "transactional_db"} & set(request.fixturenames) or request.node.get_closest_marker("django_db")
    if not database or connection.vendor != "postgresql":
        yield
        return
    request.getfixturevalue("_django_db_helper")  # its own transaction, around the test, is none of ours
    watch, enter, leave = LockWatch(), Atomic.__enter__, Atomic.__exit__

    main = threading.get_ident()

    def entered(self: Atomic) -> None:
        enter(self)
        if threading.get_ident() == main:
            watch.enter()

    def left(self: Atomic, *error: Any) -> None:
        if threading.get_ident() == main:
            watch.leave()
        leave(self, *error)

    monkeypatch.setattr(Atomic, "__enter__", entered)
    monkeypatch.setattr(Atomic, "__exit__", left)
    with connection.execute_wrapper(watch):
        yield
    assert not watch.violations, "row locks out of sequence (see orders.locks)"
