"""Send refunds to Stripe, and keep our rows in line with the refunds at Stripe.

`payments.reserve` reserves the money and queues a row; the worker asks Stripe with the row's own idempotency key.
Stripe keeps keys for at least a day, so an older attempt is first looked up among the payment's refunds. An attempt
with an unknown outcome is always repeated under its own key; only a refusal uses the key up. Refunds made in Stripe's
dashboard arrive as events and are imported as rows.
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
REFUSED_STATUSES = {400, 402, 404}  # about the refund itself; 401 and 403 come before Stripe has looked at the key
REFUND_STATES = {"succeeded": "succeeded", "pending": "sent", "requires_action": "sent"}  # by Stripe's status
DASHBOARD = "Stripe dashboard"
PAY_BACK = "Pay the buyer back another way, and note it on the order."
PAID_TWICE = "If the buyer was paid back another way too, ask for one of the two back, and note it on the order."


def work(refund: Refund) -> None:
    payment = refund.payment
    if reserve.is_disputed(payment) or payment.refund_reserved + reserve.taken_by_banks(payment) > payment.captured:
        refund.needs_attention(
            "A bank disputes this payment or has taken it back: refunding it as well would pay twice."
        )
        return
    facts = _find_earlier_attempt(refund) or _send(refund)
    with lock_order(refund.payment.order):
        state = state_of(facts)
        refund.finish(state, stripe_refund_id=facts.id, reference=facts.reference[:60])
        if state == "failed":
            release(refund, facts.failure)
        else:
            cancellation.close_if_all_is_back(refund.payment, who=refund.asked_by)
            emails.refund_sent(refund)


def _find_earlier_attempt(refund: Refund) -> RefundFacts | None:
    """Return the refund that an attempt older than Stripe's memory of keys has made; its metadata has our key."""
    # Old rows are looked up even if they were never tried: a restored backup does not know of later attempts.
    if (refund.first_try or refund.created_at) > timezone.now() - KEY_LIFE:
        return None
    refunds_at_stripe = gateway.refunds_of(refund.payment.payment_intent_id)
    return next((facts for facts in refunds_at_stripe if facts.key == refund.idempotency_key), None)


def _send(refund: Refund) -> RefundFacts:
    refund.update_leased(first_try=refund.first_try or timezone.now())
    try:
        return gateway.create_refund(
            refund.payment.payment_intent_id,
            refund.amount,
            reason=refund.reason,
            # The key of the row, not of the attempt: whichever attempt makes the refund, it is found by this.
            metadata={"refund": refund.idempotency_key, "order": refund.payment.order.number},
            key=refund.attempt_key,
        )
    except Refused as error:
        if error.status in REFUSED_STATUSES and error.code != gateway.KEY_MISUSED:
            # No attempt under this key made a refund, or Stripe would have returned it: the next one needs a new key.
            refund.update_leased(attempt=refund.attempt + 1, first_try=None)
        raise


def on_attention(refund: Refund) -> None:
    message = f"A refund of order {refund.payment.order.number} needs a person: {refund.last_error}"
    key, step = alert_key(refund), "Open the order's money in the admin: try again, or let go of it."
    alerts.open_alert(key, message, next_step=step)
    emails.refund_failed(refund, alert_key=key, reason=refund.last_error, next_step=step)


queue = jobs.register(jobs.Queue(name=QUEUE, model=Refund, work=work, lane=LANE, on_attention=on_attention))


def retry(refund: Refund) -> bool:
    """Queue a refund that needs attention again; its money is still reserved. Return False when it no longer does."""
    if not Refund.requeue(Refund.objects.filter(pk=refund.pk, state="attention", stripe_refund_id=None)):
        return False
    alerts.close_alert(alert_key(refund))
    jobs.wake(QUEUE, LANE)
    return True


