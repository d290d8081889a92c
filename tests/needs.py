"""What a test needs of the machine, and a list by name of what therefore did not run.

`@pytest.mark.needs("postgresql")`, also "sqlite", "redis", "chromium", "shared". At home a test without its need is
skipped and named at the end. With CI_NO_SKIPS=1 a skip fails the run; CI_OTHER_RUN="postgresql redis" names what
another run of the same pipeline has: tests that need it are not this run's, and are left out from the beginning.
It may also name two groups of `tests.spread` of which a test with no such need runs once: "stories" and
"without-database".
"""

import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

from tests import spread

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
MARK = "needs(*names): postgresql, sqlite, redis, chromium, shared: what the test cannot run without"


def chromium() -> str:
    """The browser's path: CHROMIUM, or Debian's, or ''."""
    named = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return named if shutil.which(named) else ""


def _engine(name: str) -> bool:
    return str(settings.DATABASES["default"]["ENGINE"]).endswith(name)


PRESENT: dict[str, Callable[[], bool]] = {
    "postgresql": lambda: _engine("postgresql"),
    "sqlite": lambda: _engine("sqlite3"),
    "redis": lambda: bool(settings.REDIS_URL),
    "chromium": lambda: bool(chromium()),
    "shared": SHARED.is_dir,
}
SERVERS = {"postgresql", "sqlite", "redis"}
ADVICE = {
    "postgresql": "set DATABASE_URL=postgres://…",
    "sqlite": "leave DATABASE_URL empty",
    "redis": "set REDIS_URL=redis://…",
    "chromium": "install chromium or set CHROMIUM to its path",
    "shared": "the providers' documents lie beside the project only where it is developed",
}


@cache
def present(name: str) -> bool:
    return PRESENT[name]()


def _wanted(item: pytest.Item) -> set[str]:
    return {str(name) for mark in item.iter_markers("needs") for name in mark.args}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    others = [item for item in items if _is_the_other_runs(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]
    for item in items:
        if missing := _missing(item):
            item.add_marker(pytest.mark.skip(reason="needs " + ", ".join(sorted(missing))))


def _missing(item: pytest.Item) -> set[str]:
    return {name for name in _wanted(item) if not present(name)}


def _is_the_other_runs(item: pytest.Item) -> bool:
    missing, other_run = _missing(item), set(os.environ.get("CI_OTHER_RUN", "").split())
    if _wanted(item) & SERVERS:
        return bool(missing) and missing <= other_run
    return spread.group(item) in other_run


def _excused(reason: str) -> bool:
    """About documents that a clone does not carry."""
    return reason.partition(":")[0] == "needs shared"


def _skipped(reporter: pytest.TerminalReporter) -> dict[str, str]:
    """Test → reason, of all that did not run."""
    found = {}
    for report in reporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        found[report.nodeid] = reason.removeprefix("Skipped: ")
    return found


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or os.environ.get("CI_NO_SKIPS") != "1" or exitstatus:
        return
    if not all(_excused(reason) for reason in _skipped(reporter).values()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    out = terminalreporter
    skipped = _skipped(out)
    if not skipped:
        return
    out.section("not run")
    for name in sorted({n for reason in skipped.values() for n in ADVICE if n in reason}):
        out.line(f"{name} is missing: {ADVICE[name]}")
    strict = os.environ.get("CI_NO_SKIPS") == "1"
    for test, reason in sorted(skipped.items()):
        verdict = "  (a skip fails this run)" if strict and not _excused(reason) else ""
        out.line(f"  {test}: {reason}{verdict}")
