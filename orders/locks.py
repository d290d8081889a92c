"""One sequence of row locks for everything that changes an order's money or printing: order → fulfillment → payment.

Code that decides by what these rows say locks them first and reads afterwards, so that no amount is computed from a
state that a rival is changing. Nobody waits for an earlier lock of the sequence while holding a later one; where the
database ends a transaction all the same, `ilytat.integrations.transactions.retry_conflicts` runs it again.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from orders.models import Fulfilment, Order


@contextmanager
def lock_order(order: Order) -> Iterator[None]:
    """Hold the order, its fulfillment and its payments until the transaction ends. `order` is refreshed in place.

    Begins the transaction where none is open. A reprint locks the order that was paid for as well, that one first.
    Nesting it for the same order never waits. Raises Order.DoesNotExist. On SQLite, where a transaction of ours is the
    only writer from its beginning, the queries lock nothing more.
    """
    with transaction.atomic():
        family = _with_ancestors(order)
        for member in family:
            member.refresh_from_db(from_queryset=Order.objects.select_for_update(no_key=True))
        # Without the key: rows that only refer to these (history, emails) are inserted without waiting.
        list(Fulfilment.objects.filter(order__in=family).order_by("pk").select_for_update(no_key=True).defer("request"))
        for member in family:
            list(member.payments.order_by("pk").select_for_update(no_key=True))
        yield


def _with_ancestors(order: Order) -> list[Order]:
    """The order that was paid for first, then its reprints down to this one."""
    family = [order]
    while family[0].reprint_of:
        family.insert(0, family[0].reprint_of)
    return family
