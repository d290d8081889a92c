"""Both sides of an order's money as staff see them: what the buyer paid and got back, what it cost us, what is left."""

import secrets
from collections import Counter
from dataclasses import dataclass

from django.db.models import prefetch_related_objects

from orders import line_values
from orders.line_values import DELIVERY, Quantities
from orders.models import Fulfilment, Order, OrderLine
from payments import estimated_shipping, margins, reserve
from payments.estimated_shipping import EstimatedShipping
from payments.models import Dispute, FraudWarning, Payment, PrintifyCredit, Refund, RefundLine


@dataclass(frozen=True)
class LineLeft:
    """A line, what all of it cost the buyer, and how many of it no refund names yet."""

    line: OrderLine
    worth: int
    left: int


@dataclass(frozen=True)
class Ledger:
    """Money in minor units of the order's currency. `press` makes a form's second press find the first.

    `left` is what may still be refunded; of `lines` and `delivery`, what no refund names yet.
    `margin` is as of today; `outlook` counts the refunds that are promised and not made yet as well.
    """

    order: Order
    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]
    warnings: list[FraudWarning]
    job: Fulfilment | None
    left: int
    lines: list[LineLeft]
    delivery: int
    margin: margins.Margin
    outlook: margins.Margin
    credits: list[PrintifyCredit]
    press: str

    @property
    def applied(self) -> Payment | None:
        return next((payment for payment in self.payments if payment.applied), None)

    @property
    def estimated_shipping(self) -> EstimatedShipping | None:
        return estimated_shipping.of_order(self.order, self.job)

    @property
    def given(self) -> int:
        """What Stripe has given back."""
        return self._refunded("succeeded")

    @property
    def on_its_way(self) -> int:
        """What Stripe has taken on and not reported as given back."""
        return self._refunded("sent")

    @property
    def under_way(self) -> int:
        """What is promised, and Stripe has not made."""
        return self._refunded(*margins.PROMISED)

    def _refunded(self, *states: str) -> int:
        return sum(refund.amount for refund in self.refunds if refund.state in states)

    @property
    def kept(self) -> int:
        """What stays paid once everything on its way has arrived."""
        return self.margin.received - self.given - self.on_its_way - self.under_way

    @property
    def charged(self) -> int:
        """What Printify charged at first; of an order called off in time it gives all of that back."""
        return max(self.job.upstream_cost if self.job else 0, self.margin.printify)

    @property
    def back(self) -> int:
        return self.charged - self.margin.printify

    @property
    def disputed(self) -> bool:
        return self.applied is not None and reserve.is_disputed(self.applied)

    @property
    def after_all(self) -> int:
        """What would be left to us if all that is promised, and the rest as well, went back. Tax goes back with it."""
        return self.outlook.amount + self.outlook.tax - self.left

    @property
    def may_call_off(self) -> bool:
        """Nothing has been sent to production: then all of it can be undone at no cost."""
        over = {"canceled", "refunded", "expired", "awaiting_payment"}
        return self.order.state not in over and (self.job is None or self.job.sent_at is None)


def for_order(order: Order) -> Ledger:
    prefetch_related_objects([order], "lines")
    payments = list(Payment.objects.filter(order=order).order_by("-applied", "pk"))
    refunded, margin = given(order), margins.for_order(order)
    return Ledger(
        order=order,
        payments=payments,
        refunds=list(Refund.objects.filter(payment__order=order).select_related("payment")),
        disputes=list(Dispute.objects.filter(payment__order=order)),
        warnings=list(FraudWarning.objects.filter(payment__order=order)),
        job=Fulfilment.objects.filter(order=order).first(),
        left=sum(reserve.refundable_amount(payment) for payment in payments if payment.applied),
        lines=lines_left(order, refunded),
        delivery=delivery_left(order, refunded),
        margin=margin,
        outlook=margins.with_promised(order, margin),
        credits=list(PrintifyCredit.objects.filter(order=order)),
        press=secrets.token_urlsafe(16),
    )


def lines_left(order: Order, refunded: Quantities) -> list[LineLeft]:
    """Return each line with what of it is not among the `refunded` (see `given`)."""
    worth = line_values.of_lines(order)
    return [
        LineLeft(line, worth[line.pk], max(line.quantity - refunded.get(line.pk, 0), 0)) for line in order.lines.all()
    ]


def delivery_left(order: Order, refunded: Quantities) -> int:
    """Return what the delivery cost the buyer; 0 once it is among the `refunded`."""
    return 0 if refunded.get(DELIVERY) else line_values.of_delivery(order)


def given(order: Order) -> dict[int, int]:
    """How many of each line refunds name that did not fail; of DELIVERY at most one."""
    named: Counter[int] = Counter()
    rows = RefundLine.objects.filter(refund__payment__order=order).exclude(refund__state="failed")
    for line, quantity in rows.values_list("line", "quantity"):
        named[line or DELIVERY] += quantity
    return dict(named)


def value(order: Order, chosen: Quantities) -> int:
    """What these many of these lines, and the delivery when it is named, cost the buyer and have not gone back."""
    refunded = given(order)
    delivery = delivery_left(order, refunded) if chosen.get(DELIVERY) else 0
    return line_values.of_units(order, chosen, refunded) + delivery
