"""Both sides of an order's money as staff see them: what the buyer paid and got back, what it cost us, what is left."""

import secrets
from dataclasses import dataclass

from orders.models import Fulfilment, Order, OrderLine
from payments import margins
from payments.models import Dispute, FraudWarning, Payment, Refund

GONE = ("sent", "succeeded")


@dataclass(frozen=True)
class LineLeft:
    """A line, and how many of it no refund names yet."""

    line: OrderLine
    left: int


@dataclass(frozen=True)
class Ledger:
    """Money in minor units of the order's currency. `press` makes a form's second press find the first."""

    order: Order
    payments: list[Payment]
    refunds: list[Refund]
    disputes: list[Dispute]
    warnings: list[FraudWarning]
    job: Fulfilment | None
    lines: list[LineLeft]
    margin: margins.Margin
    press: str

    @property
    def applied(self) -> Payment | None:
        return next((payment for payment in self.payments if payment.applied), None)

    @property
    def left(self) -> int:
        return self.applied.left if self.applied else 0

    @property
    def given(self) -> int:
        return sum(refund.amount for refund in self.refunds if refund.state in GONE)

    @property
    def under_way(self) -> int:
        return sum(refund.amount for refund in self.refunds if refund.state in {"new", "attention"})

    @property
    def may_call_off(self) -> bool:
        """Nothing has been sent to production: then all of it can be undone at no cost."""
        over = {"canceled", "refunded", "expired", "awaiting_payment"}
        return self.order.state not in over and (self.job is None or self.job.sent_at is None)


def of(order: Order) -> Ledger:
    payments = list(Payment.objects.filter(order=order).order_by("-applied", "pk"))
    refunds = list(Refund.objects.filter(payment__order=order).select_related("payment"))
    return Ledger(
        order=order,
        payments=payments,
        refunds=refunds,
        disputes=list(Dispute.objects.filter(payment__order=order)),
        warnings=list(FraudWarning.objects.filter(payment__order=order)),
        job=Fulfilment.objects.filter(order=order).first(),
        lines=_lines(order, refunds),
        margin=margins.of(order),
        press=secrets.token_urlsafe(16),
    )


def _lines(order: Order, refunds: list[Refund]) -> list[LineLeft]:
    named: dict[int, int] = {}
    for refund in refunds:
        for pk, quantity in refund.lines if refund.state != "failed" else []:
            named[pk] = named.get(pk, 0) + quantity
    return [LineLeft(line, max(line.quantity - named.get(line.pk, 0), 0)) for line in order.lines.all()]


def worth(order: Order, chosen: dict[int, int]) -> int:
    """What these many of these lines cost the buyer: less their share of the discount."""
    full = sum(line.unit_price * chosen.get(line.pk, 0) for line in order.lines.all())
    return full - (order.discount * full // order.subtotal if order.subtotal else 0)
