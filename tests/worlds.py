"""How stacks and sandboxes are built and taken down. Tests use the fixtures of `tests.conftest`."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ilytat.demo import processes
from ilytat.demo.processes import HOST, Process
from tests.engines import Engines, engines
from tests.stack import FAST, KEYS, Stack
from tests.stand_in import Sandbox


@dataclass(frozen=True)
class Seed:
    """What every stack begins with. One pair of ports for all: the synced pictures' addresses name the sandbox's."""

    folder: Path
    ports: tuple[int, int]
    engines: Engines


@contextmanager
def sandbox_alone(folder: Path, **settings: str) -> Iterator[Sandbox]:
    """`settings` are the sandbox's own, as its environment gives them."""
    port = processes.free_port()
    url = f"http://{HOST}:{port}"
    # The shop's address is a closed port: webhooks of a lonely sandbox go nowhere.
    own = {"SANDBOX_URL": url, "SHOP_URL": f"http://{HOST}:9", "SANDBOX_STORE": str(folder / "store.sqlite3")}
    keys = {name: value for name, value in KEYS.items() if name not in {"SECRET_KEY", "API_TOKEN"}}
    env = {**os.environ, **keys, **FAST, **own, **settings}
    process = Process("sandbox", processes.sandbox_server(port), env, folder / "sandbox.log")
    try:
        processes.wait_for_port(process, port)
        yield Sandbox(url)
    finally:
        process.end()


@contextmanager
def seeded(folder: Path) -> Iterator[Seed]:
    """Migrates, collects the static files, and fills the catalogue by a real sync from a real sandbox."""
    ports = (processes.free_port(), processes.free_port())
    own = engines(folder)
    stack = Stack(folder, ports, own, os.environ)
    try:
        stack.manage("migrate", "--no-input", "-v0")
        stack.manage("collectstatic", "--no-input", "-v0")
        stack.start_sandbox()
        processes.wait_for_port(stack.running["sandbox"], ports[1])
        stack.manage("register_webhooks")
        # Drawing all pictures takes a minute; a few seconds give most products their first one.
        stack.manage("refresh_catalog", "--no-images")
        stack.manage("shell", "-v0", "-c", "from catalog import images; images.fetch_due(6)")
        stack.stop("sandbox")  # gently, so that its store is one whole file to copy
        stack.close()
        yield Seed(folder, ports, own)
    finally:
        stack.close()
        own.drop()


@contextmanager
def stack_from(seed: Seed, folder: Path) -> Iterator[Stack]:
    for name in ("media", "sandbox.sqlite3"):
        _copy(seed.folder / name, folder / name)
    own = seed.engines.copy(folder)
    stack = Stack(folder, seed.ports, own, os.environ)
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
