"""The fixtures every test may use. Worlds that are hard to build live here; rows are made by `tests.factories`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.core.cache import cache
from django.utils import translation
from hypothesis import HealthCheck
from playwright.sync_api import BrowserContext, Page, expect

from ilytat import caching
from ilytat.integrations import breaker, limits
from payments import web_calls
from tests import lock_order, needs, orderings_seed, spread, worlds
from tests.stack import Stack
from tests.stand_in import Sandbox

# Playwright's loop runs beside the tests' database calls; Django would take them for asynchronous ones.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

CHROMIUM_FLAGS = (
    "--disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
# A wait that ends early costs nothing, and a busy machine must fail nothing.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
hypothesis.settings.register_profile("busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# The same examples in each run: what CI finds must be there again at home.
hypothesis.settings.register_profile("ci", hypothesis.settings.get_profile("busy machine"), derandomize=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "busy machine")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(needs)
    config.pluginmanager.register(orderings_seed)
    config.pluginmanager.register(spread)
    config.pluginmanager.register(lock_order)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return spread.workers()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=spread.turn)


@pytest.fixture(autouse=True)
def _as_new() -> None:
    """Rate counters, page fragments and the language of one test must not meet the next."""
    translation.deactivate()
    breaker.redis.reset()
    web_calls.stripe_breaker.reset()
    cache.clear()
    caching.alone.clear()
    limits.local_limiter.cache_clear()
    limits.shared_limiter.cache_clear()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    own = {"executable_path": needs.chromium(), "args": CHROMIUM_FLAGS.split()}
    return {**browser_type_launch_args, **own}


@pytest.fixture
def browser_page(context: BrowserContext) -> Page:
    """A fresh Chromium tab. The test carries `@pytest.mark.needs("chromium")`."""
    context.set_default_timeout(PATIENCE_MS)
    return context.new_page()


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """The real sandbox as a process of its own, for tests that need no other process."""
    with worlds.sandbox_alone(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    """As new for each test: what an earlier one sold, deleted or broke there is gone."""
    sandbox_process.reset()
    return sandbox_process


@pytest.fixture(scope="session")
def stack_seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[worlds.Seed]:
    """Tables, pictures and a synced catalogue, made once a worker: every stack begins with a copy."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    with worlds.seeded(tmp_path_factory.mktemp("seed"), shared) as seed:
        yield seed


@pytest.fixture
def stack(stack_seed: worlds.Seed, tmp_path: Path) -> Iterator[Stack]:
    """The whole shop as processes, for this test alone."""
    with worlds.stack_from(stack_seed, tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def module_stack(stack_seed: worlds.Seed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The same, shared by a module's stories that do not disturb one another. `tests.spread` keeps it from `stack`."""
    with worlds.stack_from(stack_seed, tmp_path_factory.mktemp("stack")) as running:
        yield running
