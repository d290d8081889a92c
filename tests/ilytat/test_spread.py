"""That tests are shared out as `tests.spread` says: versions of pytest and xdist must fit together for it."""

import pytest

from tests import ports, spread


def test_a_file_stays_with_one_worker(request: pytest.FixtureRequest) -> None:
    """Without its group at the end of its name, xdist would deal a file's tests to whoever is free."""
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("needs workers")
    assert request.node.nodeid.endswith("@ilytat/test_spread without")


def test_two_workers_never_draw_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {}
    for worker in ("gw0", "gw1", "gw2"):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", worker)
        drawn[worker] = {port % ports.SHARES for port in (ports.free_port() for _ in range(50))}
    assert len({tuple(shares) for shares in drawn.values()}) == len(drawn)
    assert all(len(shares) == 1 for shares in drawn.values())


def test_after_what_empties_the_tables_comes_nothing_that_counts_on_them(request: pytest.FixtureRequest) -> None:
    kinds = [spread.kind(item) for item in request.session.items]
    last = kinds.index("emptying") if "emptying" in kinds else len(kinds)
    assert set(kinds[last:]) <= {"emptying"}
