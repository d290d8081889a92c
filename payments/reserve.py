"""Reserve money of a payment for a refund.

This guards against refunding more than was paid, or money that a bank disputes. Amounts are computed and reserved under
`orders.locks.lock_order`, so that two concurrent requests cannot both count the same money as available.
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
    """Return whether a dispute is open that a refund would not end, so that the bank may take the same money too.

    An inquiry (`refundable`) does not count. Source: Stripe contract, sections 6 and 7.
    """
    return payment.disputes.filter(refundable=False).exclude(status__in=OVER).exists()


def refundable_amount(payment: Payment) -> int:
    """Return what is neither refunded, nor reserved for a refund, nor taken by a bank in a lost dispute."""
    return max(payment.left - taken_by_banks(payment), 0)


def taken_by_banks(payment: Payment) -> int:
    """Return what banks took in lost disputes."""
    # An amount in another currency cannot be subtracted: it counts as the whole payment.
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

    `payments.cancellation` decides what the refund means for printing.
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
            # Random, not a counter: after a restored backup, a counter would repeat a key for another refund.
            idempotency_key=f"refund-{payment.payment_intent_id}-{secrets.token_hex(5)}",
        )
        RefundLine.objects.bulk_create(
            RefundLine(refund=refund, line_id=None if pk == DELIVERY else pk, quantity=quantity)
            for pk, quantity in sorted((lines or {}).items())
        )
        jobs.wake(QUEUE, LANE)
    payment.refresh_from_db()
    return refund
