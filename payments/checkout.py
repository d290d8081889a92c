"""From an order to a Stripe Checkout Session: one open at most, the same for a double click, built from the snapshot.

The row is committed before the call and carries the idempotency key and everything the parameters depend on, so that
a retry after a lost answer sends the very same request. The row is also the claim on the cart: the database accepts one
open row for a cart, so of two tabs that start to pay at once, one asks Stripe and the other is refused before it does.
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
STRIPE_MINUTES = (30, 24 * 60)
INVALID = 400
NO_SUCH_PLACE = "customer_tax_location_invalid"


class NotPayable(Exception):
    """`order` is past paying (it may be another of the same cart): show it instead."""

    def __init__(self, order: Order) -> None:
        super().__init__(order.state)
        self.order = order


class PaidInAnotherTab(Exception):
    """Another order of the same cart has the open payment page, and none was opened for this one."""


def start(order: Order) -> CheckoutSessionData | CheckoutSession:
    """The open session of the order, made if need be.

    Raises NotPayable, PaidInAnotherTab, DeliveryChanged (the quote is over, and another price is to be agreed to),
    MarginTooLow or an IntegrationError.
    """
    if order.state != OrderState.AWAITING_PAYMENT:
        raise NotPayable(order)
    if not order.sessions.filter(state__in=OPEN, expires_at__gt=timezone.now()).exists():
        quote_renewal.renew(order)
    ledger.check(order)
    row = _open_row(order)
    if row.stripe_session_id and mode(row) == "hosted_page":
        return row
    try:
        facts = _create(order, row)
    except IntegrationError as error:
        return recover_or_retry(order, row, error)
    opened = CheckoutSession.objects.filter(pk=row.pk, state__in=OPEN)
    if opened.update(stripe_session_id=facts.id, url=facts.url, state="open"):
        return facts
    row.refresh_from_db()
    if row.state == "expired":  # another tab closed this attempt while Stripe answered
        raise PaidInAnotherTab
    order.refresh_from_db()
    raise NotPayable(order)


def _create(order: Order, row: CheckoutSession) -> CheckoutSessionData:
    if order.discount:
        gateway.create_coupon(coupon_name(order), order.discount, order.currency, key=f"coupon-{order.number}")
    if not settings.STRIPE_AUTOMATIC_TAX:
        return gateway.create_session(params(order, row), key=row.idempotency_key)
    customer = customers.of_order(order)
    try:
        return gateway.create_session(params(order, row, customer), key=row.idempotency_key)
    except Refused as error:
        if error.code != NO_SUCH_PLACE:
            raise
        # Stripe Tax does not know the address: then its page asks for the billing address and taxes that.
        return gateway.create_session(params(order, row), key=f"{row.idempotency_key}-asks")


def recover_or_retry(
    order: Order, row: CheckoutSession, error: IntegrationError
) -> CheckoutSessionData | CheckoutSession:
    """The page that a twin of this request was given meanwhile; else, for an older attempt that Stripe cannot make
    any more (too little of its time is left), a new attempt. Raises `error` when there is neither.
    """
    row.refresh_from_db()
    if row.stripe_session_id and mode(row) == "hosted_page":
        return row
    if _means(error, INVALID) and row.stripe_session_id is None:
        CheckoutSession.objects.filter(pk=row.pk, stripe_session_id=None).update(state="expired")
        if row.created_at < timezone.now() - timedelta(minutes=1):
            return start(order)
    raise error


def _means(error: IntegrationError, status: int) -> bool:
    return isinstance(error, Refused) and error.status == status


def start_hosted(order: Order) -> str:
    """Stripe's own page, for a browser that our form with Stripe's script does not work in. Raises as `start` does.

    The attempt that is open is closed first; should it have been paid, it is settled, and NotPayable raised.
    """
    row = order.sessions.filter(state__in=OPEN).first()
    if row and mode(row) != "hosted_page":
        _replace(order, row, "hosted_page")
    return start(order).url


def _open_row(order: Order) -> CheckoutSession:
    row = order.sessions.filter(state__in=OPEN).first()
    if row is None:
        return _fresh_row(order)
    return row if row.expires_at > timezone.now() + timedelta(minutes=1) else _replace(order, row)


def _replace(order: Order, row: CheckoutSession, ui_mode: str = "") -> CheckoutSession:
    """Close this attempt at Stripe, then create the next one of the same order.

    Raises NotPayable when the attempt turns out to be paid: it is settled then.
    """
    session_id = row.stripe_session_id or find_by_idempotency_key(row)
    facts = _closed(session_id) if session_id else None
    if facts and facts.status != "expired":
        settlement.settle(facts, who="checkout")
        order.refresh_from_db()
        raise NotPayable(order)
    return _fresh_row(order, ui_mode, replaced=row)


def _minutes() -> float:
    """A minute within what Stripe allows, since it counts from when it hears of the session."""
    asked: float = settings.SESSION_MINUTES
    return min(max(asked, STRIPE_MINUTES[0] + 1), STRIPE_MINUTES[1] - 1)


def _fresh_row(order: Order, ui_mode: str = "", *, replaced: CheckoutSession | None = None) -> CheckoutSession:
    """Claim the cart's one open attempt for this order and commit it, before Stripe is asked.

    Requests at the same time are decided by the unique constraints, not by what each of them read before. Raises
    NotPayable, or PaidInAnotherTab when another order of the cart holds the claim.
    """
    try:
        with lock_order(order):
            if order.state != OrderState.AWAITING_PAYMENT:
                raise NotPayable(order)
            if replaced:
                CheckoutSession.objects.filter(pk=replaced.pk, state__in=OPEN).update(state="expired")
            attempt = (order.sessions.aggregate(last=Max("attempt"))["last"] or 0) + 1
            row = CheckoutSession.objects.create(
                order=order,
                cart_id=order.cart_id,
                attempt=attempt,
                ui_mode=ui_mode,
                idempotency_key=f"checkout-{order.number}-{attempt}",
                expires_at=timezone.now() + timedelta(minutes=_minutes()),
            )
            # After the insert, which may have waited for the other order's payment to be committed.
            _refuse_what_was_bought(order)
            return row
    except IntegrityError:
        twin = order.sessions.filter(state__in=OPEN).first()  # a double click: the other request's row is ours too
        if twin is None:
            raise PaidInAnotherTab from None
        return twin


def _refuse_what_was_bought(order: Order) -> None:
    """Raise NotPayable when the cart was paid by another order after this one was placed: it is the same purchase."""
    if order.cart_id is None:
        return
    paid_since = Order.objects.filter(cart_id=order.cart_id, paid_at__gt=order.placed_at).exclude(pk=order.pk)
    bought = paid_since.order_by("paid_at").last()
    if bought:
        raise NotPayable(bought)


def supersede(order: Order) -> None:
    """The same cart was ordered before with other details and not paid: close that first.

    Raises NotPayable when it turns out to be paid, and an IntegrationError when Stripe cannot say whether it is
    closed: then no second way to pay is opened. What another tab opens after this look, `start` is refused for.
    """
    if order.cart_id is None:
        return
    _refuse_what_was_bought(order)
    rivals = CheckoutSession.objects.filter(order__cart_id=order.cart_id, state__in=OPEN).exclude(order=order)
    for row in rivals.select_related("order"):
        close(row)
        row.order.refresh_from_db()
        if row.order.state == OrderState.PAID:
            raise NotPayable(row.order)


def close(row: CheckoutSession) -> None:
    """Make sure that the session can no longer be paid; if it was paid in time, settle it instead."""
    session_id = row.stripe_session_id or find_by_idempotency_key(row)
    facts = _closed(session_id) if session_id else None
    if facts:
        settlement.settle(facts, who="checkout")
        return
    with lock_order(row.order):
        closed = CheckoutSession.objects.filter(pk=row.pk, state__in=OPEN).update(state="expired")
        if closed and lifecycle.expire(row.order, who="checkout"):
            coupons.release(row.order)


def _closed(session_id: str) -> CheckoutSessionData | None:
    """The session, no longer open; None when Stripe knows no such session (of this key), so that nobody can pay it."""
    try:
        return gateway.expire_session(session_id)
    except Refused:  # no longer open, then: what became of it?
        return gateway.session_if_any(session_id)


def find_by_idempotency_key(row: CheckoutSession) -> str | None:
    """The session that a lost answer may have made: the same key and parameters give it back. None: there is none."""
    try:
        return _create(row.order, row).id
    except Refused as error:
        if _means(error, INVALID):
            return None
        raise


log = logging.getLogger(__name__)
BATCH = 200


@dataclass
class Report:
    looked: int = 0
    changed: int = 0
    failed: int = 0


def open_sessions(*, silent_for_minutes: float) -> Report:
    """Webhooks may be off for days: ask Stripe about every open session that has been silent for a while, and about
    completed ones whose money was to follow.
    """
    before = timezone.now() - timedelta(minutes=silent_for_minutes)
    undecided = Q(state="open") | Q(state="complete", order__state=OrderState.AWAITING_PAYMENT)
    rows = CheckoutSession.objects.filter(undecided, created_at__lte=before).order_by("created_at")
    report = Report()
    for row in rows.select_related("order")[:BATCH]:
        _count(report, row, partial(_look, row))
    return report


def overdue_sessions() -> Report:
    """What has passed its hour is closed at Stripe, so that its order can expire; what was paid in time is settled."""
    rows = CheckoutSession.objects.filter(state__in=OPEN, expires_at__lt=timezone.now()).order_by("expires_at")
    report = Report()
    for row in rows.select_related("order")[:BATCH]:
        _count(report, row, partial(close, row))
    return report


def forgotten_orders() -> int:
    """Orders that wait though nothing is left to pay them by. Returns how many were let go."""
    return sum(_let_go(order) for order in _forgotten()[:BATCH])


def _forgotten() -> QuerySet[Order]:
    before = timezone.now() - timedelta(minutes=settings.SESSION_MINUTES)
    rows = Order.objects.waiting().filter(placed_at__lt=before).order_by("placed_at")
    undecided = CheckoutSession.objects.filter(state__in=(*OPEN, "complete"))
    may_try_again = CheckoutSession.objects.filter(state="failed", expires_at__gt=timezone.now())
    return rows.exclude(sessions__in=undecided | may_try_again)


def _let_go(order: Order) -> bool:
    """One transaction an order: a code's counter must not stay locked while the next order is waited for."""
    with lock_order(order):
        if not _forgotten().filter(pk=order.pk).exists():
            return False  # its buyer has opened a payment page meanwhile
        expired = lifecycle.expire(order, who="reconcile")
        if expired:
            coupons.release(order)
    return expired


def _look(row: CheckoutSession) -> None:
    settlement.settle(gateway.session(str(row.stripe_session_id)), who="reconcile")


def _count(report: Report, row: CheckoutSession, step: Callable[[], None]) -> None:
    """One session's trouble must not keep the others waiting; the next run tries it again."""
    report.looked += 1
    try:
        step()
    except (IntegrationError, NotYetKnown) as error:
        report.failed += 1
        log.warning("session not settled: %s", error)
    except Exception:
        report.failed += 1
        log.exception("session not settled", extra={"session": row.pk})
    report.changed += CheckoutSession.objects.filter(pk=row.pk).exclude(state=row.state).count()
