"""What a Checkout Session's true state means for its order. One function for webhook, success page and reconciler.

Call `settle` inside a transaction with facts just read from Stripe. Repeats and late news change nothing.
"""

from django.conf import settings
from django.db import IntegrityError, transaction

from ilytat.integrations import alerts
from ilytat.integrations.inbox import NotYetKnown
from orders import lifecycle
from orders.models import Order
from payments.gateway import SessionFacts
from payments.models import CheckoutSession, Payment
from payments.refunds import give_back


def settle(facts: SessionFacts, *, who: str) -> str:
    """A verdict in words. Raises NotYetKnown for a session of no order of ours."""
    order = _order_of(facts)
    if facts.live != settings.STRIPE_LIVE or facts.live != order.live:
        return "ignored: of the other mode"
    # Stripe's answer may have been lost: then the attempt that the session names learns its id here.
    lost = CheckoutSession.objects.filter(order=order, attempt=facts.attempt, stripe_session_id__isnull=True)
    lost.update(stripe_session_id=facts.id, url=facts.url)
    mine = CheckoutSession.objects.filter(stripe_session_id=facts.id).exclude(state=facts.status)
    mine.update(state=facts.status)
    if facts.status == "expired":
        return _expired(order, who)
    if not facts.paid:
        return "handled: payment is not there yet"
    return _paid(order, facts, who)


def _order_of(facts: SessionFacts) -> Order:
    """By our public id first, which Stripe carries even when its answer never reached us; then by the session's.

    Locked: two payments of one order are settled one after the other.
    """
    rows = Order.objects.select_for_update(no_key=True)
    order = rows.filter(number=facts.order).first() if facts.order else None
    order = (
        order or rows.filter(pk__in=CheckoutSession.objects.filter(stripe_session_id=facts.id).values("order")).first()
    )
    if order is None:
        raise NotYetKnown(f"session {facts.id} of order {facts.order!r}")
    return order


def _expired(order: Order, who: str) -> str:
    if order.sessions.filter(state__in=("creating", "open")).exists():
        return "handled: a newer session is open"
    return "handled" if lifecycle.expire(order, who=who) else "late: the order had moved on"


def _paid(order: Order, facts: SessionFacts, who: str) -> str:
    if facts.payment_intent and Payment.objects.filter(payment_intent_id=facts.payment_intent).exists():
        return "duplicate: this payment is known"
    if order.payments.filter(applied=True).exists():
        return _surplus(order, facts, who)  # whatever its amount
    problem = _difference(order, facts)
    if problem:
        _keep(order, facts, applied=True)
        lifecycle.ask_attention(order, who=who, why=problem)
        return f"attention: {problem}"
    hold = f"{facts.refunded} already refunded at Stripe" if facts.refunded else ""
    if lifecycle.mark_paid(order, who=who, hold=hold):
        _keep(order, facts, applied=True)
        return "handled"
    return _surplus(order, facts, who)


def _difference(order: Order, facts: SessionFacts) -> str:
    """What does not match between the money and the deal; tax is Stripe's to decide when Stripe Tax is on."""
    tax = facts.tax if settings.STRIPE_AUTOMATIC_TAX else order.tax
    expected = (order.subtotal, order.shipping, order.discount, tax, order.total - order.tax + tax, order.currency)
    found = (facts.subtotal, facts.shipping, facts.discount, facts.tax, facts.total, facts.currency)
    return "" if expected == found else f"paid {found} where {expected} was agreed"


def _keep(order: Order, facts: SessionFacts, *, applied: bool) -> Payment | None:
    if not facts.payment_intent:
        return None
    try:
        with transaction.atomic():
            return Payment.objects.create(
                order=order,
                payment_intent_id=facts.payment_intent,
                captured=facts.total,
                currency=facts.currency,
                applied=applied,
                live=facts.live,
                fee=facts.fee,
            )
    except IntegrityError:  # the same payment, kept by a rival a moment ago
        return None


def _surplus(order: Order, facts: SessionFacts, who: str) -> str:
    """The order was paid already, or can no longer be: this money goes back by itself."""
    payment = _keep(order, facts, applied=False)
    if payment is None:
        return "duplicate: this payment is known"
    give_back(payment, payment.captured, reason="duplicate", asked_by=who, note="paid a second time")
    lifecycle.note(order, who=who, what="surplus payment", why=f"{facts.payment_intent} goes back")
    message = f"Order {order.number} was paid twice; the second payment is being refunded."
    alerts.open_alert(f"surplus:{facts.payment_intent}", message)
    return "handled: surplus, refunded"
