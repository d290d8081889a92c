"""Money back for an order, asked for from below: `payments` registers how, because orders may not import it.

Call inside the transaction that cancels or claims. The way it goes back (reserve, then Stripe) is the giver's.
"""

from typing import Protocol

from orders.line_values import Quantities
from orders.models import Order


class RefundProvider(Protocol):
    def give_back(self, order: Order, amount: int | None, *, who: str, note: str, lines: Quantities) -> int: ...

    def given(self, order: Order) -> Quantities: ...

    def left(self, order: Order) -> int: ...


_givers: list[RefundProvider] = []


def register(giver: RefundProvider) -> None:
    _givers[:] = [giver]


def give_back(
    order: Order, amount: int | None = None, *, who: str, note: str = "", lines: Quantities | None = None
) -> int:
    """Queue `amount` (minor units) of what was paid, all that is left of it without one. Returns what goes back.

    0 when nothing was charged or all of it is going back already. Never more than is left. `lines` is what it is for.
    """
    return _givers[0].give_back(order, amount, who=who, note=note, lines=lines or {}) if _givers else 0


def given(order: Order) -> Quantities:
    """How many of each line went back before, or are on their way."""
    return _givers[0].given(order) if _givers else {}


def left(order: Order) -> int:
    """What may still go back of the money that paid for it (for a reprint: of the first order's), minor units."""
    return _givers[0].left(order) if _givers else 0
