"""Read Printify's order list back to a given time, and report whether it was read completely.

The list has no filter by date and its order is not documented (Printify contract, sections 4 and 12). The walk stops
early only while the list has proved to be newest first; else it reads every page.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from catalog.printify.client import Printify
from catalog.printify.fields import small
from catalog.printify.orders import UpstreamOrder, is_order, read_order
from ilytat.integrations import deadlines
from ilytat.integrations.errors import Unavailable

# Always read, however old: status and charge of young orders still move. 50 orders also show how the list is sorted.
NEWEST_PAGES = 5
MAX_TRIES_PER_PAGE = 3  # for a page that Printify refuses with a Retry-After; waits for our own budget don't count


class IncompleteList(Exception):
    """The list does not add up: an order may be missing from what was read. The text is for staff."""


@dataclass(frozen=True)
class Page:
    orders: list[UpstreamOrder]
    last: int
    total: int
    unreadable: int

    def is_older_than(self, moment: datetime) -> bool:
        """Whether every order of the page is known to be older. One without a date proves nothing."""
        dates = [order.created_at for order in self.orders]
        return not self.unreadable and all(date is not None and date < moment for date in dates)


@dataclass
class OrderWalk:
    """Yield each order created since `since`, and some older ones, once. Raises IncompleteList or Unavailable.

    Waits for the rate budget as long as `deadlines.within` leaves time for it, then raises OutOfTime.
    """

    client: Printify
    since: datetime
    seen: set[str] = field(default_factory=set)
    unreadable: int = 0
    newest_first: bool = False
    oldest: datetime | None = None
    _in_order: bool = True

    def __iter__(self) -> Iterator[UpstreamOrder]:
        number, total = 0, 0
        while True:
            number += 1
            page = self._read(number)
            total = total or page.total
            fresh = [order for order in page.orders if order.id not in self.seen]
            self.seen.update(order.id for order in fresh)
            self.unreadable += page.unreadable
            for order in fresh:
                self._notice_order(order.created_at)
            yield from fresh
            if number >= page.last:
                break
            if not fresh and not page.unreadable:
                raise IncompleteList(f"Page {number} of {page.last} of Printify's orders brought nothing new.")
            if 0 < page.total < total:  # what moved up a page meanwhile was not read
                raise IncompleteList(f"Printify's order list shrank from {total} to {page.total} while it was read.")
            if number >= NEWEST_PAGES and self.newest_first and page.is_older_than(self.since):
                total = 0
                break
        self._check(total)

    def _notice_order(self, date: datetime | None) -> None:
        """Newest first: no order is younger than one before it, and the list spans more than one moment."""
        if date is None:
            return
        if self.oldest is not None:
            self._in_order = self._in_order and date <= self.oldest
            self.newest_first = self._in_order and (self.newest_first or date < self.oldest)
        self.oldest = date if self.oldest is None else min(self.oldest, date)

    def _check(self, total: int) -> None:
        if self.unreadable:
            raise IncompleteList(f"{self.unreadable} of Printify's orders could not be read.")
        if len(self.seen) < total:
            raise IncompleteList(f"Printify counts {total} orders and listed {len(self.seen)}.")

    def _read(self, number: int) -> Page:
        refusals = 0
        while True:
            try:
                return _page(self.client.order_page(number))
            except Unavailable as error:
                refusals += bool(error.status)  # without a status our own budget asks to wait, which costs no call
                wait = error.retry_after
                if wait is None or refusals >= MAX_TRIES_PER_PAGE:
                    raise
                if wait >= deadlines.seconds_left():
                    raise deadlines.OutOfTime from error
                time.sleep(wait)


def _page(data: Any) -> Page:
    items = data.get("data") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise Unavailable("Printify's answer is not a page of orders")
    orders = []
    for item in items:
        try:
            orders += [read_order(item)] if is_order(item) else []
        except Unavailable:  # one order that no database could hold must not hide the others
            continue
    return Page(orders, max(small(data, "last_page"), 1), small(data, "total"), len(items) - len(orders))
