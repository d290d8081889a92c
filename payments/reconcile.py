"""What Stripe knows and nobody told us: open sessions that have been silent, and those past their hour."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.inbox import NotYetKnown
from payments import checkout, gateway, settlement
from payments.models import CheckoutSession

log = logging.getLogger(__name__)
BATCH = 200


@dataclass
class Report:
    looked: int = 0
    changed: int = 0
    failed: int = 0


def open_sessions(*, silent_for_minutes: float) -> Report:
    """Webhooks may be off for days: ask Stripe about every open session that has been silent for a while."""
    before = timezone.now() - timedelta(minutes=silent_for_minutes)
    rows = CheckoutSession.objects.filter(state="open", created_at__lte=before).order_by("created_at")
    report = Report()
    for row in rows.select_related("order")[:BATCH]:
        _count(report, row, partial(_look, row))
    return report


def overdue_sessions() -> Report:
    """What has passed its hour is closed at Stripe, so that its order can expire; what was paid in time is settled."""
    rows = CheckoutSession.objects.filter(state__in=checkout.OPEN, expires_at__lt=timezone.now())
    report = Report()
    for row in rows.select_related("order")[:BATCH]:
        _count(report, row, partial(checkout.close, row))
    return report


def _look(row: CheckoutSession) -> None:
    facts = gateway.session(str(row.stripe_session_id))
    with transaction.atomic():
        settlement.settle(facts, who="reconcile")


def _count(report: Report, row: CheckoutSession, step: Callable[[], None]) -> None:
    """One session's trouble must not keep the others waiting; the next run tries it again."""
    report.looked += 1
    try:
        step()
    except (IntegrationError, NotYetKnown) as error:
        report.failed += 1
        log.warning("session not settled: %s", error)
    report.changed += CheckoutSession.objects.filter(pk=row.pk).exclude(state=row.state).count()
