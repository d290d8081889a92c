"""The queue of refunds: each was reserved first (`payments.reserve`), then Stripe is asked, with the row's own key.

Stripe keeps idempotency keys for a day at least: an older try is looked up among the intent's refunds first. What it
once refused it refuses again under the same key, so that a refusal, and nothing else, spends the key: a try whose
outcome is unknown is always repeated under its own. What was given back in Stripe's dashboard arrives as an event and
is booked into the same ledger (`payments.refunds`).
"""

from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from ilytat.integrations import alerts, jobs
from ilytat.integrations.errors import Outcome, Refused, Result
from ilytat.integrations.inbox import NotYetKnown
from ilytat.pages.money import format_money
from orders import lifecycle
from orders.locks import lock_order
from orders.models import Fulfilment, HoldReason
from orders.states import OrderState
from payments import cancellation, emails, gateway, reserve
from payments.models import Payment, Refund
from payments.reserve import LANE, QUEUE
from payments.stripe_objects import RefundFacts

KEY_LIFE = timedelta(hours=20)
ANSWERED = {400, 402, 404}  # by the refund itself; 401 and 403 come before Stripe has looked at the key


def work(job: Refund) -> None:
    payment = job.payment
    if reserve.is_disputed(payment) or payment.refund_reserved + reserve.taken_by_banks(payment) > payment.captured:
        job.needs_attention("A bank disputes this payment or has taken it back: refunding it as well would pay twice.")
        return
    facts = _known(job) or _ask(job)
    with lock_order(job.payment.order):
        state = state_of(facts)
        job.finish(state, stripe_refund_id=facts.id, reference=facts.reference[:60])
        if state == "failed":
            release(job, facts.failure)
        else:
            cancellation.close_if_all_is_back(job.payment, who=job.asked_by)
            emails.refund_sent(job)


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
    alerts.close_alert(alert_key(refund))
    jobs.wake(QUEUE, LANE)
    return True


def abandon(refund: Refund) -> bool:
    """A person paid another way, or decided not to: the reserve is free again."""
    with lock_order(refund.payment.order):
        if not Refund.objects.filter(pk=refund.pk, state="attention", stripe_refund_id=None).update(state="failed"):
            return False
        Payment.objects.filter(pk=refund.payment_id).update(refund_reserved=F("refund_reserved") - refund.amount)
        alerts.close_alert(alert_key(refund))
    return True


def on_attention(job: Refund) -> None:
    why = f"A refund of order {job.payment.order.number} needs a person: {job.last_error}"
    key, step = alert_key(job), "Open the order's money in the admin: try again, or let go of it."
    alerts.open_alert(key, why, next_step=step)
    emails.refund_failed(job, alert_key=key, reason=job.last_error, next_step=step)


queue = jobs.register(jobs.Queue(name=QUEUE, model=Refund, work=work, lane=LANE, on_attention=on_attention))


STATES = {"succeeded": "succeeded", "pending": "sent", "requires_action": "sent"}
STAFF = "Stripe dashboard"
PAY_BACK = "Pay the buyer back another way, and note it on the order."
PAID_TWICE = "If the buyer was paid back another way too, ask for one of the two back, and note it on the order."


def state_of(facts: RefundFacts) -> str:
    """`failed` for every other word as well: then the money is with us and a person is told."""
    return STATES.get(facts.status, "failed")


def apply(facts: RefundFacts) -> Result:
    """Bring the ledger in line with a refund at Stripe. Raises NotYetKnown for a payment that we do not have (yet)."""
    payment = Payment.objects.select_related("order").filter(payment_intent_id=facts.payment_intent).first()
    if payment is None:
        raise NotYetKnown(f"payment {facts.payment_intent} of refund {facts.id}")
    with lock_order(payment.order):
        known = Refund.objects.filter(stripe_refund_id=facts.id).first()
        known = known or (payment.refunds.filter(idempotency_key=facts.key).first() if facts.key else None)
        return update_known(known, facts) if known else import_external(payment, facts)


def update_known(refund: Refund, facts: RefundFacts) -> Result:
    """A refund in the ledger moves on: forward only, but a success may still turn into a failure."""
    if refund.stripe_refund_id is None:
        if refund.state != "new":
            return _found(refund, facts)
        return Result(Outcome.LATE, "The worker that asked for the refund will record it.")
    Refund.objects.filter(pk=refund.pk).exclude(reference=facts.reference).update(reference=facts.reference[:60])
    new = state_of(facts)
    before = {"succeeded": ("sent",), "failed": ("sent", "succeeded")}.get(new, ())
    if not Refund.objects.filter(pk=refund.pk, state__in=before).update(state=new):
        return Result(Outcome.DUPLICATE, "The refund is known.")
    if new == "failed":
        release(refund, facts.failure)
    return Result(Outcome.HANDLED, f"Refund {new}.")


