"""How stacks and sandboxes are built and taken down. Tests use the fixtures of `tests.conftest`."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ilytat.devserver import processes
from ilytat.devserver.environment import mail_key
from ilytat.devserver.processes import HOST, Process
from tests.engines import Engines, engines
from tests.ports import free_port
from tests.stack import FAST, KEYS, MOCKUPS, Stack
from tests.stand_in import Sandbox


@dataclass(frozen=True)
class Seed:
    """What every stack begins with. One pair of ports for all: the synced pictures' addresses name the sandbox's."""

    folder: Path
    ports: tuple[int, int]
    engines: Engines
    mail_key: str


@contextmanager
def sandbox_alone(folder: Path, **settings: str) -> Iterator[Sandbox]:
    """`settings` are the sandbox's own, as its environment gives them."""
    port = free_port()
    url = f"http://{HOST}:{port}"
    # The shop's address is a closed port: webhooks of a lonely sandbox go nowhere.
    store = {"SANDBOX_STORE": str(folder / "store.sqlite3"), "SANDBOX_MOCKUPS": MOCKUPS}
    own = {"SANDBOX_URL": url, "SHOP_URL": f"http://{HOST}:9", **store}
    keys = {name: value for name, value in KEYS.items() if name not in {"SECRET_KEY", "API_TOKEN"}}
    env = {**os.environ, **keys, **FAST, **own, **settings}
    process = Process("sandbox", processes.sandbox_server(port), env, folder / "sandbox.log")
    try:
        processes.wait_for_port(process, port)
        yield Sandbox(url)
    finally:
        process.end()


@contextmanager
def seeded(folder: Path, shared: Path) -> Iterator[Seed]:
    """Migrates, collects the static files, and fills the catalogue by a real sync from a real sandbox.

    `shared` is a folder of this run that all its workers see.
    """
    ports = (free_port(), free_port())
    own = engines(folder)
    stack = Stack(folder, ports, own, os.environ)
    try:
        _collect_static_once(stack, shared)
        stack.manage("migrate", "--no-input", "-v0")
        stack.start_sandbox()
        processes.wait_for_port(stack.running["sandbox"], ports[1])
        stack.manage("shell", "-v0", "-c", "from tests.filling import fill; fill()")
        key = mail_key(stack.env)
        stack.stop("sandbox")  # gently, so that its store is one whole file to copy
        stack.close()
        yield Seed(folder, ports, own, key)
    finally:
        stack.close()
        own.drop()


def _collect_static_once(stack: Stack, shared: Path) -> None:
    """The files lie beside the code and belong to all: two who write them at once would break each other's."""
    with (shared / "static.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "static.done").exists():
            stack.manage("collectstatic", "--no-input", "-v0")
            (shared / "static.done").touch()


@contextmanager
def stack_from(seed: Seed, folder: Path, **settings: str) -> Iterator[Stack]:
    """`settings` are the shop's own, beside those of every stack."""
    for name in ("media", "sandbox.sqlite3"):
        _copy(seed.folder / name, folder / name)
    own = seed.engines.copy(folder)
    stack = Stack(folder, seed.ports, own, os.environ)
    stack.env |= {"SENDGRID_WEBHOOK_PUBLIC_KEY": seed.mail_key, **settings}
    try:
        stack.start()
        yield stack
    finally:
        stack.close()
        own.drop()


def _copy(old: Path, new: Path) -> None:
    if old.is_dir():
        shutil.copytree(old, new)
    elif old.is_file():
        shutil.copy(old, new)