def abandon(refund: Refund) -> bool:
    """Give up a refund that needs attention and free its money. Return False when it no longer needs attention."""
    with lock_order(refund.payment.order):
        if not Refund.objects.filter(pk=refund.pk, state="attention", stripe_refund_id=None).update(state="failed"):
            return False
        Payment.objects.filter(pk=refund.payment_id).update(refund_reserved=F("refund_reserved") - refund.amount)
        alerts.close_alert(alert_key(refund))
    return True


def state_of(facts: RefundFacts) -> str:
    """Return the state for our row."""
    # "failed" also for a status that Stripe adds one day: then staff are alerted.
    return REFUND_STATES.get(facts.status, "failed")


def apply(facts: RefundFacts) -> Result:
    """Bring our rows in line with a refund at Stripe. Raises NotYetKnown for a payment that we do not have (yet)."""
    payment = Payment.objects.select_related("order").filter(payment_intent_id=facts.payment_intent).first()
    if payment is None:
        raise NotYetKnown(f"payment {facts.payment_intent} of refund {facts.id}")
    with lock_order(payment.order):
        refund = Refund.objects.filter(stripe_refund_id=facts.id).first()
        refund = refund or (payment.refunds.filter(idempotency_key=facts.key).first() if facts.key else None)
        return update_known(refund, facts) if refund else import_external(payment, facts)


def update_known(refund: Refund, facts: RefundFacts) -> Result:
    """Move our row forward. A refund that succeeded may still fail; no other state goes back."""
    if refund.stripe_refund_id is None:
        if refund.state != "new":
            return _adopt(refund, facts)
        return Result(Outcome.LATE, "The worker that asked for the refund will record it.")
    Refund.objects.filter(pk=refund.pk).exclude(reference=facts.reference).update(reference=facts.reference[:60])
    state = state_of(facts)
    earlier_states = {"succeeded": ("sent",), "failed": ("sent", "succeeded")}.get(state, ())
    if not Refund.objects.filter(pk=refund.pk, state__in=earlier_states).update(state=state):
        return Result(Outcome.DUPLICATE, "The refund is known.")
    if state == "failed":
        release(refund, facts.failure)
    return Result(Outcome.HANDLED, f"Refund {state}.")


def _adopt(refund: Refund, facts: RefundFacts) -> Result:
    """Record a refund that Stripe has made although its worker gave up or staff abandoned it."""
    state = state_of(facts)
    if refund.state == "failed" and state != "failed":
        _reserve_refunded(refund.payment, facts)  # its own reserve was freed when it was abandoned
    rows = Refund.objects.filter(pk=refund.pk, state=refund.state, stripe_refund_id=None)
    if not rows.update(state=state, stripe_refund_id=facts.id, reference=facts.reference[:60], last_error=""):
        return Result(Outcome.DUPLICATE, "The refund is known.")
    alerts.close_alert(alert_key(refund))
    if state != "failed":
        if refund.state == "failed":
            number = refund.payment.order.number
            message = f"A refund of order {number} that was let go of has been made at Stripe after all."
            alerts.open_alert(alert_key(refund), message, next_step=PAID_TWICE)
        cancellation.close_if_all_is_back(refund.payment, who=refund.asked_by)
        emails.refund_sent(refund)
    elif refund.state == "attention":
        release(refund, facts.failure)
    return Result(Outcome.HANDLED, f"Refund {state}.")


def import_external(payment: Payment, facts: RefundFacts) -> Result:
    """Record a refund made in Stripe's dashboard. Queued refunds of the same money are canceled."""
    state = state_of(facts)
    if state != "failed":
        _reserve_refunded(payment, facts)
    refund = Refund.objects.create(
        payment=payment,
        amount=facts.amount,
        reason=facts.reason[:30],
        asked_by=DASHBOARD,
        origin="dashboard",
        state=state,
        idempotency_key=f"stripe-{facts.id}",
        stripe_refund_id=facts.id,
        reference=facts.reference[:60],
    )
    lifecycle.note(
        payment.order, who=DASHBOARD, what="refunded", why=f"{format_money(facts.amount, payment.currency)} {facts.id}"
    )
    if state == "failed":
        raise_alarm(refund, facts.failure)
        return Result(Outcome.HANDLED, "The refund failed before it was known here.")
    _hold_printing(payment)
    emails.refund_sent(refund)
    return Result(Outcome.HANDLED, "The refund was made in Stripe's dashboard.")


