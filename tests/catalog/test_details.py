"""After a walk: rate cards, size guides and product safety are read in short turns, in a message of their own."""

from typing import Any

import pytest

from catalog import product_facts, shipping, tasks
from catalog.sync import runs
from ilytat.integrations import leases
from ilytat.integrations.errors import Unavailable
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each reader does in its turn (an exception is raised), and the readers that had one."""
    given: dict[str, Any] = {"profiles": None, "facts": None, "had": []}

    def reader(name: str) -> Any:
        def read(*, until: float) -> int:
            given["had"].append(name)
            if given[name] is not None:
                raise given[name]
            return int(until > 0)

        return read

    monkeypatch.setattr(shipping, "refresh_profiles", reader("profiles"))
    monkeypatch.setattr(product_facts, "refresh", reader("facts"))
    return given


def test_a_walk_asks_for_details_and_reads_none_itself(
    queued: list[Any], upstream: Upstream, turns: dict[str, Any]
) -> None:
    upstream.products = [tee()]
    tasks.refresh("staff")
    assert [task for task, *_ in queued] == [runs.FETCH_IMAGES, runs.READ_DETAILS]
    assert turns["had"] == []


def test_the_message_stands_in_the_bulk_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda task, **given: sent.append((task, given["queue"])))
    runs.send(runs.READ_DETAILS)
    runs.send(runs.FETCH_IMAGES)
    assert sent == [(runs.READ_DETAILS, "bulk"), (runs.FETCH_IMAGES, "sync")]


def test_rate_cards_that_cannot_be_read_do_not_keep_size_guides_from_being_read(
    queued: list[Any], turns: dict[str, Any]
) -> None:
    turns["profiles"] = Unavailable("503")
    tasks.read_details()
    assert turns["had"] == ["profiles", "facts"]


@pytest.mark.parametrize(
    ("seconds", "error", "asked"),
    [(-1.0, None, [runs.READ_DETAILS]), (60.0, None, []), (-1.0, Unavailable("503"), [])],
    ids=["the time is over", "all is read", "Printify is away"],
)
def test_what_is_left_when_the_time_is_over_is_another_message(
    queued: list[Any],
    turns: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    error: Exception | None,
    asked: list[str],
) -> None:
    monkeypatch.setattr(tasks, "DETAILS_SECONDS", seconds)
    turns["facts"] = error
    tasks.read_details()
    assert [task for task, *_ in queued] == asked


def test_one_worker_at_a_time_reads_details(queued: list[Any], turns: dict[str, Any]) -> None:
    with leases.acquire("details", 60):
        tasks.read_details()
    assert (turns["had"], queued) == ([], [])
