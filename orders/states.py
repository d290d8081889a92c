"""The states of an order and of its fulfilment, the named sets, and the moves that are allowed.

"Paid" and "shipped" answer different questions, so an order and its fulfilment each have a state of their own. Only
`orders.lifecycle` changes them.
"""

from django.db.models import TextChoices


class OrderState(TextChoices):
    AWAITING_PAYMENT = "awaiting_payment", "Awaiting payment"
    PAID = "paid", "Paid"
    EXPIRED = "expired", "Expired unpaid"
    CANCELED = "canceled", "Canceled"
    REFUNDED = "refunded", "Refunded"
    ATTENTION = "attention", "Needs attention"


class FulfilmentState(TextChoices):
    NEW = "new", "Waiting to be submitted"
    CREATED = "created", "Held at Printify until the grace period ends"
    IN_PRODUCTION = "in_production", "In production"
    SHIPPED = "shipped", "Shipped"
    ENDED = "ended", "Over, no arrival was reported"
    DELIVERED = "delivered", "Delivered"
    CANCELING = "canceling", "Being canceled at Printify"
    CANCELED = "canceled", "Canceled"
    ATTENTION = "attention", "Needs attention"


# Money that arrives late is kept and the order is made: the buyer wanted it and paid for it (expired → paid).
ORDER_MOVES: dict[str, frozenset[str]] = {
    OrderState.AWAITING_PAYMENT: frozenset(
        {OrderState.PAID, OrderState.EXPIRED, OrderState.CANCELED, OrderState.ATTENTION}
    ),
    OrderState.EXPIRED: frozenset({OrderState.PAID, OrderState.ATTENTION}),
    OrderState.PAID: frozenset({OrderState.CANCELED, OrderState.REFUNDED, OrderState.ATTENTION}),
    OrderState.ATTENTION: frozenset({OrderState.PAID, OrderState.CANCELED, OrderState.REFUNDED}),
    # Canceled: nothing of it is printed. Refunded: all its money went back, whatever was printed of it.
    OrderState.CANCELED: frozenset(),
    OrderState.REFUNDED: frozenset({OrderState.ATTENTION}),
}

# Its money and its printing can still change: it is paid, and neither canceled nor refunded.
OPEN = frozenset({OrderState.PAID, OrderState.ATTENTION})

FULFILMENT_RANK: dict[str, int] = {
    FulfilmentState.NEW: 0,
    FulfilmentState.CREATED: 1,
    FulfilmentState.IN_PRODUCTION: 2,
    FulfilmentState.SHIPPED: 3,
    FulfilmentState.ENDED: 4,
    FulfilmentState.DELIVERED: 5,
}

# Still ours to stop: nothing has been sent to production.
BEFORE_PRODUCTION = frozenset({FulfilmentState.NEW, FulfilmentState.CREATED})
# A hold or a cancellation can still stop it, unless production was requested meanwhile (`sent_at`).
STOPPABLE = BEFORE_PRODUCTION | {FulfilmentState.ATTENTION}
# Printify has it; we only watch.
IN_PROGRESS = frozenset({FulfilmentState.IN_PRODUCTION, FulfilmentState.SHIPPED})
CANCELED_STATES = frozenset({FulfilmentState.CANCELING, FulfilmentState.CANCELED})
# The buyer has it, or nobody will ever tell.
COMPLETED = frozenset({FulfilmentState.ENDED, FulfilmentState.DELIVERED})
LEFT_PRINTER = frozenset({FulfilmentState.SHIPPED, *COMPLETED})
# Nothing more is done about it.
FINAL = frozenset({*COMPLETED, FulfilmentState.CANCELED})
