"""What Stripe knows and nobody told us: open sessions that have been silent, and those past their hour."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.inbox import NotYetKnown
from orders import lifecycle
from orders.locks import lock_order
from orders.models import Order
from orders.states import OrderState
from payments import checkout, coupons, gateway, settlement
from payments.models import CheckoutSession

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
    rows = CheckoutSession.objects.filter(state__in=checkout.OPEN, expires_at__lt=timezone.now()).order_by("expires_at")
    report = Report()
    for row in rows.select_related("order")[:BATCH]:
        _count(report, row, partial(checkout.close, row))
    return report


def forgotten_orders() -> int:
    """Orders that wait though nothing is left to pay them by. Returns how many were let go."""
    return sum(_let_go(order) for order in _forgotten()[:BATCH])


def _forgotten() -> QuerySet[Order]:
    before = timezone.now() - timedelta(minutes=settings.SESSION_MINUTES)
    rows = Order.objects.waiting().filter(placed_at__lt=before).order_by("placed_at")
    undecided = CheckoutSession.objects.filter(state__in=(*checkout.OPEN, "complete"))
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
