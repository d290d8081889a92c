"""How the tests are spread over pytest-xdist's workers, of which each has a database and Redis numbers of its own.

Stories over whole stacks wait more than they work: they begin first and go in LINES, so that never more stacks than
that run at once. All others go by file, and a test that empties the tables comes after those that count on what the
migrations put there.

In the pipeline a test of processes gets a second chance, because processes, a browser and a busy machine have more
ways to stumble than the shop has; pytest names each that needed it ("RERUN"). At home it gets none.
"""

import os
from collections.abc import Generator
from itertools import groupby
from urllib.parse import urlsplit, urlunsplit

import pytest

LINES = 2
REDIS_EACH = 3
EMPTIES = {"transactional_db", "live_server"}
PROCESSES = {"browser_page", "live_server", "sandbox_process", "small_shop", "process", "keyed_process"}


def worker() -> int:
    """The number of this process among the workers; 0 too where there is only one."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def worker_redis(url: str) -> str:
    """The address of this worker's first database, counted from the given one."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{int(parts.path.strip('/') or 0) + worker() * REDIS_EACH}"))


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "story: starts processes and waits for them; begins first")


def workers() -> int:
    """One more than cores, because somebody always waits; Redis has 16 databases."""
    return min((os.cpu_count() or 1) + 1, 16 // REDIS_EACH)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The group, which xdist writes behind the test's name."""
    _stand_in_line([item for item in items if _is_story(item)])
    for item in items:
        if os.environ.get("CI") and (_is_story(item) or _fixtures(item) & PROCESSES):
            item.add_marker(pytest.mark.flaky(reruns=1))
        if not _is_story(item):
            item.add_marker(pytest.mark.xdist_group(f"{item.path.parent.name}/{item.path.stem} {kind(item)}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hostile words that a test logged: xdist's wire takes no lone surrogates."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """The group served to spread the tests; people read the test's own name."""
    if hasattr(report, "node") and report.nodeid.rfind("@") > report.nodeid.rfind("]"):
        report.nodeid = report.nodeid.rpartition("@")[0]


def _fixtures(item: pytest.Item) -> set[str]:
    return set(getattr(item, "fixturenames", ()))


def _is_story(item: pytest.Item) -> bool:
    return "stack_seed" in _fixtures(item) or item.get_closest_marker("story") is not None


def _shares(item: pytest.Item) -> bool:
    """Whether its stack is its module's."""
    return "stack_seed" in _fixtures(item) and "stack" not in _fixtures(item)


def _home(item: pytest.Item) -> str:
    """What must stay together: a module's stories that share a stack, or a story alone."""
    return str(item.path) if _shares(item) else item.nodeid


def _stand_in_line(stories: list[pytest.Item]) -> None:
    """The longest first, each to the line that is shortest so far. Starting a stack takes as long as a story in it."""
    homes = [list(found) for _, found in groupby(sorted(stories, key=_home), key=_home)]
    lines = [0] * LINES
    for home in sorted(homes, key=len, reverse=True):
        line = lines.index(min(lines))
        lines[line] += len(home) + 1
        for item in home:
            item.add_marker(pytest.mark.xdist_group(f"stacks {line}"))


def turn(item: pytest.Item) -> tuple[int, str]:
    """Stories first; those that share a stack after those with one of their own, because all use the same ports. Last
    those that empty the tables: pytest-django puts them there too, but pytest then moves together what uses a browser.
    """
    if not _is_story(item):
        return 3 if kind(item) == "emptying" else 2, ""
    return (1, str(item.path)) if _shares(item) else (0, "")


def group(item: pytest.Item) -> str:
    """What CI_OTHER_RUN can name (`tests.needs`), or ''."""
    if _is_story(item):
        return "stories"
    return "without-database" if kind(item) == "without" else ""


def kind(item: pytest.Item) -> str:
    mark = item.get_closest_marker("django_db")
    if _fixtures(item) & EMPTIES or (mark and mark.kwargs.get("transaction")):
        return "emptying"
    return "keeping" if mark or "db" in _fixtures(item) else "without"
