"""What a Checkout Session's true state means for its order. One function for webhook, success page and reconciler.

Call `settle` with facts just read from Stripe. Repeats and late news change nothing.
"""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils import timezone

from ilytat.integrations import alerts
from ilytat.integrations.email import normalized_or_blank
from ilytat.integrations.errors import Outcome, Result
from ilytat.integrations.inbox import NotYetKnown
from ilytat.integrations.transactions import retry_conflicts
from ilytat.pages.money import format_money
from notifications import consent, contexts, outbox
from orders import emails as order_emails
from orders import lifecycle
from orders.locks import lock_order
from orders.models import Order
from orders.states import OrderState
from payments import cancellation, coupons, emails
from payments.models import CheckoutSession, Payment
from payments.stripe_objects import CheckoutSessionData
from payments.unmatched_orders import DECIDE

if TYPE_CHECKING:
    from payments.reserve import Reason


@retry_conflicts
def settle(facts: CheckoutSessionData, *, who: str) -> Result:
    """Bring the order in line with the session. Raises NotYetKnown for an order that we do not have (yet)."""
    order = _order_of(facts)
    if order is None:
        return Result(Outcome.IGNORED, "The session was not made by this shop.")
    with lock_order(order):  # two payments of one order are settled one after the other
        return _settle(order, facts, who)


