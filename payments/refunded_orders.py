"""Orders that still count as paid though all of their money has gone back, as a lost job or a race may leave them."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import F, Q, Sum

from orders.locks import lock_order
from orders.states import OPEN, OrderState
from payments import cancellation, incidents, ledger
from payments.models import Difference, Payment, ReconcileRun


def compare(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    gone = Sum("refunds__amount", filter=Q(refunds__state__in=ledger.MADE))
    rows = Payment.objects.filter(applied=True, captured__gt=0, order__state__in=OPEN)
    for payment in rows.annotate(gone=gone).filter(gone__gte=F("captured")):
        difference = _close_order(made, payment)
        if difference:
            yield difference


def _close_order(made: ReconcileRun, payment: Payment) -> Difference | None:
    """End the order as the refund's own event does, and tell staff in the same transaction. None: a rival was first."""
    order = payment.order
    with lock_order(order):
        if order.state not in OPEN or not cancellation.close_if_all_is_back(payment, who="reconcile"):
            return None
        order.refresh_from_db()
        state = OrderState(order.state).label.lower()
        return incidents.report(
            made,
            incidents.REFUNDED,
            f"paid-but-refunded:{order.number}",
            f"Order {order.number} was refunded in full and still counted as paid. It is {state} now.",
            next_step="Check at Printify whether any of it is printed, and stop it there if you can. Then close this.",
            reference=order.number,
            order=order,
        )
