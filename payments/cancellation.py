"""Cancel an order, and apply what a refund means for its printing.

Buyers, staff, full refunds and refunds made at Stripe all cancel here, so that the results agree. Order, fulfillment,
money, discount code and email change in one transaction.
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
    """Return the payment that paid for the order; for a reprint, which is free, that of the first order."""
    return Payment.objects.filter(order=allocation.first(order), applied=True).first()


@retry_conflicts
def cancel(order: Order, *, by: By, who: str, why: str, reason: str = "", held_too: bool = True) -> int:
    """Cancel the order and refund it. The contract is that of `orders.refunding.cancel`."""
    with lock_order(order):
        payment = paid_with(order)
        if payment and reserve.is_disputed(payment):
            raise Disputed
        lifecycle.cancel(order, who=who, why=why, held_too=held_too)
        coupons.release(order)
        amount, lines = find_owed(order, payment) if payment else (0, {})
        if payment and amount:
            reserve.create(payment, amount, reason="requested_by_customer", requested_by=who, note=why, lines=lines)
        emails.order_canceled(
            order, by=by, refund=amount, reason=reason, nothing=_find_no_refund_reason(order, payment)
        )
    return amount


def find_owed(order: Order, payment: Payment) -> tuple[int, Quantities]:
    """Return what canceling refunds (minor units), and of which lines of the first order.

    It is everything refundable; for a reprint, the price of its items in the order that it repeats.
    """
    refundable = reserve.refundable_amount(payment)
    if order.reprint_of is None:
        return refundable, {}
    first_order = payment.order
    lines = allocation.in_first(order, {line.pk: line.quantity for line in order.lines.all()})
    return min(allocation.of_units(first_order, lines, ledger.refunded_quantities(first_order)), refundable), lines


def _find_no_refund_reason(order: Order, payment: Payment | None) -> NothingGoesBack:
    """Return why no money is refunded, for the email to the buyer."""
    if payment is None or (order.reprint_of and not allocation.of_reprint(order)):
        return "not charged"
    if reserve.refundable_amount(payment):  # the items of a reprint were refunded, others were not
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

    When nothing of the payment is left, the order is canceled in the same transaction; if its production has started,
    staff are alerted. `form_token` names one display of a form: submitted again, it returns the refund made before.
    """
    order = payment.order
    with lock_order(order):
        earlier_refund = Refund.objects.filter(press=form_token).first() if form_token else None
        if earlier_refund:
            return earlier_refund
        refund = reserve.create(
            payment, amount, reason=reason, requested_by=requested_by, note=note, lines=lines, form_token=form_token
        )
        if payment.applied and order.state in OPEN and not reserve.refundable_amount(payment):
            _cancel_refunded(order, who=requested_by, refunded=amount)
    return refund


def close_if_all_is_back(payment: Payment, *, who: str) -> bool:
    """Close an order whose money has all been refunded. Return False when some of it has not.

    The order is canceled if that is still possible, else marked as refunded.
    """
    order = payment.order
    with lock_order(order):  # two refunds that finish at once must each count the other
        refunded = payment.refunds.filter(state__in=ledger.MADE).aggregate(n=Sum("amount"))["n"] or 0
        if not payment.applied or refunded < payment.captured:
            return False
        if order.state in OPEN and not _cancel_refunded(order, who=who, refunded=refunded):
            lifecycle.mark_refunded(order, who=who, why=IN_FULL)
    return True


def _cancel_refunded(order: Order, *, who: str, refunded: int) -> bool:
    """Cancel an order that was refunded in full. Return False when production has started; staff are alerted then."""
    try:
        lifecycle.cancel(order, who=who, why=IN_FULL)
    except ProductionStarted:
        finished = {FulfilmentState.SHIPPED, *COMPLETED, *CANCELED_STATES}
        fulfillments = Fulfilment.objects.filter(order__in=[order, *allocation.reprints_of(order)])
        if fulfillments.exclude(state__in=finished).exists():
            message = f"Order {order.number} is refunded in full, but its printing has begun."
            alerts.open_alert(f"refunded-printing:{order.number}", message, next_step=TOO_LATE_TO_STOP)
        return False
    coupons.release(order)
    emails.order_canceled(order, by="shop", refund=refunded)
    return True
