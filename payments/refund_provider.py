"""Implement the interface through which `orders` refunds and cancels: see `orders.refunding`."""

from orders import refunding
from orders.allocation import Quantities
from orders.locks import lock_order
from orders.models import HoldReason, Order
from orders.refunding import By, Concern, TooMuch
from payments import cancellation, ledger, reserve
from payments.cancellation import paid_with

DISPUTED = "A bank disputes this payment ({}): answer the dispute first."
NOTHING_LEFT = "Nothing of the payment is left: it was refunded, or a bank has taken it back."


class PaymentsRefundProvider:
    def give_back(self, order: Order, amount: int | None, *, who: str, note: str, lines: Quantities) -> int:
        with lock_order(order):
            payment = paid_with(order)
            if payment is None:
                raise TooMuch
            owed, owed_lines = cancellation.find_owed(order, payment)
            refund = cancellation.request_refund(
                payment,
                owed if amount is None else min(amount, reserve.refundable_amount(payment)),
                reason="requested_by_customer",
                requested_by=who,
                note=note,
                lines=lines or (owed_lines if amount is None else {}),
            )
        return refund.amount

    def cancel(self, order: Order, *, by: By, who: str, why: str, reason: str, held_too: bool) -> int:
        return cancellation.cancel(order, by=by, who=who, why=why, reason=reason, held_too=held_too)

    def given(self, order: Order) -> Quantities:
        return ledger.refunded_quantities(order)

    def left(self, order: Order) -> int:
        payment = paid_with(order)
        return 0 if payment is None or reserve.is_disputed(payment) else reserve.refundable_amount(payment)

    def currency(self, order: Order) -> str:
        payment = paid_with(order)
        return order.currency if payment is None else payment.currency

    def concerns(self, order: Order) -> list[Concern]:
        payment = paid_with(order)
        if payment is None:
            return []
        concerns = [
            Concern(
                HoldReason.DISPUTE,
                dispute.stripe_dispute_id,
                DISPUTED.format(dispute.reason_words),
                blocks=not dispute.refundable,
            )
            for dispute in payment.disputes.exclude(status__in=reserve.OVER)
        ]
        concerns += [
            Concern(HoldReason.FRAUD_WARNING, warning.stripe_warning_id, warning.words, blocks=False)
            for warning in payment.warnings.filter(actionable=True)
        ]
        if not reserve.refundable_amount(payment):
            concerns.append(Concern(HoldReason.REFUND, "", NOTHING_LEFT, blocks=True))
        return concerns


refunding.register(PaymentsRefundProvider())
