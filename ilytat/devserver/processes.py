"""Processes that are ours: started in a group of their own, ended by id, and gone when we are gone."""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOST = "127.0.0.1"
OURS = range(10_000, 32_000)
# Should we be killed without a chance to tidy up, Linux ends our children for us.
LEASH = ("setpriv", "--pdeathsig", "TERM", "--") if shutil.which("setpriv") else ()


class Process:
    """Started at once; what it says goes to `log`."""

    def __init__(self, name: str, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as out:
            self._popen = subprocess.Popen(  # noqa: S603 (our own words only)
                [*LEASH, *command],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Also the id of its group."""
        return self._popen.pid

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    def ask_to_end(self) -> None:
        """SIGTERM to the leader only: pool children are the leader's to end, after their task."""
        if self.alive:
            self._popen.terminate()

    def end(self, patience: float = 8.0) -> None:
        """Ask, wait `patience` seconds, then kill whatever is left of the group."""
        self.ask_to_end()
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(patience)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, as when the machine dies."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        self._popen.wait()

    def last_words(self, lines: int = 20) -> str:
        tail = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(f"  {self.name} | {line}" for line in tail)


def end_all(processes: Sequence[Process], patience: float = 6.0) -> None:
    """All are asked first, so that they end side by side within `patience` seconds; then the rest is killed."""
    for process in processes:
        process.ask_to_end()
    deadline = time.monotonic() + patience
    for process in processes:
        process.end(max(0.0, deadline - time.monotonic()))


def gunicorn(application: str, port: int, *, workers: int, threads: int) -> list[str]:
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"{HOST}:{port}"]
    sizes = ["--worker-class", "gthread", "--workers", str(workers), "--threads", str(threads)]
    # Longer than any caller is idle: a connection must not be closed under a request that is on its way.
    times = ["--keep-alive", "75", "--graceful-timeout", "5"]
    return [*command, *sizes, *times, "--no-control-socket", "--log-level", "warning"]


def sandbox_server(port: int) -> list[str]:
    """One worker: the deliveries' thread must be the only one of its kind."""
    return gunicorn("sandbox.wsgi:application", port, workers=1, threads=16)


def web_server(port: int) -> list[str]:
    """The application is read once, for both workers."""
    return [*gunicorn("ilytat.wsgi:application", port, workers=2, threads=8), "--preload"]


def celery(*words: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "ilytat", *words, "--loglevel", "WARNING"]


def is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(within: range = OURS) -> int:
    """One below those that the system gives away by itself, so that it stays free until it is used."""
    return next(port for port in iter(lambda: random.choice(within), None) if is_free(port))  # noqa: S311 (no secret)


def wait_for_port(process: Process, port: int, seconds: float = 90.0) -> None:
    """Returns when something listens. Raises RuntimeError with the process's last words when it does not."""
    end = time.monotonic() + seconds
    while process.alive and time.monotonic() < end:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{process.name} did not start on port {port}:\n{process.last_words()}")
