"""The one way to cancel an order, and what a refund means for its printing.

Order, printing, money, discount code and email move in one transaction. Buyers, staff's buttons, refunds of all that is
left and refunds made at Stripe come through here, so that they cannot disagree.
"""

from django.db.models import Sum

from ilytat.integrations import alerts
from ilytat.integrations.transactions import retry_conflicts
from notifications.contexts import NothingGoesBack
from orders import allocation, emails, lifecycle
from orders.allocation import Quantities
from orders.lifecycle import ProductionStarted
from orders.locks import lock_order
from orders.models import Fulfilment, Order
from orders.refunding import By, Disputed
from orders.states import CANCELED_STATES, COMPLETED, OPEN, FulfilmentState
from payments import coupons, ledger, reserve
from payments.models import Payment, Refund

IN_FULL = "refunded in full"
TOO_LATE_TO_STOP = (
    "Cancel it at Printify if it can still be stopped there. If it can't be stopped, the buyer keeps it for free."
)


def paid_with(order: Order) -> Payment | None:
    """The payment that paid for the order; for a reprint, which costs nothing, the first order's."""
    return Payment.objects.filter(order=allocation.first(order), applied=True).first()


@retry_conflicts
def cancel(order: Order, *, by: By, who: str, why: str, reason: str = "", held_too: bool = True) -> int:
    """See `orders.refunding.cancel`."""
    with lock_order(order):
        payment = paid_with(order)
        if payment and reserve.is_disputed(payment):
            raise Disputed
        lifecycle.cancel(order, who=who, why=why, held_too=held_too)
        coupons.release(order)
        amount, lines = owed(order, payment) if payment else (0, {})
        if payment and amount:
            reserve.create(payment, amount, reason="requested_by_customer", requested_by=who, note=why, lines=lines)
        emails.order_canceled(order, by=by, refund=amount, reason=reason, nothing=_why_nothing(order, payment))
    return amount


def owed(order: Order, payment: Payment) -> tuple[int, Quantities]:
    """What canceling gives back: all that is left, or, of a reprint, what its things cost in the order it repeats."""
    left = reserve.refundable_amount(payment)
    if order.reprint_of is None:
        return left, {}
    paid_for = payment.order
    lines = allocation.in_first(order, {line.pk: line.quantity for line in order.lines.all()})
    return min(allocation.of_units(paid_for, lines, ledger.given(paid_for)), left), lines


def _why_nothing(order: Order, payment: Payment | None) -> NothingGoesBack:
    """What the buyer reads when no money goes back."""
    if payment is None or (order.reprint_of and not allocation.of_reprint(order)):
        return "not charged"
    if reserve.refundable_amount(payment):  # of other items: a reprint's own were refunded
        return "items refunded before"
    return "taken by bank" if payment.disputes.filter(status="lost").exists() else "refunded before"


@retry_conflicts
def request_refund(
    payment: Payment,
    amount: int,
    *,
    reason: reserve.Reason,
    requested_by: str,
    note: str = "",
    lines: Quantities | None = None,
    form_token: str | None = None,
) -> Refund:
    """Reserve `amount` (minor units) of the payment and queue the refund. Raises NotRefundable, having written nothing.

    When nothing of the payment is left, the order is canceled in the same transaction; when its printing has begun,
    staff are told. `form_token` names one display of a form: submitted again, it returns the refund it made before.
    """
    order = payment.order
    with lock_order(order):
        known = Refund.objects.filter(press=form_token).first() if form_token else None
        if known:
            return known
        refund = reserve.create(
            payment, amount, reason=reason, requested_by=requested_by, note=note, lines=lines, form_token=form_token
        )
        is_open = order.state in OPEN
        if payment.applied and is_open and not reserve.refundable_amount(payment):
            _stop(order, who=requested_by, refunded=amount)
    return refund


def close_if_all_is_back(payment: Payment, *, who: str) -> bool:
    """Once all of an order's money has gone back: cancel the order if that is still possible, else mark it refunded.

    Sums under the lock: two refunds that finish at once cannot each miss the other.
    """
    order = payment.order
    with lock_order(order):
        gone = payment.refunds.filter(state__in=ledger.MADE).aggregate(n=Sum("amount"))["n"] or 0
        if not payment.applied or gone < payment.captured:
            return False
        is_open = order.state in OPEN
        if is_open and not _stop(order, who=who, refunded=gone):
            lifecycle.mark_refunded(order, who=who, why=IN_FULL)
    return True


def _stop(order: Order, *, who: str, refunded: int) -> bool:
    """Cancel an order whose money goes back anyway. False: printing has begun; staff are told if it still matters."""
    try:
        lifecycle.cancel(order, who=who, why=IN_FULL)
    except ProductionStarted:
        _warn_of_printing(order)
        return False
    coupons.release(order)
    emails.order_canceled(order, by="shop", refund=refunded)
    return True


def _warn_of_printing(order: Order) -> None:
    over = {FulfilmentState.SHIPPED, *COMPLETED, *CANCELED_STATES}
    family = Fulfilment.objects.filter(order__in=[order, *allocation.reprints_of(order)])
    if family.exclude(state__in=over).exists():
        message = f"Order {order.number} is refunded in full, but its printing has begun."
        alerts.open_alert(f"refunded-printing:{order.number}", message, next_step=TOO_LATE_TO_STOP)