def _settle(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    if facts.live != settings.STRIPE_LIVE or facts.live != order.live:
        return Result(Outcome.IGNORED, "The session is of the other mode (live or test).")
    attach_session(order, facts)
    state = "failed" if facts.failed else facts.status
    rows = CheckoutSession.objects.filter(stripe_session_id=facts.id).exclude(state=state)
    if state == "open":  # read at Stripe before another tab closed it: it never opens again here
        rows = rows.filter(state="creating")
    moved = rows.update(state=state)
    if facts.status == "expired":
        return _expired(order, facts, who)
    if facts.paid:
        return _paid(order, facts, who)
    if facts.failed:
        return _failed(order, facts, who) if moved else Result(Outcome.DUPLICATE, "The failed payment is known.")
    if facts.status == "complete" and moved and order.state == OrderState.AWAITING_PAYMENT:
        lifecycle.note(order, who=who, what="payment pending", why="the bank takes its time")
        emails.payment_confirming(order)
    return Result(Outcome.HANDLED, "The payment has not arrived yet.")


def attach_session(order: Order, facts: CheckoutSessionData) -> None:
    """A session whose id we do not know: Stripe's answer was lost, and the attempt that the session names learns its
    id here; or a reminder opened a cart left behind anew, which makes an attempt of its own.
    """
    lost = CheckoutSession.objects.filter(order=order, attempt=facts.attempt, stripe_session_id__isnull=True)
    if lost.update(stripe_session_id=facts.id, url=facts.url) or facts.status != "complete":
        return
    attempt = (order.sessions.aggregate(last=Max("attempt"))["last"] or 0) + 1
    values = {"order": order, "attempt": attempt, "idempotency_key": f"recovered-{facts.id}"[:120]}
    values |= {"state": "complete", "expires_at": timezone.now()}
    CheckoutSession.objects.get_or_create(stripe_session_id=facts.id, defaults=values)


def _order_of(facts: CheckoutSessionData) -> Order | None:
    """By our public id first, which Stripe carries even when its answer never reached us; then by the session's.
    None for a session that names no order: the account sells something else as well.
    """
    order = Order.objects.filter(number=facts.order).first() if facts.order else None
    order = order or Order.objects.filter(sessions__stripe_session_id=facts.id).first()
    if order is None and facts.order:
        raise NotYetKnown(_unknown(facts))
    return order


def _unknown(facts: CheckoutSessionData) -> str:
    """Of an order that is not here: soon, or, after a backup was restored, for a person to decide about."""
    words = f"session {facts.id} of order {facts.order!r}"
    paid = (
        f", paid with {format_money(facts.total, facts.currency)}. Was a backup restored? {DECIDE}."
        if facts.paid
        else ""
    )
    return f"{words}{paid}"


def _expired(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    if order.sessions.filter(state__in=("creating", "open")).exists():
        return Result(Outcome.HANDLED, "A newer session is open.")
    if not lifecycle.expire(order, who=who):
        return Result(Outcome.LATE, "The order had moved on.")
    coupons.release(order)
    written = write(order, facts)
    detail = "The order expired; the buyer is reminded once." if written else "The order expired."
    return Result(Outcome.HANDLED, detail)


def _failed(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    """The bank said no in the end. The order waits on: the mail leads to another way to pay, and the hour runs."""
    if order.state != OrderState.AWAITING_PAYMENT:
        return Result(Outcome.LATE, "The order had moved on.")
    lifecycle.note(order, who=who, what="payment failed", why=facts.id)
    until = timezone.now() + timedelta(minutes=settings.SESSION_MINUTES)
    CheckoutSession.objects.filter(stripe_session_id=facts.id).update(expires_at=until)
    emails.payment_failed(order, attempt=facts.attempt, pay_until=until)
    return Result(Outcome.HANDLED, "The payment failed; the buyer may try again.")


def _paid(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    if facts.payment_intent and Payment.objects.filter(payment_intent_id=facts.payment_intent).exists():
        return Result(Outcome.DUPLICATE, "This payment is known.")
    if order.erased_at is not None or order.payments.filter(applied=True).exists():
        return refund_duplicate(order, facts, who)  # whatever its amount
    problem = find_mismatch(order, facts)
    if problem:
        record_payment(order, facts, applied=True)
        lifecycle.flag_for_attention(order, who=who, why=problem)
        return Result(Outcome.ATTENTION, problem)
    refunded = f"{format_money(facts.refunded, facts.currency)} already refunded at Stripe" if facts.refunded else ""
    copy_totals(order, facts)
    if lifecycle.mark_paid(order, who=who, refunded=refunded):
        record_payment(order, facts, applied=True)
        coupons.keep(order)
        return Result(Outcome.HANDLED, "The order is paid.")
    return refund_duplicate(order, facts, who)


def find_mismatch(order: Order, facts: CheckoutSessionData) -> str:
    """What does not match between the money and the agreement. Tax is Stripe's to decide when Stripe Tax is on, and the
    discount where the owner lets Stripe take promotion codes and we gave none ourselves.
    """
    tax = facts.tax if settings.STRIPE_AUTOMATIC_TAX else order.tax
    theirs = settings.STRIPE_PROMOTION_CODES and not order.discount
    discount = facts.discount if theirs else order.discount
    total = order.subtotal - discount + order.shipping + tax
    expected = (order.subtotal, order.shipping, discount, tax, total, order.currency)
    found = (facts.subtotal, facts.shipping, facts.discount, facts.tax, facts.total, facts.currency)
    if expected != found:
        return f"Stripe charged {_sums(*found)}. Agreed were {_sums(*expected)}."
    if not facts.total and not discount:
        return "Nothing was paid, and no discount explains it."
    if facts.taxes and set(facts.taxes) != set(order.lines.values_list("pk", flat=True)):
        return "The payment is for other lines than were agreed."
    return ""


def _sums(items: int, shipping: int, discount: int, tax: int, total: int, currency: str) -> str:
    """As staff read them, in the currency that they are in."""
    named = {"items": items, "shipping": shipping, "discount": discount, "tax": tax, "total": total}
    return ", ".join(f"{name} {format_money(amount, currency)}" for name, amount in named.items())


def copy_totals(order: Order, facts: CheckoutSessionData) -> None:
    """What the buyer agreed to on Stripe's page: its tax, and a promotion code typed there."""
    open_ones = Order.objects.filter(pk=order.pk, state__in=(OrderState.AWAITING_PAYMENT, OrderState.EXPIRED))
    if open_ones.update(tax=facts.tax, discount=facts.discount, total=facts.total):
        for line, tax in facts.taxes.items() if facts.tax else ():
            order.lines.filter(pk=line).update(tax=tax)


def record_payment(order: Order, facts: CheckoutSessionData, *, applied: bool) -> Payment | None:
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


def refund_duplicate(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    """The order was paid already, or can no longer be (canceled, or erased): this money goes back by itself."""
    payment = record_payment(order, facts, applied=False)
    if payment is None:
        return Result(Outcome.DUPLICATE, "This payment is known.")
    erased = order.erased_at is not None  # nothing can be sent: the address is gone (Stripe's recovery link still pays)
    note = "paid after its buyer's data were erased" if erased else "paid a second time"
    reason: Reason = "requested_by_customer" if erased else "duplicate"
    cancellation.request_refund(payment, payment.captured, reason=reason, requested_by=who, note=note)
    lifecycle.note(order, who=who, what="surplus payment", why=f"{facts.payment_intent} goes back")
    message = f"Order {order.number} was {note}. This payment is being refunded."
    alerts.open_alert(f"surplus:{facts.payment_intent}", message)
    return Result(Outcome.HANDLED, "A surplus payment goes back to the buyer.")


# Stripe words its own box; this is what we asked it for.
WORDING = "Stripe Checkout: consent to promotional mail (consent_collection.promotions), ticked by the buyer."


def agree_at_checkout(order: Order, *, wording: str) -> None:
    """Record that the buyer ticked our own box, which said `wording`. Call inside the transaction that places it.

    Nothing is recorded for an address that is not proven.
    """
    if is_proven(order):
        consent.agree_by_tick(order.email, "carts", language=order.language, where="checkout page", wording=wording)


def write(order: Order, facts: CheckoutSessionData) -> bool:
    """Call inside the transaction that expires the order. True when the reminder was queued, once a cart."""
    if not settings.ABANDONED_CART_MAIL or _went_on(order) or not is_proven(order):
        return False
    if facts.promotions:
        consent.agree_by_tick(order.email, "carts", language=order.language, where="payment page", wording=WORDING)
    if not consent.may_write(order.email, "carts"):
        return False
    context: contexts.AbandonedCart = {
        "name": order.name,
        "lines": order_emails.lines(order),
        "totals": order_emails.totals(order),
        # Not Stripe's recovery link: it would charge the old prices for a month.
        "url": urljoin(settings.SITE_URL, reverse("cart_restore", args=[order.token])),
    }
    outbox.queue(
        "abandoned_cart",
        dedupe_key=f"abandoned:{order.cart_id or order.number}",
        to=order.email,
        language=order.language,
        context=dict(context),
        reference=order.number,
    )
    return True


def is_proven(order: Order) -> bool:
    """Return whether the order's address belongs to the one who placed it.

    Either the account that placed it has confirmed exactly this address; or this account, or this browser (its cart),
    paid an earlier order under exactly this address. That somebody else has an account or an order under it proves
    nothing: a stranger may type it.
    """
    if EmailAddress.objects.filter(
        user_id=order.user_id, user_id__isnull=False, email=normalized_or_blank(order.email), verified=True
    ).exists():
        return True
    same_buyer = Q(user_id=order.user_id, user_id__isnull=False) | Q(cart_id=order.cart_id, cart_id__isnull=False)
    earlier = Order.objects.paid().filter(same_buyer, email=order.email, paid_at__lt=order.placed_at)
    # Reprints, and what a code made free, cost nobody anything.
    return earlier.filter(total__gt=0).exists()


def _went_on(order: Order) -> bool:
    """The same cart, or the same buyer, ordered again meanwhile: a reminder would only confuse."""
    later = Order.objects.filter(placed_at__gt=order.placed_at)
    same_cart = order.cart_id is not None and later.filter(cart_id=order.cart_id).exists()
    return same_cart or later.filter(email=order.email, paid_at__isnull=False).exists()
