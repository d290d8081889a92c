"""The walk over Printify's order list: it stops where it may, and says when it cannot have seen everything."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from catalog.printify import order_list
from catalog.printify.order_list import IncompleteList, OrderWalk
from ilytat.integrations import deadlines
from ilytat.integrations.errors import Unavailable

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
Entry = dict[str, Any]


def entry(number: int, *, hours_ago: float | None) -> Entry:
    created = {"created_at": str(NOW - timedelta(hours=hours_ago))} if hours_ago is not None else {}
    return {"id": f"order-{number}", "status": "on-hold", **created}


class Listing:
    """A list of orders, ten a page. `answers` replaces the answer to a page, once for each value."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.asked: list[int] = []
        self.answers: dict[int, list[Any]] = {}

    def order_page(self, page: int) -> Any:
        self.asked.append(page)
        if self.answers.get(page):
            answer = self.answers[page].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        last = -(-len(self.entries) // 10)
        return {"data": self.entries[page * 10 - 10 : page * 10], "last_page": last, "total": len(self.entries)}


def newest_first(count: int) -> Listing:
    """One order an hour."""
    return Listing([entry(number, hours_ago=number) for number in range(count)])


def walk(listing: Listing, *, hours: float) -> OrderWalk:
    return OrderWalk(cast("Any", listing), NOW - timedelta(hours=hours))


def ids(orders: OrderWalk) -> set[str]:
    return {order.id for order in orders}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(order_list, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


def test_a_walk_reads_every_page_back_to_its_mark_and_no_further() -> None:
    listing = newest_first(300)
    assert {f"order-{number}" for number in range(101)} <= ids(walk(listing, hours=100))
    assert listing.asked == list(range(1, 13)), "page 12 is the first that is older as a whole"


def test_the_newest_fifty_orders_are_always_read() -> None:
    listing = newest_first(300)
    assert len(ids(walk(listing, hours=0))) == 50


def test_a_list_of_another_order_is_read_to_its_end() -> None:
    oldest_first = Listing([entry(number, hours_ago=200 - number) for number in range(200)])
    assert len(ids(walk(oldest_first, hours=1))) == 200
    mixed = newest_first(200)
    mixed.entries[30], mixed.entries[190] = mixed.entries[190], mixed.entries[30]
    assert len(ids(walk(mixed, hours=40))) == 200
    at_once = Listing([entry(number, hours_ago=100) for number in range(200)])
    assert len(ids(walk(at_once, hours=1))) == 200, "one moment proves no order"


def test_an_order_without_a_date_never_ends_the_walk() -> None:
    listing = newest_first(100)
    for number in range(45, 100, 10):
        listing.entries[number] = entry(number, hours_ago=None)
    assert len(ids(walk(listing, hours=10))) == 100


def test_an_order_that_moves_to_the_next_page_meanwhile_is_yielded_once() -> None:
    listing = newest_first(30)
    seen = []
    for order in walk(listing, hours=100):
        if order.id == "order-9":
            listing.entries.insert(0, entry(1000, hours_ago=0))
        seen.append(order.id)
    assert sorted(seen) == sorted({f"order-{number}" for number in range(30)})


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"data": [], "last_page": 9, "total": 90}, "Page 3 of 9 of Printify's orders brought nothing new."),
        (
            {"data": [entry(1, hours_ago=1)], "last_page": 9, "total": 90},
            "Page 3 of 9 of Printify's orders brought nothing new.",
        ),
        (
            {"data": [entry(20, hours_ago=20)], "last_page": 9, "total": 89},
            "Printify's order list shrank from 90 to 89 while it was read.",
        ),
        (
            {"data": [entry(20, hours_ago=20)], "last_page": 3, "total": 90},
            "Printify counts 90 orders and listed 21.",
        ),
        (
            {"data": [entry(20, hours_ago=20), {"status": "no id"}], "last_page": 3, "total": 22},
            "1 of Printify's orders could not be read.",
        ),
    ],
)
def test_a_list_that_does_not_add_up_is_no_complete_walk(answer: Any, text: str) -> None:
    listing = newest_first(90)
    listing.answers[3] = [answer]
    with pytest.raises(IncompleteList, match=f"^{text}$"):
        ids(walk(listing, hours=1000))


def test_an_order_that_cannot_be_read_does_not_hide_those_after_it() -> None:
    deep: Any = {}
    for _ in range(100):
        deep = {"a": deep}
    listing = newest_first(20)
    listing.entries[3] |= {"print_areas": deep}
    orders = walk(listing, hours=1000)
    with pytest.raises(IncompleteList):
        ids(orders)
    assert len(orders.seen) == 19


def test_the_walk_waits_for_the_rate_budget(waits: list[float]) -> None:
    listing = newest_first(20)
    listing.answers[2] = [Unavailable("the sync lane has used up its calls", retry_after=7.0) for _ in range(5)]
    assert len(ids(walk(listing, hours=1000))) == 20
    assert waits == [7.0] * 5


def test_a_wait_that_is_longer_than_the_time_left_ends_the_walk(waits: list[float]) -> None:
    listing = newest_first(20)
    listing.answers[2] = [Unavailable("paused", retry_after=300.0)]
    with deadlines.within(100), pytest.raises(deadlines.OutOfTime):
        ids(walk(listing, hours=1000))
    assert waits == []


def test_printify_itself_is_asked_three_times_for_a_page(waits: list[float]) -> None:
    listing = newest_first(20)
    listing.answers[2] = [Unavailable("429", status=429, retry_after=30.0) for _ in range(9)]
    with pytest.raises(Unavailable):
        ids(walk(listing, hours=1000))
    assert listing.asked == [1, 2, 2, 2]


@pytest.mark.parametrize("answer", [None, [], {}, {"data": None}, {"data": "x"}])
def test_an_answer_that_is_no_page_is_no_end_of_the_list(answer: Any) -> None:
    listing = newest_first(30)
    listing.answers[2] = [answer]
    with pytest.raises(Unavailable):
        ids(walk(listing, hours=1000))
