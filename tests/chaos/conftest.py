"""Which stories run when, and the shop they share.

CHAOS=full (as `make chaos` sets it) runs every story. The pipeline runs a fixed sample of them: on PostgreSQL and Redis
those marked "servers" or "always", on SQLite only those marked "always".
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def shop(module_stack: Stack) -> Iterator[Stack]:
    """One shop for the stories of a module, made whole again before each: they disturb only their own orders."""
    module_stack.sandbox.clear()
    for name in FIRST:
        if name not in module_stack.running:
            getattr(module_stack, f"start_{name}")()
    yield module_stack
    for name in sorted(set(module_stack.running) - {*FIRST, "sandbox"}):
        module_stack.kill(name)
