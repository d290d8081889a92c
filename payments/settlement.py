"""Apply the state of a Stripe Checkout Session to its order.

The webhook, the success page and the reconciliation all call `settle` with facts just read from Stripe. Calling it
again, or with facts that arrive late, changes nothing.
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

# What the buyer agreed to on Stripe's page. Stripe writes the label of that box, so we record what we asked it for.
STRIPE_CONSENT_WORDING = (
    "Stripe Checkout: consent to promotional mail (consent_collection.promotions), ticked by the buyer."
)


@retry_conflicts
def settle(facts: CheckoutSessionData, *, who: str) -> Result:
    """Bring the order in line with the session.

    Raises NotYetKnown when the session names an order that we do not have (yet).
    """
    # Our order number first: Stripe has it even when the response with the session id never reached us.
    order = Order.objects.filter(number=facts.order).first() if facts.order else None
    order = order or Order.objects.filter(sessions__stripe_session_id=facts.id).first()
    if order is None:
        if facts.order:
            raise NotYetKnown(_describe_unknown_order(facts))
        # The Stripe account may sell other things as well.
        return Result(Outcome.IGNORED, "The session was not made by this shop.")
    with lock_order(order):  # two payments of one order are settled one after the other
        return _settle_locked(order, facts, who)


def _describe_unknown_order(facts: CheckoutSessionData) -> str:
    """Return the reason of NotYetKnown. The order may arrive soon; after a restored backup, staff must decide."""
    session = f"session {facts.id} of order {facts.order!r}"
    if not facts.paid:
        return session
    return f"{session}, paid with {format_money(facts.total, facts.currency)}. Was a backup restored? {DECIDE}."


def _settle_locked(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    if facts.live != settings.STRIPE_LIVE or facts.live != order.live:
        return Result(Outcome.IGNORED, "The session is of the other mode (live or test).")
    attach_session(order, facts)
    state = "failed" if facts.failed else facts.status
    outdated = CheckoutSession.objects.filter(stripe_session_id=facts.id).exclude(state=state)
    if state == "open":
        # Another tab may have closed the session after these facts were read: never reopen it.
        outdated = outdated.filter(state="creating")
    is_state_new = outdated.update(state=state)
    if facts.status == "expired":
        return _settle_expired(order, facts, who)
    if facts.paid:
        return _settle_paid(order, facts, who)
    if facts.failed:
        if not is_state_new:
            return Result(Outcome.DUPLICATE, "The failed payment is known.")
        return _settle_failed(order, facts, who)
    if facts.status == "complete" and is_state_new and order.state == OrderState.AWAITING_PAYMENT:
        lifecycle.note(order, who=who, what="payment pending", why="the bank takes its time")
        emails.payment_confirming(order)
    return Result(Outcome.HANDLED, "The payment has not arrived yet.")


def attach_session(order: Order, facts: CheckoutSessionData) -> None:
    """Attach the Stripe session id to our row.

    Two cases: (1) Stripe's response was lost, so the attempt named in the metadata has no id yet; (2) the buyer used
    Stripe's recovery link, which creates a new session and so a new attempt.
    """
    attempt_without_id = CheckoutSession.objects.filter(
        order=order, attempt=facts.attempt, stripe_session_id__isnull=True
    )
    if attempt_without_id.update(stripe_session_id=facts.id, url=facts.url) or facts.status != "complete":
        return
    CheckoutSession.objects.get_or_create(
        stripe_session_id=facts.id,
        defaults={
            "order": order,
            "attempt": (order.sessions.aggregate(last=Max("attempt"))["last"] or 0) + 1,
            "idempotency_key": f"recovered-{facts.id}"[:120],
            "state": "complete",
            "expires_at": timezone.now(),
        },
    )


def _settle_expired(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    if order.sessions.filter(state__in=("creating", "open")).exists():
        return Result(Outcome.HANDLED, "A newer session is open.")
    if not lifecycle.expire(order, who=who):
        return Result(Outcome.LATE, "The order had moved on.")
    coupons.release(order)
    is_reminded = queue_abandoned_cart_email(order, facts)
    detail = "The order expired; the buyer is reminded once." if is_reminded else "The order expired."
    return Result(Outcome.HANDLED, detail)


def _settle_failed(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    """Record that the bank declined in the end. The order stays open until the time in the email, to be paid again."""
    if order.state != OrderState.AWAITING_PAYMENT:
        return Result(Outcome.LATE, "The order had moved on.")
    lifecycle.note(order, who=who, what="payment failed", why=facts.id)
    pay_until = timezone.now() + timedelta(minutes=settings.SESSION_MINUTES)
    CheckoutSession.objects.filter(stripe_session_id=facts.id).update(expires_at=pay_until)
    emails.payment_failed(order, attempt=facts.attempt, pay_until=pay_until)
    return Result(Outcome.HANDLED, "The payment failed; the buyer may try again.")


def _settle_paid(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    if facts.payment_intent and Payment.objects.filter(payment_intent_id=facts.payment_intent).exists():
        return Result(Outcome.DUPLICATE, "This payment is known.")
    if order.erased_at is not None or order.payments.filter(applied=True).exists():
        return refund_duplicate(order, facts, who)  # whatever its amount
    mismatch = find_mismatch(order, facts)
    if mismatch:
        record_payment(order, facts, applied=True)
        lifecycle.flag_for_attention(order, who=who, why=mismatch)
        return Result(Outcome.ATTENTION, mismatch)
    refunded = f"{format_money(facts.refunded, facts.currency)} already refunded at Stripe" if facts.refunded else ""
    copy_totals(order, facts)
    if lifecycle.mark_paid(order, who=who, refunded=refunded):
        record_payment(order, facts, applied=True)
        coupons.keep(order)
        return Result(Outcome.HANDLED, "The order is paid.")
    return refund_duplicate(order, facts, who)


def find_mismatch(order: Order, facts: CheckoutSessionData) -> str:
    """Return how the money at Stripe differs from what was agreed, for staff; "" when it matches."""
    # Stripe decides the tax when Stripe Tax is on, and the discount when it takes promotion codes and we gave none.
    tax = facts.tax if settings.STRIPE_AUTOMATIC_TAX else order.tax
    is_discount_from_stripe = settings.STRIPE_PROMOTION_CODES and not order.discount
    discount = facts.discount if is_discount_from_stripe else order.discount
    total = order.subtotal - discount + order.shipping + tax
    agreed = (order.subtotal, order.shipping, discount, tax, total, order.currency)
    charged = (facts.subtotal, facts.shipping, facts.discount, facts.tax, facts.total, facts.currency)
    if agreed != charged:
        return f"Stripe charged {_format_amounts(*charged)}. Agreed were {_format_amounts(*agreed)}."
    if not facts.total and not discount:
        return "Nothing was paid, and no discount explains it."
    if facts.taxes and set(facts.taxes) != set(order.lines.values_list("pk", flat=True)):
        return "The payment is for other lines than were agreed."
    return ""


def _format_amounts(items: int, shipping: int, discount: int, tax: int, total: int, currency: str) -> str:
    amounts = {"items": items, "shipping": shipping, "discount": discount, "tax": tax, "total": total}
    return ", ".join(f"{name} {format_money(amount, currency)}" for name, amount in amounts.items())


def copy_totals(order: Order, facts: CheckoutSessionData) -> None:
    """Copy what the buyer agreed to on Stripe's page: its tax, and a promotion code typed there."""
    unpaid = Order.objects.filter(pk=order.pk, state__in=(OrderState.AWAITING_PAYMENT, OrderState.EXPIRED))
    if unpaid.update(tax=facts.tax, discount=facts.discount, total=facts.total):
        for line_id, tax in facts.taxes.items() if facts.tax else ():
            order.lines.filter(pk=line_id).update(tax=tax)


