"""Open a Stripe Checkout Session for an order, and close the sessions that nobody paid.

A cart has at most one open attempt. The database enforces that, so of two tabs that start to pay at once, one asks
Stripe and the other is refused before it does. The row of the attempt is committed before Stripe is called. It carries
the idempotency key and everything the parameters depend on, so a retry after a lost response sends the same request.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from ilytat.integrations.errors import IntegrationError, Refused
from ilytat.integrations.inbox import NotYetKnown
from orders import lifecycle, quote_renewal
from orders.locks import lock_order
from orders.models import Order
from orders.states import OrderState
from payments import coupons, customers, gateway, ledger, settlement
from payments.models import CheckoutSession
from payments.session_params import coupon_name, mode, params
from payments.stripe_objects import CheckoutSessionData

OPEN = ("creating", "open")
STRIPE_MINUTES = (30, 24 * 60)  # how long Stripe lets a session stay open
INVALID_REQUEST_STATUS = 400
UNKNOWN_TAX_LOCATION = "customer_tax_location_invalid"
BATCH_SIZE = 200

log = logging.getLogger(__name__)


class NotPayable(Exception):
    """`order` can no longer be paid: show it instead. It may be another order of the same cart."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.state)
        self.order = order


class PaidInAnotherTab(Exception):
    """Another order of the same cart has the open payment page, and none was opened for this one."""


def start(order: Order) -> CheckoutSessionData | CheckoutSession:
    """Return the order's open session, creating it if necessary.

    Raises NotPayable, PaidInAnotherTab, DeliveryChanged (the quote has expired and the buyer must agree to another
    price), MarginTooLow or an IntegrationError.
    """
    if order.state != OrderState.AWAITING_PAYMENT:
        raise NotPayable(order)
    if not order.sessions.filter(state__in=OPEN, expires_at__gt=timezone.now()).exists():
        quote_renewal.renew(order)
    ledger.check(order)
    attempt = order.sessions.filter(state__in=OPEN).first()
    if attempt is None:
        attempt = claim_attempt(order)
    elif attempt.expires_at <= timezone.now() + timedelta(minutes=1):
        attempt = _replace_attempt(order, attempt)
    if attempt.stripe_session_id and mode(attempt) == "hosted_page":
        return attempt
    try:
        facts = create_stripe_session(order, attempt)
    except IntegrationError as error:
        return recover_or_retry(order, attempt, error)
    still_open = CheckoutSession.objects.filter(pk=attempt.pk, state__in=OPEN)
    if still_open.update(stripe_session_id=facts.id, url=facts.url, state="open"):
        return facts
    attempt.refresh_from_db()
    if attempt.state == "expired":  # another tab closed this attempt while Stripe answered
        raise PaidInAnotherTab
    order.refresh_from_db()
    raise NotPayable(order)


def start_hosted(order: Order) -> str:
    """Return the URL of Stripe's own page, for a browser in which Stripe's script does not work.

    Raises as `start` does. An open attempt of another kind is closed first. If it turns out to be paid, it is settled
    and NotPayable is raised.
    """
    attempt = order.sessions.filter(state__in=OPEN).first()
    if attempt and mode(attempt) != "hosted_page":
        _replace_attempt(order, attempt, "hosted_page")
    return start(order).url


def claim_attempt(order: Order, ui_mode: str = "", *, replaced: CheckoutSession | None = None) -> CheckoutSession:
    """Claim the cart's one open attempt for this order and commit it, before Stripe is called.

    The unique constraints decide between concurrent requests, not what each of them read before. Raises NotPayable,
    or PaidInAnotherTab when another order of the cart holds the claim.
    """
    # One minute inside Stripe's limits, which Stripe counts from when it receives the request.
    configured: float = settings.SESSION_MINUTES
    minutes = min(max(configured, STRIPE_MINUTES[0] + 1), STRIPE_MINUTES[1] - 1)
    try:
        with lock_order(order):
            if order.state != OrderState.AWAITING_PAYMENT:
                raise NotPayable(order)
            if replaced:
                CheckoutSession.objects.filter(pk=replaced.pk, state__in=OPEN).update(state="expired")
            number = (order.sessions.aggregate(last=Max("attempt"))["last"] or 0) + 1
            attempt = CheckoutSession.objects.create(
                order=order,
                cart_id=order.cart_id,
                attempt=number,
                ui_mode=ui_mode,
                idempotency_key=f"checkout-{order.number}-{number}",
                expires_at=timezone.now() + timedelta(minutes=minutes),
            )
            # After the insert, which may have waited for another order's payment to be committed.
            _require_unpaid_cart(order)
            return attempt
    except IntegrityError:
        # A double click: the other request has just created this order's attempt.
        concurrent_attempt = order.sessions.filter(state__in=OPEN).first()
        if concurrent_attempt is None:
            raise PaidInAnotherTab from None
        return concurrent_attempt


