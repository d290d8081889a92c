"""Scratch databases: a file, and one on the server of DATABASE_URL, gone afterwards."""

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier


def each(folder: Path) -> Iterator[tuple[str, AbstractContextManager[str]]]:
    yield "SQLite", nullcontext(f"sqlite:///{folder / 'bench.sqlite3'}")
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield "PostgreSQL", _on_server(given)


@contextmanager
def _on_server(url: str) -> Iterator[str]:
    name = f"bench_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
