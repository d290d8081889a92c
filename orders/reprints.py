"""Printing again for a claim: an order of its own, linked to the first, that costs the buyer nothing.

Its number is the id we give Printify, so that however often it is asked for there is one.
"""

import uuid
from collections.abc import Iterable
from copy import copy

from django.utils import timezone

from catalog.delivery_estimates import estimates
from orders import lifecycle, refunding
from orders.models import Fulfilment, Order, OrderLine
from orders.states import OrderState

COPIED = (
    "live", "user_id", "email", "language", "name", "address1", "address2", "city", "region", "zip", "country", "phone",
    "currency",
)  # fmt: skip


def make(parent: Order, lines: Iterable[OrderLine], *, who: str) -> Order:
    """Call inside the transaction that answers the claim. Raises refunding.HoldStands where nothing may be printed."""
    refunding.require_unblocked(parent)
    wanted = list(lines)
    order = _order(parent, wanted)
    for line in wanted:
        repeated_id = line.repeats_id if parent.reprint_of_id else line.pk
        copied = copy(line)  # the caller's line stays as it is: a retried transaction reads it again
        copied.pk, copied.order, copied.tax, copied.repeats_id = None, order, 0, repeated_id
        copied._state.adding = True  # noqa: SLF001 (Django's documented way to copy a row)
        copied.save()
    Fulfilment.objects.create(
        order=order,
        external_id=order.number,
        request=lifecycle.printify_body(order),
        release_at=timezone.now(),
    )
    lifecycle.note(order, who=who, what="placed", new=OrderState.PAID, why=f"again for {parent.number}")
    lifecycle.note(parent, who=who, what="reprinted", why=order.number)
    return order


def _order(parent: Order, lines: list[OrderLine]) -> Order:
    number = f"{parent.number}R{parent.reprints.count() + 1}"
    worth = sum(line.amount for line in lines)
    products = [line.product for line in lines if line.product]
    window = estimates(products, parent.country).window("standard")
    now = timezone.now()
    return Order.objects.create(
        number=number,
        checkout_key=uuid.uuid5(parent.checkout_key, number),
        state=OrderState.PAID,
        reprint_of=parent,
        subtotal=worth,
        discount=worth,
        shipping=0,
        total=0,
        arrives_from=window.first,
        arrives_until=window.last,
        placed_at=now,
        paid_at=now,
        **{name: getattr(parent, name) for name in COPIED},
    )
