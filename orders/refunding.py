"""Refunds, cancellation and disputes as orders ask for them: `payments` implements this seam, orders may not import it.

Amounts are minor units. Every call raises RuntimeError when nothing is registered: money that silently does not go
back must not look like money that was never paid.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from orders.allocation import Quantities
from orders.models import HoldReason, Order

By = Literal["buyer", "shop"]


class NotRefundable(Exception):
    """This money cannot be given back; nothing was written."""


class TooMuch(NotRefundable):
    """More than is left of the payment, or nothing is left of it."""


class Disputed(NotRefundable):
    """A bank has taken the money back or is about to: a refund would pay the buyer twice."""


class HoldStands(Exception):
    """Something stands against printing that staff may not release; the message says what it is."""


@dataclass(frozen=True)
class Concern:
    """Something that stands against printing today. `blocks`: not even staff may release it while it stands."""

    reason: HoldReason
    reference: str
    detail: str
    blocks: bool


class RefundProvider(Protocol):
    def give_back(self, order: Order, amount: int | None, *, who: str, note: str, lines: Quantities) -> int: ...

    def cancel(self, order: Order, *, by: By, who: str, why: str, reason: str, held_too: bool) -> int: ...

    def given(self, order: Order) -> Quantities: ...

    def left(self, order: Order) -> int: ...

    def currency(self, order: Order) -> str: ...

    def concerns(self, order: Order) -> list[Concern]: ...


_providers: list[RefundProvider] = []


def register(provider: RefundProvider) -> None:
    _providers[:] = [provider]


def _provider() -> RefundProvider:
    if not _providers:
        raise RuntimeError("No refund provider is registered: is the payments app installed?")
    return _providers[0]


def request_refund(
    order: Order, amount: int | None = None, *, who: str, note: str = "", lines: Quantities | None = None
) -> int:
    """Queue `amount` of what was paid, all that is left of it without one. Returns what goes back, never 0.

    `lines` is what it is for. Raises NotRefundable, having written nothing.
    """
    return _provider().give_back(order, amount, who=who, note=note, lines=lines or {})


def cancel(order: Order, *, by: By, who: str, why: str, reason: str = "", held_too: bool = True) -> int:
    """Cancel before printing begins and refund what is left, in one transaction. Returns what goes back.

    `by` and `reason` (a sentence) are what the buyer reads; `why` is for the history. `held_too=False` leaves an order
    alone that is on hold. Raises `orders.lifecycle.ProductionStarted` or NotRefundable, having written nothing.
    """
    return _provider().cancel(order, by=by, who=who, why=why, reason=reason, held_too=held_too)


def given(order: Order) -> Quantities:
    """How many of each line went back before, or are on their way."""
    return _provider().given(order)


def left(order: Order) -> int:
    """What may still go back of the money that paid for it (for a reprint: of the first order's)."""
    return _provider().left(order)


def currency(order: Order) -> str:
    """Return the currency of the payment that paid for it; without one, the order's own, which may be another.

    Refunds are in the payment's currency.
    """
    return _provider().currency(order)


def concerns(order: Order) -> list[Concern]:
    """What stands against printing it today: disputes, fraud warnings, and money that has gone back in full."""
    return _provider().concerns(order)


def require_unblocked(order: Order) -> None:
    """Raise HoldStands while something stands against printing that staff may not release."""
    blocking = [concern for concern in concerns(order) if concern.blocks]
    if blocking:
        raise HoldStands(blocking[0].detail)
