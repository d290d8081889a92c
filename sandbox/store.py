"""Documents in one SQLite file: all the memory the sandbox has.

Every function works alone or inside `change()`, which makes several of them one immediate transaction.
"""

import atexit
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from sandbox import settings

Document = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL,
  UNIQUE (kind, key)
);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
UPSERT = """
INSERT INTO document (kind, key, body) VALUES (?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body
"""
COUNT = """
INSERT INTO counter (name, value) VALUES (?, 1)
ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value
"""


class _Thread(threading.local):
    connection: sqlite3.Connection | None = None
    depth: int = 0


_thread = _Thread()


def _open() -> sqlite3.Connection:
    settings.STORE.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(settings.STORE, timeout=30, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    # Losing the last second in a power cut costs a sandbox nothing, and every request counts itself here.
    connection.execute("PRAGMA synchronous = OFF")
    connection.executescript(SCHEMA)
    return connection


@atexit.register
def _settle() -> None:
    """Leaves one whole file behind, without a journal beside it: people and tests copy it."""
    if settings.STORE.is_file():
        with closing(sqlite3.connect(settings.STORE, timeout=5)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _connection() -> sqlite3.Connection:
    if _thread.connection is None:
        _thread.connection = _open()
    return _thread.connection


@contextmanager
def change() -> Iterator[None]:
    """One transaction that no other writer interrupts; inside another `change()` it joins that one."""
    connection = _connection()
    if _thread.depth == 0:
        connection.execute("BEGIN IMMEDIATE")
    _thread.depth += 1
    try:
        yield
    except BaseException:
        if _thread.depth == 1:
            connection.execute("ROLLBACK")
        raise
    else:
        if _thread.depth == 1:
            connection.execute("COMMIT")
    finally:
        _thread.depth -= 1


def read(kind: str, key: str) -> Document | None:
    row = _connection().execute("SELECT body FROM document WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    return json.loads(row[0]) if row else None


def write(kind: str, key: str, body: Document) -> None:
    """Insert or replace; a replaced document keeps its place in `listing`."""
    _connection().execute(UPSERT, (kind, key, json.dumps(body, ensure_ascii=False)))


def remove(kind: str, key: str) -> None:
    _connection().execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))


def listing(kind: str) -> list[Document]:
    """Newest first."""
    rows = _connection().execute("SELECT body FROM document WHERE kind = ? ORDER BY seq DESC", (kind,))
    return [json.loads(row[0]) for row in rows]


def counter(name: str) -> int:
    """The next number under this name, from 1."""
    return int(_connection().execute(COUNT, (name,)).fetchone()[0])


def counts(prefix: str) -> dict[str, int]:
    """Counters whose name begins with the prefix, under the rest of their name."""
    rows = _connection().execute("SELECT name, value FROM counter WHERE name LIKE ? || '%' ORDER BY name", (prefix,))
    return {name.removeprefix(prefix): value for name, value in rows}


def reset() -> None:
    with change():
        _connection().execute("DELETE FROM document")
        _connection().execute("DELETE FROM counter")
