"""What an order earns. Before it is paid: an estimate, held against the floor. After: what was really charged.

Money in minor units; tax is the state's, not ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Sum

from ilytat.integrations import alerts
from orders.models import Fulfilment, Order
from orders.states import FulfilmentState
from payments.models import Dispute, Payment, PrintifyCredit, Refund

# Stripe's list price for domestic cards (2.9 % + 0.30): only for the floor; what counts later is the real fee.
FEE_PERMILLE, FEE_FIXED = 29, 30


class BelowFloor(Exception):
    """Selling this would cost more than it brings; staff have been told."""


@dataclass(frozen=True)
class Margin:
    """Every part as it counts: what came, and what left. `estimated` while a part is not known for certain."""

    received: int
    tax: int
    refunded: int
    stripe_fee: int
    printify: int
    reprints: int
    disputes: int
    estimated: bool
    credits: int = 0

    @property
    def net(self) -> int:
        return self.received - self.tax

    @property
    def amount(self) -> int:
        costs = self.stripe_fee + self.printify + self.reprints + self.disputes
        return self.net - self.refunded - costs + self.credits

    @property
    def loss(self) -> int:
        return max(-self.amount, 0)

    @property
    def percent(self) -> int | None:
        return self.amount * 100 // self.net if self.net else None


MADE = ("sent", "succeeded")  # refunds that Stripe has taken on
PROMISED = ("new", "attention")  # refunds that reserve their money, and that Stripe has not made


def for_order(order: Order, *, with_promised: bool = False) -> Margin:
    """As far as it is known today, or once the promised refunds are made as well.

    A surplus payment counts with what it brought, gave back and cost.
    """
    states = MADE + PROMISED if with_promised else MADE
    payments = list(Payment.objects.filter(order=order))
    fees = [payment.fee for payment in payments]
    printify, certain = _printify(order)
    reprints = list(order.reprints.all())
    again = [_printify(reprint) for reprint in reprints]
    refunded = Refund.objects.filter(payment__order=order, state__in=states)
    return Margin(
        received=sum(payment.captured for payment in payments),
        tax=_tax(order, payments, states),
        refunded=refunded.aggregate(n=Sum("amount"))["n"] or 0,
        stripe_fee=sum(fee or 0 for fee in fees),
        printify=printify,
        reprints=sum(cost for cost, _ in again),
        disputes=-(Dispute.objects.filter(payment__order=order).aggregate(n=Sum("net"))["n"] or 0),
        estimated=None in fees or not all((certain, *(known for _, known in again))),
        credits=credited([order, *reprints]),
    )


def credited(orders: Sequence[Order]) -> int:
    """Return what Printify gave back for these orders, as staff have booked it."""
    return PrintifyCredit.objects.filter(order__in=orders).aggregate(n=Sum("amount"))["n"] or 0


def _tax(order: Order, payments: list[Payment], states: Sequence[str]) -> int:
    """What the state gets: of what went back to the buyer, Stripe takes its share of the tax back as well."""
    applied = next((payment for payment in payments if payment.applied), None)
    if applied is None or not order.tax:
        return 0
    gone = applied.refunds.filter(state__in=states).aggregate(n=Sum("amount"))["n"] or 0
    return order.tax - order.tax * gone // applied.captured


def _printify(order: Order) -> tuple[int, bool]:
    """What Printify charges, and whether it said so itself: until then our costs and the agreed delivery."""
    job = Fulfilment.objects.filter(order=order).first()
    if job is None or job.state in {FulfilmentState.CANCELED, FulfilmentState.CANCELING}:
        return 0, True
    return (job.upstream_cost, True) if job.upstream_cost else (costs(order), False)


def costs(order: Order) -> int:
    return sum(line.unit_cost * line.quantity for line in order.lines.all()) + order.shipping


def expected(order: Order) -> int:
    """Before it is paid, and before any discount: a promotion is the owner's own decision, a wrong price is not."""
    brings = order.subtotal + order.shipping
    fee = (brings * FEE_PERMILLE + 500) // 1000 + FEE_FIXED
    return brings - costs(order) - fee


def check(order: Order) -> None:
    """Raises BelowFloor, having told staff. Costs that Printify did not tell are no reason to refuse."""
    if any(line.unit_cost == 0 for line in order.lines.all()):
        return
    margin = expected(order)
    if margin * 100 >= order.subtotal * settings.MARGIN_FLOOR_PERCENT:
        return
    skus = ", ".join(line.sku or line.title for line in order.lines.all())
    why = f"An order was refused: it would earn {margin} {order.currency} in minor units ({skus})."
    alerts.open_alert(f"margin:{skus}", why, next_step="Mend prices at Printify, or lower MARGIN_FLOOR_PERCENT.")
    raise BelowFloor
