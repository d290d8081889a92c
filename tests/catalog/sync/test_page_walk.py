import weakref
from collections.abc import Callable
from typing import Any

import pytest

from catalog.sync.pager import PAGES_MAX, ProductPager
from ilytat.integrations.errors import Unavailable

Pages = list[dict[str, Any]]


def items(*numbers: int) -> list[Any]:
    return [{"id": f"{number:024d}"} for number in numbers]


def page(data: list[Any], *, last: int, total: int) -> dict[str, Any]:
    return {"data": data, "last_page": last, "total": total}


def walked(pages: Pages) -> ProductPager:
    walk = ProductPager(lambda number: pages[number - 1])
    for _ in walk.pages():
        pass
    return walk


def test_all_pages_with_all_products_are_a_complete_walk() -> None:
    walk = walked([page(items(1, 2), last=2, total=3), page(items(3), last=2, total=3)])
    assert (walk.complete, walk.notes, len(walk.seen), walk.calls) == (True, [], 3, 2)


def test_an_empty_shop_is_a_complete_walk() -> None:
    assert walked([page([], last=1, total=0)]).complete


@pytest.mark.parametrize(
    ("pages", "note"),
    [
        ([page(items(1, 2), last=2, total=4), page(items(3), last=2, total=4)], "3 of 4 products came"),
        ([page(items(1, 2), last=2, total=2), page(items(1, 2), last=2, total=2)], "page 2 repeats earlier ones"),
        ([page([], last=1, total=40)], "page 1 is empty"),
        ([page(items(1), last=3, total=3), page([], last=3, total=3)], "page 2 is empty"),
        ([page(items(1, 2), last=1, total=200)], "2 of 200 products came"),
        ([page([*items(1), {"no": "id"}], last=1, total=2)], "1 products came without an id"),
        (
            [page(items(1, 2), last=2, total=3), page(items(3, 4), last=2, total=4)],
            "the total changed from 3 to 4 on page 2",
        ),
        ([page(items(1, 2), last=2, total=4), page(items(2, 3), last=2, total=4)], "3 of 4 products came"),
    ],
    ids=["short", "repeated", "empty with 200", "empty in between", "lying total", "no id", "grew", "overlap"],
)
def test_whatever_is_missing_makes_the_walk_incomplete(pages: Pages, note: str) -> None:
    walk = walked(pages)
    assert not walk.complete
    assert note in walk.notes


def test_a_page_never_yields_what_an_earlier_one_did() -> None:
    pages = [page(items(1, 2), last=2, total=3), page(items(2, 3), last=2, total=3)]
    walk = ProductPager(lambda number: pages[number - 1])
    assert [each.items for each in walk.pages()] == [items(1, 2), items(3)]
    assert walk.complete


def test_endless_new_pages_end_somewhere() -> None:
    walk = ProductPager(lambda number: page(items(number), last=10**6, total=10**6))
    assert sum(1 for _ in walk.pages()) == PAGES_MAX
    assert not walk.complete


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": {"id": "x"}}])
def test_what_is_no_page_ends_the_walk_as_an_outage(body: dict[str, Any]) -> None:
    with pytest.raises(Unavailable, match="not a page"):
        walked([body])


def refusing(times: int, *, wait: float | None, status: int = 429) -> Callable[[int], dict[str, Any]]:
    left = [times]

    def read(_number: int) -> dict[str, Any]:
        left[0] -= 1
        if left[0] >= 0:
            raise Unavailable("too many requests", status=status, retry_after=wait)
        return page(items(1), last=1, total=1)

    return read


def test_the_rate_limit_is_waited_for_as_long_as_it_says() -> None:
    slept: list[float] = []
    walk = ProductPager(refusing(2, wait=86_400), wait=slept.append)
    assert [each.total for each in walk.pages()] == [1]
    assert slept == [60.0, 60.0]


def test_printify_is_asked_for_one_page_three_times_and_no_more() -> None:
    slept: list[float] = []
    walk = ProductPager(refusing(3, wait=7), wait=slept.append)
    with pytest.raises(Unavailable):
        list(walk.pages())
    assert (slept, walk.calls) == ([7, 7], 3)


def test_our_own_budget_is_waited_for_longer_but_not_for_ever() -> None:
    slept: list[float] = []
    walk = ProductPager(refusing(30, wait=3, status=0), wait=slept.append)
    assert [each.total for each in walk.pages()] == [1]
    assert (len(slept), walk.calls) == (30, 1)
    with pytest.raises(Unavailable):
        list(ProductPager(refusing(10**6, wait=3, status=0), wait=slept.append).pages())


def test_an_outage_is_not_waited_for() -> None:
    with pytest.raises(Unavailable):
        list(ProductPager(refusing(1, wait=None)).pages())


def test_no_page_is_kept_once_it_is_left_behind() -> None:
    """2,000 products of 100 variants shall not be in memory together."""

    class Weighed(dict[str, Any]):
        pass

    born: list[weakref.ref[Weighed]] = []

    def read(number: int) -> dict[str, Any]:
        item = Weighed(id=f"{number:024d}")
        born.append(weakref.ref(item))
        return page([item], last=20, total=20)

    walk = ProductPager(read)
    alive = [sum(ref() is not None for ref in born) for _ in walk.pages()]
    assert walk.complete
    assert max(alive) <= 2