def _reserve_refunded(payment: Payment, facts: RefundFacts) -> None:
    """Reserve money that Stripe has refunded already. Raises NotYetKnown while a queued refund of ours claims it."""
    with_room = Payment.objects.filter(pk=payment.pk, refund_reserved__lte=F("captured") - facts.amount)
    for _ in range(2):
        if with_room.update(refund_reserved=F("refund_reserved") + facts.amount):
            return
        cancel_conflicting(payment)
    raise NotYetKnown(f"a refund of ours for the same money as {facts.id}")


def cancel_conflicting(payment: Payment) -> None:
    """Cancel the payment's refunds that Stripe has not been asked for, or has refused, and no worker has claimed."""
    unsent = payment.refunds.filter(stripe_refund_id=None)
    unclaimed = {"attention": {}, "new": {"first_try": None, "lease_until": None}}
    for refund in unsent.filter(state="attention") | unsent.filter(state="new", **unclaimed["new"]):
        reason = "The same money was given back in Stripe's dashboard."
        # The UPDATE checks again: a worker may have claimed the row since, and claims do not lock the order.
        rows = Refund.objects.filter(pk=refund.pk, state=refund.state, stripe_refund_id=None)
        if rows.filter(**unclaimed[refund.state]).update(state="failed", last_error=reason):
            Payment.objects.filter(pk=payment.pk).update(refund_reserved=F("refund_reserved") - refund.amount)
            alerts.close_alert(alert_key(refund))


def _hold_printing(payment: Payment) -> None:
    """Hold the fulfillment after a partial refund at Stripe, until staff decide; a full refund cancels the order."""
    if not payment.applied or cancellation.close_if_all_is_back(payment, who=DASHBOARD):
        return
    order, why = payment.order, "part of it was refunded in Stripe's dashboard"
    fulfillment = Fulfilment.objects.filter(order=order).first()
    if fulfillment:
        lifecycle.hold(fulfillment, HoldReason.REFUND, who=DASHBOARD, why=why)
    is_held = fulfillment is not None and fulfillment.sent_at is None and bool(fulfillment.open_holds)
    step = "Printing is held: release it, or give back the rest." if is_held else "Nothing was stopped."
    alerts.open_alert(f"partly-refunded:{order.number}", f"Order {order.number}: {why}.", next_step=step)


def release(refund: Refund, failure: str) -> None:
    """Free the money of a refund that failed at Stripe, and alert staff: only they may refund it again."""
    Payment.objects.filter(pk=refund.payment_id).update(refund_reserved=F("refund_reserved") - refund.amount)
    order = refund.payment.order
    detail = f" ({failure})" if failure else ""
    amount = format_money(refund.amount, refund.payment.currency)
    lifecycle.note(order, who="stripe", what="refund failed", why=f"{amount}{detail}")
    if order.state == OrderState.REFUNDED:
        lifecycle.flag_for_attention(order, who="stripe", why="a refund failed after all of it had gone back")
    raise_alarm(refund, failure)


def raise_alarm(refund: Refund, failure: str) -> None:
    """Alert staff and email them, once per refund: the buyer expects money and does not get it."""
    detail = f" ({failure})" if failure else ""
    message = f"A refund of order {refund.payment.order.number} failed at Stripe{detail}."
    alerts.open_alert(alert_key(refund), message, next_step=PAY_BACK)
    emails.refund_failed(refund, alert_key=alert_key(refund), reason=failure, next_step=PAY_BACK)


def alert_key(refund: Refund) -> str:
    return f"refund:{refund.pk}"
