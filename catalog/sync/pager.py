"""One walk over all pages of the product list, and whether it saw everything.

Only a complete walk may conclude that a product is gone. Pages may end early, repeat, overlap, come back empty or lie
about the total (RELIABILITY D8): each of these is noted, and makes the walk incomplete.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from catalog.printify.fields import whole
from catalog.printify.products import product_id
from ilytat.integrations.client import QUICK
from ilytat.integrations.errors import Unavailable

PAGES_MAX = 400
ASKS = 3  # how often Printify itself is asked for one page after it said when to come back
PATIENCE = 360.0  # seconds of waiting for one page, our own rate budget included
WAIT_MAX = 60.0  # of these at a time

ReadPage = Callable[[int], dict[str, Any]]


@dataclass(frozen=True)
class Page:
    items: list[Any]
    last: int
    total: int
    asked_at: datetime


@dataclass
class ProductPager:
    """`read_page` asks for one page, `wait` lets seconds pass when the rate limit asks for it. `seen`, `total`, `calls`
    and `notes` grow while `pages()` is consumed.
    """

    read_page: ReadPage
    wait: Callable[[float], None] = time.sleep
    seen: set[str] = field(default_factory=set)
    nameless: int = 0
    total: int = 0
    calls: int = 0
    notes: list[str] = field(default_factory=list)
    finished: bool = False

    @property
    def complete(self) -> bool:
        return self.finished and not self.notes

    def pages(self) -> Iterator[Page]:
        """Each page with only the products no earlier one held. Raises what `read_page` raises."""
        for number in range(1, PAGES_MAX + 1):
            page = self._read(number)
            fresh = self._fresh(page.items)
            self._total(number, page)
            yield Page(fresh, page.last, page.total, page.asked_at)
            if self._goes_wrong(number, page, fresh):
                return
            if number >= page.last:
                self._finish()
                return
        self.notes.append(f"stopped after {PAGES_MAX} pages")

    def _read(self, number: int) -> Page:
        """A wait of our own budget costs Printify nothing; its own refusals count, and it is asked thrice at most."""
        refused, patience = 0, PATIENCE
        while True:
            asked_at = timezone.now()
            try:
                found = self.read_page(number)
            except Unavailable as error:
                refused += bool(error.status)
                self.calls += bool(error.status)
                if error.retry_after is None or refused >= ASKS or patience <= 0 or _was_quick(error):
                    raise
                patience -= self._pass(error.retry_after)
                continue
            self.calls += 1
            return _page(number, found, asked_at)

    def _pass(self, asked: float) -> float:
        seconds = min(max(asked, 1.0), WAIT_MAX)
        self.wait(seconds)
        return seconds

    def _fresh(self, items: list[Any]) -> list[Any]:
        """Products not seen before; those without an id count, because the total counts them."""
        found = []
        for item in items:
            key = product_id(item)
            if not key:
                self.nameless += 1
            elif key in self.seen:
                continue
            self.seen.add(key)
            found.append(item)
        self.seen.discard("")
        return found

    def _total(self, number: int, page: Page) -> None:
        if number > 1 and page.total != self.total:
            self.notes.append(f"the total changed from {self.total} to {page.total} on page {number}")
        self.total = page.total

    def _goes_wrong(self, number: int, page: Page, fresh: list[Any]) -> bool:
        """A page without anything new, unless it is the rightful end: going on could be endless."""
        if not fresh and page.items:
            self.notes.append(f"page {number} repeats earlier ones")
            return True
        if not page.items and (number < page.last or len(self.seen) + self.nameless < page.total):
            self.notes.append(f"page {number} is empty")
            return True
        return False

    def _finish(self) -> None:
        self.finished = True
        if self.nameless:
            self.notes.append(f"{self.nameless} products came without an id")
        if len(self.seen) + self.nameless != self.total:
            self.notes.append(f"{len(self.seen) + self.nameless} of {self.total} products came")


def _was_quick(error: Unavailable) -> bool:
    """The client has come back to it already, as often as it may."""
    return bool(error.status) and (error.retry_after or 0) <= QUICK


def _page(number: int, found: dict[str, Any], asked_at: datetime) -> Page:
    items = found.get("data")
    if not isinstance(items, list):
        raise Unavailable(f"page {number} is not a page of products")
    last, total = whole(found.get("last_page")), whole(found.get("total"))
    return Page(items, max(last or 1, 1), max(total or 0, 0), asked_at)
