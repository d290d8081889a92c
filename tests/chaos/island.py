"""A PostgreSQL and a Redis that only one module of stories has, so that it may stop, freeze and restart them."""

from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.engines import Engines
from tests.servers import Postgres, Redis


class Island:
    """The engines of a stack (`tests.engines.Engines`), filled from others'."""

    def __init__(self, seed: Engines) -> None:
        self.postgres, self.redis = Postgres(), Redis()
        self.postgres.copy_from(seed.database_url, "shop")
        self.database_url = f"{self.postgres.url}/shop"
        self.broker_url, self.cache_url = f"{self.redis.url}/0", f"{self.redis.url}/1"

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            done = connection.execute(query.encode())
            return done.fetchall() if done.description else []

    def flush_broker(self) -> None:
        with closing(redis.Redis.from_url(self.broker_url)) as connection:
            connection.flushall()

    def copy(self, folder: Path) -> "Island":  # noqa: ARG002 (the protocol's; there is one stack on an island)
        return self

    def drop(self) -> None:
        self.postgres.close()
        self.redis.close()
