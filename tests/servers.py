"""A PostgreSQL and a Redis of the tests' own, on free ports of this machine, ended by id."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import redis

from ilytat.devserver.processes import HOST, LEASH, Process
from tests.ports import free_port

ROOT_ID = 0
PATIENCE = 30.0


def programs() -> Path | None:
    """The folder of PostgreSQL's newest programs, wherever Debian or PATH has them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


def installed() -> bool:
    return programs() is not None and shutil.which("redis-server") is not None


class Postgres:
    """`start` returns when it answers; `stop` is its fast shutdown, which waits for no client."""

    def __init__(self) -> None:
        bin_ = programs()
        assert bin_, "PostgreSQL is not installed"
        self.bin = bin_
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="ilytat-postgres-"))
        self.url = f"postgres://shop@{HOST}:{self.port}"
        self.data = self.folder / "data"
        self._prepare()
        self.start()

    def _prepare(self) -> None:
        self.data.mkdir()
        if os.getuid() == ROOT_ID:
            self.folder.chmod(0o755)
            shutil.chown(self.data, "postgres", "postgres")
        words = [self.bin / "initdb", "-D", self.data, "-U", "shop", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
        subprocess.run(self._humbly([str(word) for word in words]), check=True, capture_output=True)

    def _humbly(self, command: Sequence[str]) -> list[str]:
        """PostgreSQL refuses to run as root."""
        humble = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        return [*(humble if os.getuid() == ROOT_ID else []), *command]

    def start(self) -> None:
        where = ["-D", str(self.data), "-h", HOST, "-p", str(self.port), "-k", ""]
        # The data live as long as the tests: no need to wait for the disk.
        careless = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
        command = self._humbly([*LEASH, str(self.bin / "postgres"), *where, *careless])
        self.process = Process("postgres", command, os.environ, self.folder / "log")
        _until(self._answers, "PostgreSQL")

    def _answers(self) -> bool:
        try:
            psycopg.connect(f"{self.url}/postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        os.kill(self.process.pid, signal.SIGINT)
        self.process.end(PATIENCE)

    def create(self, name: str) -> None:
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())

    def copy_from(self, url: str, name: str) -> None:
        """The whole of another server's database, under a new name here."""
        self.create(name)
        dump = subprocess.run([self.bin / "pg_dump", "-Fc", url], check=True, capture_output=True).stdout
        load = [str(self.bin / "pg_restore"), "--no-owner", "-d", f"{self.url}/{name}"]
        subprocess.run(load, check=True, capture_output=True, input=dump)

    def close(self) -> None:
        self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis:
    """`stop` loses all it held; `freeze` leaves callers without an answer."""

    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="ilytat-redis-"))
        self.url = f"redis://{HOST}:{self.port}"
        self.start()

    def start(self) -> None:
        where = ["--bind", HOST, "--port", str(self.port), "--dir", str(self.folder)]
        command = ["redis-server", *where, "--save", "", "--appendonly", "no"]
        self.process = Process("redis", command, os.environ, self.folder / "log")
        _until(self._answers, "Redis")

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as connection:
                return bool(connection.ping())
        except redis.exceptions.ConnectionError:
            return False

    def stop(self) -> None:
        self.process.kill()

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def close(self) -> None:
        self.process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _until(look: Callable[[], bool], name: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if look():
            return
        time.sleep(0.05)
    raise RuntimeError(f"{name} did not start")
