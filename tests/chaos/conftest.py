"""Which stories run when, and the shop they share.

CHAOS=full (as `make chaos` sets it) runs every story. The pipeline runs a fixed sample of them: on PostgreSQL and Redis
those marked "servers" or "always", on SQLite only those marked "always".
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import worlds
from tests.needs import present
from tests.stack import Stack

HERE = Path(__file__).resolve().parent
FULL = os.environ.get("CHAOS") == "full"
FIRST = ("web", "worker", "beat")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "sample(run): in the pipeline's sample on 'servers', or 'always'; else on demand"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    named = any("::" in argument for argument in config.args)
    left = [] if FULL or named else [item for item in items if HERE in item.path.parents and not _sampled(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


def _sampled(item: pytest.Item) -> bool:
    runs = {str(name) for mark in item.iter_markers("sample") for name in mark.args}
    return "always" in runs or ("servers" in runs and present("postgresql") and present("redis"))


@pytest.fixture(scope="module")
def whole(stack_seed: worlds.Seed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with worlds.stack_from(stack_seed, tmp_path_factory.mktemp("chaos")) as running:
        yield running


@pytest.fixture
def shop(whole: Stack) -> Iterator[Stack]:
    """One shop for the stories of a module, made whole again before each: they disturb only their own orders."""
    for name in [name for name, process in whole.running.items() if not process.alive]:
        del whole.running[name]  # a story that failed before this one left it dead
    whole.sandbox.clear()
    for name in FIRST:
        if name not in whole.running:
            getattr(whole, f"start_{name}")()
    yield whole
    for name in sorted(set(whole.running) - {*FIRST, "sandbox"}):
        whole.kill(name)
