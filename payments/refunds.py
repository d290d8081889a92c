"""The queue of refunds: each was reserved first (`payments.reserve`), then Stripe is asked, with the row's own key.

Stripe keeps idempotency keys for a day at least: an older try is looked up among the intent's refunds first. What it
once refused it refuses again under the same key, so that a refusal, and nothing else, spends the key: a try whose
outcome is unknown is always repeated under its own. What was given back in Stripe's dashboard arrives as an event and
is booked into the same ledger (`payments.refund_updates`).
"""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from ilytat.integrations import alerts, jobs, wakeup
from ilytat.integrations.errors import Refused
from orders.locks import lock_order
from payments import cancellation, gateway, mails, refund_updates, reserve
from payments.facts import RefundFacts
from payments.models import Payment, Refund
from payments.reserve import LANE, QUEUE

KEY_LIFE = timedelta(hours=20)
ANSWERED = {400, 402, 404}  # by the refund itself; 401 and 403 come before Stripe has looked at the key


def work(job: Refund) -> None:
    payment = job.payment
    if reserve.is_disputed(payment) or payment.refund_reserved + reserve.taken_by_banks(payment) > payment.captured:
        job.needs_attention("A bank disputes this payment or has taken it back: refunding it as well would pay twice.")
        return
    facts = _known(job) or _ask(job)
    with lock_order(job.payment.order):
        state = refund_updates.state_of(facts)
        job.finish(state, stripe_refund_id=facts.id, reference=facts.reference[:60])
        if state == "failed":
            refund_updates.release(job, facts.failure)
        else:
            cancellation.close_if_all_is_back(job.payment, who=job.asked_by)
            mails.refund_sent(job)


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
    if not Refund.requeue(resting):
        return False
    alerts.close_alert(refund_updates.alert_key(refund))
    wakeup.wake(QUEUE, LANE)
    return True


def give_up(refund: Refund) -> bool:
    """A person paid another way, or decided not to: the reserve is free again."""
    with lock_order(refund.payment.order):
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
