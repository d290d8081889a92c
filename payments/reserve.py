"""Reserving money of a payment for a refund: the guard against giving back more than was paid, or what a bank disputes.

Amounts are computed and reserved under `orders.locks.lock_order`, so that two requests at once cannot both count the
same money as left.
"""

import secrets
from typing import Literal

from django.db.models import F

from ilytat.integrations import jobs
from orders.allocation import DELIVERY, Quantities
from orders.locks import lock_order
from orders.refunding import Disputed, TooMuch
from payments.models import Payment, Refund, RefundLine

QUEUE = "refunds"
LANE = "fulfilment"
OVER = frozenset({"won", "lost", "warning_closed", "prevented"})
Reason = Literal["duplicate", "fraudulent", "requested_by_customer"]


def is_disputed(payment: Payment) -> bool:
    """Whether a dispute is open that a refund would not end: the bank may take the same money as well.

    An inquiry (`refundable`) is no such dispute. Source: Stripe contract, sections 6 and 7.
    """
    return payment.disputes.filter(refundable=False).exclude(status__in=OVER).exists()


def refundable_amount(payment: Payment) -> int:
    """What may still go back: neither refunded nor promised, nor taken by a bank in a dispute that was lost."""
    return max(payment.left - taken_by_banks(payment), 0)


def taken_by_banks(payment: Payment) -> int:
    """In disputes that were lost; all of the payment for one in another currency."""
    lost = payment.disputes.filter(status="lost").values_list("amount", "currency")
    return sum(amount if currency in {"", payment.currency} else payment.captured for amount, currency in lost)


def create(
    payment: Payment,
    amount: int,
    *,
    reason: Reason,
    requested_by: str,
    note: str = "",
    lines: Quantities | None = None,
    form_token: str | None = None,
) -> Refund:
    """Reserve `amount` (minor units) and queue the refund. Raises NotRefundable, having written nothing.

    What the refund means for printing is `payments.cancellation`'s.
    """
    with lock_order(payment.order):
        payment.refresh_from_db()
        if is_disputed(payment):
            raise Disputed
        if not 0 < amount <= refundable_amount(payment):
            raise TooMuch
        Payment.objects.filter(pk=payment.pk).update(refund_reserved=F("refund_reserved") + amount)
        refund = Refund.objects.create(
            payment=payment,
            amount=amount,
            reason=reason,
            asked_by=requested_by[:120],
            note=note,
            press=form_token,
            # By chance, not counted: after a backup was restored a count would come again, for another refund.
            idempotency_key=f"refund-{payment.payment_intent_id}-{secrets.token_hex(5)}",
        )
        named = sorted((lines or {}).items())
        RefundLine.objects.bulk_create(
            RefundLine(refund=refund, line_id=None if pk == DELIVERY else pk, quantity=quantity)
            for pk, quantity in named
        )
        jobs.wake(QUEUE, LANE)
    payment.refresh_from_db()
    return refund