def _replace_attempt(order: Order, attempt: CheckoutSession, ui_mode: str = "") -> CheckoutSession:
    """Close this attempt at Stripe, then claim the next one of the same order.

    Raises NotPayable when the attempt turns out to be paid: it is settled then.
    """
    facts = _expire_at_stripe(attempt)
    if facts and facts.status != "expired":
        settlement.settle(facts, who="checkout")
        order.refresh_from_db()
        raise NotPayable(order)
    return claim_attempt(order, ui_mode, replaced=attempt)


def create_stripe_session(order: Order, attempt: CheckoutSession) -> CheckoutSessionData:
    """Create the session at Stripe; the same attempt again returns the same session. Raises an IntegrationError."""
    if order.discount:
        gateway.create_coupon(coupon_name(order), order.discount, order.currency, key=f"coupon-{order.number}")
    if not settings.STRIPE_AUTOMATIC_TAX:
        return gateway.create_session(params(order, attempt), key=attempt.idempotency_key)
    customer = customers.of_order(order)
    try:
        return gateway.create_session(params(order, attempt, customer), key=attempt.idempotency_key)
    except Refused as error:
        if error.code != UNKNOWN_TAX_LOCATION:
            raise
        # Stripe Tax cannot locate the address. Without a customer, Stripe's page asks for a billing address to tax.
        return gateway.create_session(params(order, attempt), key=f"{attempt.idempotency_key}-asks")


def recover_or_retry(
    order: Order, attempt: CheckoutSession, error: IntegrationError
) -> CheckoutSessionData | CheckoutSession:
    """Return the session that a concurrent request created, or start a new attempt. Raises `error` otherwise.

    A new attempt replaces an older one that Stripe refuses to create because too little of its time is left.
    """
    attempt.refresh_from_db()
    if attempt.stripe_session_id and mode(attempt) == "hosted_page":
        return attempt
    if _is_invalid_request(error) and attempt.stripe_session_id is None:
        CheckoutSession.objects.filter(pk=attempt.pk, stripe_session_id=None).update(state="expired")
        if attempt.created_at < timezone.now() - timedelta(minutes=1):
            return start(order)
    raise error


def _is_invalid_request(error: IntegrationError) -> bool:
    return isinstance(error, Refused) and error.status == INVALID_REQUEST_STATUS


def supersede(order: Order) -> None:
    """Close the unpaid attempts of earlier orders of the same cart, so that the cart is paid only once.

    Raises NotPayable when one turns out to be paid, and an IntegrationError when Stripe cannot say whether it is
    closed. If another tab opens an attempt after this check, `start` refuses this order.
    """
    if order.cart_id is None:
        return
    _require_unpaid_cart(order)
    competing = CheckoutSession.objects.filter(order__cart_id=order.cart_id, state__in=OPEN).exclude(order=order)
    for attempt in competing.select_related("order"):
        close(attempt)
        attempt.order.refresh_from_db()
        if attempt.order.state == OrderState.PAID:
            raise NotPayable(attempt.order)


def _require_unpaid_cart(order: Order) -> None:
    """Raise NotPayable when another order of the cart was paid after this one was placed: it is the same purchase."""
    if order.cart_id is None:
        return
    paid_since = Order.objects.filter(cart_id=order.cart_id, paid_at__gt=order.placed_at).exclude(pk=order.pk)
    last_paid = paid_since.order_by("paid_at").last()
    if last_paid:
        raise NotPayable(last_paid)


