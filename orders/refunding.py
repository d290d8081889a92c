"""Money back for an order, asked for from below: `payments` registers how, because orders may not import it.

Call inside the transaction that cancels or claims. The way it goes back (reserve, then Stripe) is the giver's.
"""

from typing import Protocol

from orders.models import Order


class Giver(Protocol):
    def __call__(self, order: Order, amount: int | None, *, who: str, note: str) -> int: ...


_givers: list[Giver] = []


def register(giver: Giver) -> Giver:
    _givers[:] = [giver]
    return giver


def give_back(order: Order, amount: int | None = None, *, who: str, note: str = "") -> int:
    """Queue `amount` (minor units) of what was paid, all that is left of it without one. Returns what goes back.

    0 when nothing was charged or all of it is going back already. Never more than is left.
    """
    return _givers[0](order, amount, who=who, note=note) if _givers else 0
