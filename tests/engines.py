"""A database and a broker for one stack: SQLite files in its folder, or PostgreSQL and Redis where they are given."""

import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit, urlunsplit

import kombu
import psycopg
import redis
from django.conf import settings


class Engines(Protocol):
    database_url: str
    broker_url: str
    cache_url: str

    def sql(self, query: str) -> list[tuple[Any, ...]]: ...
    def flush_broker(self) -> None: ...
    def copy(self, folder: Path) -> "Engines": ...
    def drop(self) -> None: ...


def engines(folder: Path) -> Engines:
    """PostgreSQL and Redis when the tests have both, else files."""
    if settings.REDIS_URL and settings.DATABASES["default"]["ENGINE"].endswith("postgresql"):
        return Servers()
    return Files(folder)


class Files:
    def __init__(self, folder: Path) -> None:
        self.database = folder / "shop.sqlite3"
        self.broker = folder / "broker.sqlite3"
        self.database_url = f"sqlite:///{self.database}"
        self.broker_url = f"sqla+sqlite:///{self.broker}"
        self.cache_url = ""
        # Its tables, before web, worker and beat race to make them.
        with kombu.Connection(self.broker_url) as connection, connection.SimpleQueue("sync") as queue:
            queue.qsize()

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.database, timeout=60)) as connection:
            return list(connection.execute(query))

    def flush_broker(self) -> None:
        with closing(sqlite3.connect(self.broker, timeout=60, isolation_level=None)) as connection:
            connection.execute("DELETE FROM kombu_message")

    def copy(self, folder: Path) -> "Files":
        other = Files(folder)
        # Through SQLite, because a copied file would miss what its WAL still holds.
        with closing(sqlite3.connect(self.database)) as old, closing(sqlite3.connect(other.database)) as new:
            old.backup(new)
        return other

    def drop(self) -> None:
        """The folder goes with pytest's."""


class Servers:
    """A fresh database on the tests' PostgreSQL; the two databases of Redis that follow this worker's own."""

    def __init__(self, template: str = "template1") -> None:
        given = settings.DATABASES["default"]
        self.name = f"stack_{secrets.token_hex(4)}"
        user = given["USER"] + (f":{given['PASSWORD']}" if given["PASSWORD"] else "")
        self._server = f"postgres://{user}@{given['HOST'] or '127.0.0.1'}:{given['PORT'] or 5432}"
        self.database_url = f"{self._server}/{self.name}"
        self.broker_url, self.cache_url = _redis(1), _redis(2)
        self._administer(f'CREATE DATABASE "{self.name}" TEMPLATE "{template}"')
        for url in (self.broker_url, self.cache_url):
            _flush(url)

    def _administer(self, statement: str) -> None:
        with psycopg.connect(f"{self._server}/postgres", autocommit=True) as connection:
            connection.execute(statement)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            done = connection.execute(query)
            return done.fetchall() if done.description else []

    def flush_broker(self) -> None:
        _flush(self.broker_url)

    def copy(self, folder: Path) -> "Servers":  # noqa: ARG002 (files need it)
        return Servers(template=self.name)

    def drop(self) -> None:
        self._administer(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')


def _redis(further: int) -> str:
    parts = urlsplit(settings.REDIS_URL)
    return str(urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + further}")))


def _flush(url: str) -> None:
    with closing(redis.Redis.from_url(url)) as connection:
        connection.flushdb()