def _found(refund: Refund, facts: RefundFacts) -> Result:
    """Made after all, though its worker gave up or a person let go of it."""
    state = state_of(facts)
    if refund.state == "failed" and state != "failed":
        _make_room(refund.payment, facts)  # what was reserved for it had been let go
    rows = Refund.objects.filter(pk=refund.pk, state=refund.state, stripe_refund_id=None)
    if not rows.update(state=state, stripe_refund_id=facts.id, reference=facts.reference[:60], last_error=""):
        return Result(Outcome.DUPLICATE, "The refund is known.")
    alerts.close_alert(alert_key(refund))
    if state != "failed":
        if refund.state == "failed":
            why = (
                f"A refund of order {refund.payment.order.number} that was let go of has been made at Stripe after all."
            )
            alerts.open_alert(alert_key(refund), why, next_step=PAID_TWICE)
        cancellation.close_if_all_is_back(refund.payment, who=refund.asked_by)
        emails.refund_sent(refund)
    elif refund.state == "attention":
        release(refund, facts.failure)
    return Result(Outcome.HANDLED, f"Refund {state}.")


def import_external(payment: Payment, facts: RefundFacts) -> Result:
    """Made in Stripe's dashboard. It is a fact: wishes of ours that no longer fit give way."""
    state = state_of(facts)
    if state != "failed":
        _make_room(payment, facts)
    refund = Refund.objects.create(
        payment=payment,
        amount=facts.amount,
        reason=facts.reason[:30],
        asked_by=STAFF,
        origin="dashboard",
        state=state,
        idempotency_key=f"stripe-{facts.id}",
        stripe_refund_id=facts.id,
        reference=facts.reference[:60],
    )
    lifecycle.note(
        payment.order, who=STAFF, what="refunded", why=f"{format_money(facts.amount, payment.currency)} {facts.id}"
    )
    if state == "failed":
        raise_alarm(refund, facts.failure)
        return Result(Outcome.HANDLED, "The refund failed before it was known here.")
    _stop_printing(payment)
    emails.refund_sent(refund)
    return Result(Outcome.HANDLED, "The refund was made in Stripe's dashboard.")


def _make_room(payment: Payment, facts: RefundFacts) -> None:
    """Reserve what is gone already. Raises NotYetKnown while a wish of ours that claims it is under way."""
    room = Payment.objects.filter(pk=payment.pk, refund_reserved__lte=F("captured") - facts.amount)
    for _ in range(2):
        if room.update(refund_reserved=F("refund_reserved") + facts.amount):
            return
        cancel_conflicting(payment)
    raise NotYetKnown(f"a refund of ours for the same money as {facts.id}")


def cancel_conflicting(payment: Payment) -> None:
    """Wishes that nobody is working on and that Stripe never heard of, or refused."""
    idle = payment.refunds.filter(stripe_refund_id=None)
    untouched = {"attention": {}, "new": {"first_try": None, "lease_until": None}}
    for refund in idle.filter(state="attention") | idle.filter(state="new", **untouched["new"]):
        why = "The same money was given back in Stripe's dashboard."
        # Asked once more by the UPDATE: a worker may have claimed it since, and claims take no order's lock.
        rows = Refund.objects.filter(pk=refund.pk, state=refund.state, stripe_refund_id=None)
        if rows.filter(**untouched[refund.state]).update(state="failed", last_error=why):
            Payment.objects.filter(pk=payment.pk).update(refund_reserved=F("refund_reserved") - refund.amount)
            alerts.close_alert(alert_key(refund))


def _stop_printing(payment: Payment) -> None:
    """Somebody gave money back without a word to us: nothing more is printed before a person has looked."""
    if not payment.applied or cancellation.close_if_all_is_back(payment, who=STAFF):
        return
    order, why = payment.order, "part of it was refunded in Stripe's dashboard"
    job = Fulfilment.objects.filter(order=order).first()
    if job:
        lifecycle.hold(job, HoldReason.REFUND, who=STAFF, why=why)
    held = job is not None and job.sent_at is None and bool(job.open_holds)
    step = "Printing is held: release it, or give back the rest." if held else "Nothing was stopped."
    alerts.open_alert(f"partly-refunded:{order.number}", f"Order {order.number}: {why}.", next_step=step)


def release(refund: Refund, failure: str) -> None:
    """The money did not go back: it may be given back again, by a person."""
    Payment.objects.filter(pk=refund.payment_id).update(refund_reserved=F("refund_reserved") - refund.amount)
    order = refund.payment.order
    words = f" ({failure})" if failure else ""
    amount = format_money(refund.amount, refund.payment.currency)
    lifecycle.note(order, who="stripe", what="refund failed", why=f"{amount}{words}")
    if order.state == OrderState.REFUNDED:
        lifecycle.flag_for_attention(order, who="stripe", why="a refund failed after all of it had gone back")
    raise_alarm(refund, failure)


def raise_alarm(refund: Refund, failure: str) -> None:
    """One incident a refund, mailed to staff in its own words: the buyer expects money and does not get it."""
    words = f" ({failure})" if failure else ""
    why = f"A refund of order {refund.payment.order.number} failed at Stripe{words}."
    alerts.open_alert(alert_key(refund), why, next_step=PAY_BACK)
    emails.refund_failed(refund, alert_key=alert_key(refund), reason=failure, next_step=PAY_BACK)


def alert_key(refund: Refund) -> str:
    return f"refund:{refund.pk}"
