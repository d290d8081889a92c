"""Giving money back: reserve first, then ask Stripe, with the row's own key.

Stripe keeps idempotency keys for a day at least: an older try is looked up among the intent's refunds first.
"""

from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ilytat.integrations import alerts, bell, jobs
from payments import gateway
from payments.models import Payment, Refund

QUEUE = "refunds"
LANE = "fulfilment"
KEY_LIFE = timedelta(hours=20)
Reason = Literal["duplicate", "fraudulent", "requested_by_customer"]


class TooMuch(Exception):
    """More than is left of the payment."""


def give_back(payment: Payment, amount: int, *, reason: Reason, asked_by: str, note: str = "") -> Refund:
    """Reserve `amount` (minor units) of the payment and queue the refund. Raises TooMuch; nothing is written then."""
    with transaction.atomic():
        left = Payment.objects.filter(pk=payment.pk, refund_reserved__lte=F("captured") - amount)
        if amount <= 0 or not left.update(refund_reserved=F("refund_reserved") + amount):
            raise TooMuch
        refund = Refund(payment=payment, amount=amount, reason=reason, asked_by=asked_by[:120], note=note)
        refund.idempotency_key = f"refund-{payment.payment_intent_id}-{payment.refunds.count() + 1}"
        refund.save()
        bell.ring(QUEUE, LANE)
    return refund


def work(job: Refund) -> None:
    facts = _known(job) or _ask(job)
    state = {"succeeded": "succeeded", "pending": "sent", "requires_action": "sent"}.get(facts.status, "failed")
    with transaction.atomic():
        job.finish(state, stripe_refund_id=facts.id)
        if state == "failed":
            release(job)


def _known(job: Refund) -> gateway.RefundFacts | None:
    """A refund that an earlier, too old try may have made: it carries our key."""
    if job.first_try is None or job.first_try > timezone.now() - KEY_LIFE:
        return None
    made = gateway.refunds_of(job.payment.payment_intent_id)
    return next((facts for facts, key in made if key == job.idempotency_key), None)


def _ask(job: Refund) -> gateway.RefundFacts:
    job.save_mine(first_try=job.first_try or timezone.now())
    return gateway.create_refund(
        job.payment.payment_intent_id,
        job.amount,
        reason=job.reason,
        metadata={"refund": job.idempotency_key, "order": job.payment.order.number},
        key=job.idempotency_key,
    )


def release(refund: Refund) -> None:
    """The money did not go back: it may be given back again, by a person."""
    Payment.objects.filter(pk=refund.payment_id).update(refund_reserved=F("refund_reserved") - refund.amount)
    why = f"A refund of order {refund.payment.order.number} failed at Stripe."
    alerts.open_alert(f"refund:{refund.pk}", why, next_step="Pay the buyer back another way.")


def on_attention(job: Refund) -> None:
    why = f"A refund of order {job.payment.order.number} needs a person: {job.last_error}"
    alerts.open_alert(f"refund:{job.pk}", why, next_step="Open the refund in the admin.")


queue = jobs.register(jobs.Queue(name=QUEUE, model=Refund, work=work, lane=LANE, on_attention=on_attention))
