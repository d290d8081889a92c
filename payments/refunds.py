"""Giving money back: reserve first, then ask Stripe, with the row's own key.

Stripe keeps idempotency keys for a day at least: an older try is looked up among the intent's refunds first. What it
once refused it refuses again under the same key, so that a refusal, and nothing else, spends the key: a try whose
outcome is unknown is always repeated under its own. What was given back in Stripe's dashboard arrives as an event and
is booked into the same ledger (`payments.refund_updates`).
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ilytat.integrations import alerts, jobs, wakeup
from ilytat.integrations.errors import Refused
from orders import lifecycle
from orders import mails as order_mails
from orders.models import Order
from payments import coupons, gateway, mails, refund_updates
from payments.facts import RefundFacts
from payments.models import Payment, Refund

QUEUE = "refunds"
LANE = "fulfilment"
KEY_LIFE = timedelta(hours=20)
ANSWERED = {400, 402, 404}  # by the refund itself; 401 and 403 come before Stripe has looked at the key
Reason = Literal["duplicate", "fraudulent", "requested_by_customer"]


class NotRefundable(Exception):
    """This money cannot be given back; nothing was written."""


class TooMuch(NotRefundable):
    """More than is left of the payment."""


class Disputed(NotRefundable):
    """The bank has taken it back already, or is about to: a refund would pay the buyer twice."""


def give_back(
    payment: Payment,
    amount: int,
    *,
    reason: Reason,
    asked_by: str,
    note: str = "",
    lines: Sequence[tuple[int, int]] = (),
    press: str | None = None,
) -> Refund:
    """Reserve `amount` (minor units) of the payment and queue the refund. Raises NotRefundable.

    `press` names one press of a button: the same once more gives the refund it already made.
    """
    with transaction.atomic():
        Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)  # a twin of this press waits here
        made = Refund.objects.filter(press=press).first() if press else None
        if made:
            return made
        if disputed(payment):
            raise Disputed
        reserve(payment, amount)
        refund = Refund(payment=payment, amount=amount, reason=reason, asked_by=asked_by[:120], note=note)
        refund.lines, refund.press = [list(pair) for pair in lines], press
        # By chance, not counted: after a backup was restored a count would come again, for another wish.
        refund.idempotency_key = f"refund-{payment.payment_intent_id}-{secrets.token_hex(5)}"
        refund.save()
        wakeup.wake(QUEUE, LANE)
    return refund


def reserve(payment: Payment, amount: int) -> None:
    """Raises TooMuch. The guarded UPDATE is what keeps two wishes at once within the payment."""
    left = Payment.objects.filter(pk=payment.pk, refund_reserved__lte=F("captured") - amount)
    if amount <= 0 or not left.update(refund_reserved=F("refund_reserved") + amount):
        raise TooMuch


def disputed(payment: Payment) -> bool:
    return payment.disputes.filter(refundable=False).exclude(status__in=("won", "warning_closed", "prevented")).exists()


def cancel_order(order: Order, *, who: str, press: str | None = None, note: str = "") -> bool:
    """Call an order off before its printing and give back all that is left, in one step. False: it is too late.

    Raises NotRefundable, having written nothing, when the money cannot go back.
    """
    with transaction.atomic():
        if not lifecycle.cancel(order, who=who, why=note):
            return False
        coupons.release(order)
        payment = Payment.objects.filter(order=order, applied=True).first()
        back = payment.left if payment else 0
        if payment and back:
            give_back(payment, back, reason="requested_by_customer", asked_by=who, note=note, press=press)
        order_mails.order_canceled(order, by="shop", refund=back)
    return True


def work(job: Refund) -> None:
    if disputed(job.payment):
        job.needs_attention("The payment is disputed: giving it back as well would pay twice.")
        return
    facts = _known(job) or _ask(job)
    with transaction.atomic():
        state = refund_updates.state_of(facts)
        job.finish(state, stripe_refund_id=facts.id, reference=facts.reference[:60])
        if state == "failed":
            refund_updates.release(job, facts.failure)
        else:
            mails.refund_sent(job)
            refund_updates.close_if_all_is_back(job.payment, who=job.asked_by)


def _known(job: Refund) -> RefundFacts | None:
    """A refund that an earlier, too old try may have made: it carries our key.

    A row that is old itself is looked up as well: in a restored backup it does not say that it was ever tried.
    """
    if (job.first_try or job.created_at) > timezone.now() - KEY_LIFE:
        return None
    made = gateway.refunds_of(job.payment.payment_intent_id)
    return next((facts for facts in made if facts.key == job.idempotency_key), None)


def _ask(job: Refund) -> RefundFacts:
    """The metadata names the row, whichever attempt makes it: by that it is found again."""
    job.update_leased(first_try=job.first_try or timezone.now())
    try:
        return gateway.create_refund(
            job.payment.payment_intent_id,
            job.amount,
            reason=job.reason,
            metadata={"refund": job.idempotency_key, "order": job.payment.order.number},
            key=job.attempt_key,
        )
    except Refused as error:
        if error.status in ANSWERED and error.code != gateway.KEY_MISUSED:
            # An earlier try of unknown outcome went under this key: had it been made, that would be the answer.
            job.update_leased(attempt=job.attempt + 1, first_try=None)
        raise


def retry(refund: Refund) -> bool:
    """Ask Stripe once more for what rests in attention, whose money is still reserved; pressing twice is harmless."""
    resting = Refund.objects.filter(pk=refund.pk, state="attention", stripe_refund_id=None)
    if not resting.update(state="new", next_at=timezone.now(), attempts=0):
        return False
    alerts.close_alert(refund_updates.alert_key(refund))
    wakeup.wake(QUEUE, LANE)
    return True


def give_up(refund: Refund) -> bool:
    """A person paid another way, or decided not to: the reserve is free again."""
    with transaction.atomic():
        if not Refund.objects.filter(pk=refund.pk, state="attention", stripe_refund_id=None).update(state="failed"):
            return False
        Payment.objects.filter(pk=refund.payment_id).update(refund_reserved=F("refund_reserved") - refund.amount)
        alerts.close_alert(refund_updates.alert_key(refund))
    return True


def on_attention(job: Refund) -> None:
    why = f"A refund of order {job.payment.order.number} needs a person: {job.last_error}"
    key, step = refund_updates.alert_key(job), "Open the order's money in the admin: try again, or let go of it."
    alerts.open_alert(key, why, next_step=step)
    mails.refund_failed(job, alert_key=key, reason=job.last_error, next_step=step)


queue = jobs.register(jobs.Queue(name=QUEUE, model=Refund, work=work, lane=LANE, on_attention=on_attention))