def record_payment(order: Order, facts: CheckoutSessionData, *, applied: bool) -> Payment | None:
    """Return the new row; None when nothing was charged, or when the payment has been recorded already."""
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
    except IntegrityError:  # another process recorded the same payment a moment ago
        return None


def refund_duplicate(order: Order, facts: CheckoutSessionData, who: str) -> Result:
    """Refund a payment that the order cannot use: it is paid already, canceled, or its buyer's data were erased."""
    payment = record_payment(order, facts, applied=False)
    if payment is None:
        return Result(Outcome.DUPLICATE, "This payment is known.")
    # An erased order has no address to send to, yet Stripe's recovery link still takes a payment for it.
    is_erased = order.erased_at is not None
    note = "paid after its buyer's data were erased" if is_erased else "paid a second time"
    reason: Reason = "requested_by_customer" if is_erased else "duplicate"
    cancellation.request_refund(payment, payment.captured, reason=reason, requested_by=who, note=note)
    lifecycle.note(order, who=who, what="surplus payment", why=f"{facts.payment_intent} goes back")
    message = f"Order {order.number} was {note}. This payment is being refunded."
    alerts.open_alert(f"surplus:{facts.payment_intent}", message)
    return Result(Outcome.HANDLED, "A surplus payment goes back to the buyer.")


def agree_at_checkout(order: Order, *, wording: str) -> None:
    """Record that the buyer ticked our own box, labeled `wording`. Call inside the transaction that places the order.

    Nothing is recorded for an address that is not verified.
    """
    if is_email_verified(order):
        consent.agree_by_tick(order.email, "carts", language=order.language, where="checkout page", wording=wording)


def queue_abandoned_cart_email(order: Order, facts: CheckoutSessionData) -> bool:
    """Remind the buyer of the unpaid cart, at most once per cart. Return whether an email was queued.

    Call inside the transaction that expires the order.
    """
    if not settings.ABANDONED_CART_MAIL or _has_later_order(order) or not is_email_verified(order):
        return False
    if facts.promotions:
        consent.agree_by_tick(
            order.email, "carts", language=order.language, where="payment page", wording=STRIPE_CONSENT_WORDING
        )
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


def _has_later_order(order: Order) -> bool:
    """Return whether the same cart or buyer ordered again since: a reminder would only confuse them."""
    later = Order.objects.filter(placed_at__gt=order.placed_at)
    is_cart_ordered_again = order.cart_id is not None and later.filter(cart_id=order.cart_id).exists()
    return is_cart_ordered_again or later.filter(email=order.email, paid_at__isnull=False).exists()


def is_email_verified(order: Order) -> bool:
    """Return whether the order's email address is known to belong to the buyer who placed it.

    Either their account has confirmed exactly this address, or the same account or cart paid an earlier order under
    it. Another account or order with this address proves nothing: anyone can type it.
    """
    if EmailAddress.objects.filter(
        user_id=order.user_id, user_id__isnull=False, email=normalized_or_blank(order.email), verified=True
    ).exists():
        return True
    same_buyer = Q(user_id=order.user_id, user_id__isnull=False) | Q(cart_id=order.cart_id, cart_id__isnull=False)
    earlier_orders = Order.objects.paid().filter(same_buyer, email=order.email, paid_at__lt=order.placed_at)
    # An order that cost nothing (a reprint, or free with a code) proves no payment.
    return earlier_orders.filter(total__gt=0).exists()
