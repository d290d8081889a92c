"""Money back as `orders` asks for it: when a buyer cancels, or staff grant a claim or call an order off."""

from ilytat.integrations import alerts
from orders import line_values, refunding
from orders.line_values import Quantities
from orders.models import Order
from orders.states import OrderState
from payments import coupons, ledger, refunds
from payments.models import Payment


class PaymentsRefundProvider:
    """See `orders.refunding`."""

    def give_back(self, order: Order, amount: int | None, *, who: str, note: str, lines: Quantities) -> int:
        if order.state == OrderState.CANCELED:
            coupons.release(order)
        if amount is None and order.reprint_of:
            amount = line_values.of_reprint(order)
        payment = _paid_with(order)
        back = min(payment.left if amount is None else amount, payment.left) if payment else 0
        if payment is None or back <= 0:
            return 0
        try:
            named = sorted(lines.items())
            refunds.give_back(payment, back, reason="requested_by_customer", asked_by=who, note=note, lines=named)
        except refunds.NotRefundable as error:
            why = f"Order {order.number}: {back} {payment.currency} could not be given back ({type(error).__name__})."
            alerts.open_alert(f"refund-order:{order.number}", why, next_step="Open the order's money in the admin.")
            return 0
        return back

    def given(self, order: Order) -> Quantities:
        return ledger.given(order)

    def left(self, order: Order) -> int:
        payment = _paid_with(order)
        return payment.left if payment and not refunds.disputed(payment) else 0


def _paid_with(order: Order) -> Payment | None:
    """A reprint costs nothing: what may go back for it is the first order's money."""
    return Payment.objects.filter(order=line_values.first(order), applied=True).first()


refunding.register(PaymentsRefundProvider())
