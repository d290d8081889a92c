"""Both sides of an order's money as staff see them: what the buyer paid and got back, what it cost us, what is left."""

import secrets
from collections import Counter
from dataclasses import dataclass

from orders import line_values
from orders.line_values import DELIVERY, Quantities
from orders.models import Fulfilment, Order, OrderLine
from payments import margins, reserve
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

    `margin` is as of today; `outlook` counts the refunds that are promised and not made yet as well.
    """

    order: Order
    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]
    warnings: list[FraudWarning]
    job: Fulfilment | None
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
    def left(self) -> int:
        return reserve.refundable_amount(self.applied) if self.applied else 0

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
    payments = list(Payment.objects.filter(order=order).order_by("-applied", "pk"))
    return Ledger(
        order=order,
        payments=payments,
        refunds=list(Refund.objects.filter(payment__order=order).select_related("payment")),
        disputes=list(Dispute.objects.filter(payment__order=order)),
        warnings=list(FraudWarning.objects.filter(payment__order=order)),
        job=Fulfilment.objects.filter(order=order).first(),
        lines=_lines(order),
        delivery=0 if given(order).get(DELIVERY) else line_values.of_delivery(order),
        margin=margins.for_order(order),
        outlook=margins.for_order(order, with_promised=True),
        credits=list(PrintifyCredit.objects.filter(order=order)),
        press=secrets.token_urlsafe(16),
    )


def _lines(order: Order) -> list[LineLeft]:
    whole, gone = line_values.of_lines(order), given(order)
    return [LineLeft(line, whole[line.pk], max(line.quantity - gone.get(line.pk, 0), 0)) for line in order.lines.all()]


def given(order: Order) -> dict[int, int]:
    """How many of each line refunds name that did not fail; of DELIVERY at most one."""
    named: Counter[int] = Counter()
    rows = RefundLine.objects.filter(refund__payment__order=order).exclude(refund__state="failed")
    for line, quantity in rows.values_list("line", "quantity"):
        named[line or DELIVERY] += quantity
    return dict(named)


def value(order: Order, chosen: Quantities) -> int:
    """What these many of these lines, and the delivery when it is named, cost the buyer and have not gone back."""
    gone = given(order)
    delivery = line_values.of_delivery(order) if chosen.get(DELIVERY) and not gone.get(DELIVERY) else 0
    return line_values.of_units(order, chosen, gone) + delivery