def close(attempt: CheckoutSession) -> None:
    """Make sure that the attempt can no longer be paid; if it was paid in time, settle it instead."""
    facts = _expire_at_stripe(attempt)
    if facts:
        settlement.settle(facts, who="checkout")
        return
    with lock_order(attempt.order):
        is_closed = CheckoutSession.objects.filter(pk=attempt.pk, state__in=OPEN).update(state="expired")
        if is_closed and lifecycle.expire(attempt.order, who="checkout"):
            coupons.release(attempt.order)


def _expire_at_stripe(attempt: CheckoutSession) -> CheckoutSessionData | None:
    """Return the attempt's session, no longer open; None when Stripe has no such session, so it cannot be paid."""
    session_id = attempt.stripe_session_id or find_by_idempotency_key(attempt)
    if not session_id:
        return None
    try:
        return gateway.expire_session(session_id)
    except Refused:  # it was no longer open: read how it ended
        return gateway.session_if_any(session_id)


def find_by_idempotency_key(attempt: CheckoutSession) -> str | None:
    """Return the id of the session whose response was lost, by repeating the request; None when Stripe made none."""
    try:
        return create_stripe_session(attempt.order, attempt).id
    except Refused as error:
        if _is_invalid_request(error):
            return None
        raise


@dataclass
class Report:
    checked: int = 0
    changed: int = 0
    failed: int = 0


def refresh_open_sessions(*, silent_for_minutes: float) -> Report:
    """Read open sessions from Stripe, and completed ones that still wait for their money, and settle them.

    This is how payments arrive while webhooks do not.
    """
    before = timezone.now() - timedelta(minutes=silent_for_minutes)
    undecided = Q(state="open") | Q(state="complete", order__state=OrderState.AWAITING_PAYMENT)
    attempts = CheckoutSession.objects.filter(undecided, created_at__lte=before).order_by("created_at")
    report = Report()
    for attempt in attempts.select_related("order")[:BATCH_SIZE]:
        _run_reported(report, attempt, partial(_refresh, attempt))
    return report


def _refresh(attempt: CheckoutSession) -> None:
    settlement.settle(gateway.session(str(attempt.stripe_session_id)), who="reconcile")


def close_overdue_sessions() -> Report:
    """Close expired sessions at Stripe, so that their orders expire; settle those that were paid in time."""
    attempts = CheckoutSession.objects.filter(state__in=OPEN, expires_at__lt=timezone.now()).order_by("expires_at")
    report = Report()
    for attempt in attempts.select_related("order")[:BATCH_SIZE]:
        _run_reported(report, attempt, partial(close, attempt))
    return report


def _run_reported(report: Report, attempt: CheckoutSession, step: Callable[[], None]) -> None:
    """Run the step and count its outcome. A failure does not stop the other attempts; the next run retries it."""
    report.checked += 1
    try:
        step()
    except (IntegrationError, NotYetKnown) as error:
        report.failed += 1
        log.warning("session not settled: %s", error)
    except Exception:
        report.failed += 1
        log.exception("session not settled", extra={"session": attempt.pk})
    report.changed += CheckoutSession.objects.filter(pk=attempt.pk).exclude(state=attempt.state).count()


def expire_forgotten_orders() -> int:
    """Expire unpaid orders that have no attempt left to pay them with. Return how many expired."""
    expired_count = 0
    for order in _forgotten_orders()[:BATCH_SIZE]:
        # One transaction per order: a discount code's counter must not stay locked while waiting for the next order.
        with lock_order(order):
            if not _forgotten_orders().filter(pk=order.pk).exists():
                continue  # its buyer has opened a payment page in the meantime
            if lifecycle.expire(order, who="reconcile"):
                coupons.release(order)
                expired_count += 1
    return expired_count


def _forgotten_orders() -> QuerySet[Order]:
    before = timezone.now() - timedelta(minutes=settings.SESSION_MINUTES)
    orders = Order.objects.waiting().filter(placed_at__lt=before).order_by("placed_at")
    undecided = CheckoutSession.objects.filter(state__in=(*OPEN, "complete"))
    retryable = CheckoutSession.objects.filter(state="failed", expires_at__gt=timezone.now())
    return orders.exclude(sessions__in=undecided | retryable)
