"""What runs by the clock: sessions nobody told us the end of."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from celery import shared_task
from django.db import transaction
from django.utils import timezone

from ilytat.integrations import leases
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.inbox import NotYetKnown
from payments import checkout, gateway, settlement
from payments.models import CheckoutSession

log = logging.getLogger(__name__)

UNHEARD_MINUTES = 5
BATCH = 50


@shared_task(ignore_result=True)
def reconcile() -> None:
    """Webhooks may be off for days: look at every open session that has been silent for a while."""
    before = timezone.now() - timedelta(minutes=UNHEARD_MINUTES)
    with leases.turn("reconcile", 300) as mine:
        rows = CheckoutSession.objects.filter(state="open", created_at__lt=before).select_related("order")
        for row in rows[:BATCH] if mine else []:
            _try(partial(look, row))


@shared_task(ignore_result=True)
def close_stale_sessions() -> None:
    """What has passed its hour is closed at Stripe, so that its order can expire; what was paid in time is settled."""
    with leases.turn("close sessions", 120) as mine:
        rows = CheckoutSession.objects.filter(state__in=checkout.OPEN, expires_at__lt=timezone.now())
        for row in rows.select_related("order")[:BATCH] if mine else []:
            _try(partial(checkout.close, row))


def look(row: CheckoutSession) -> None:
    facts = gateway.session(str(row.stripe_session_id))
    with transaction.atomic():
        settlement.settle(facts, who="reconcile")


def _try(step: Callable[[], None]) -> None:
    """One session's trouble must not keep the others waiting; the next run tries it again."""
    try:
        step()
    except (IntegrationError, NotYetKnown) as error:
        log.warning("session not settled: %s", error)
