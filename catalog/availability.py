"""Whether something can be sold at this moment, by what we know and how old that is.

Prices and stock change upstream without an event: what goes into a cart is read again when it is stale, and what is
about to be charged always. When Printify is down the shop sells from what it knows, within staff's limit
(`catalog.freshness`).
"""

import logging
import time
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from catalog import freshness
from catalog.models import PrintifyCache, Product, Variant
from catalog.sync import runner
from ilytat.integrations.errors import IntegrationError

log = logging.getLogger(__name__)

DEADLINE = 4.0  # seconds a shopper may wait for certainty
SILENCE_SECONDS = 30.0
# "Always" before a charge, but not twice while somebody walks through the checkout's form.
JUST_READ = timedelta(seconds=60)
_silent_until = 0.0


def ensure_fresh(product_ids: Iterable[int], *, before_charge: bool = False) -> frozenset[int]:
    """Read anew what has expired among these products (our ids), for a few seconds at most. Raises nothing.

    `before_charge`: also what has not expired, unless it was read this minute. Returns those that may not be sold:
    what we know of them is older than the shop trusts.
    """
    wanted = list(product_ids)
    _reread(_due(wanted, before_charge=before_charge))
    outdated = PrintifyCache.objects.filter(type="product", expires_at__lte=freshness.due_since()).values("external_id")
    return frozenset(Product.objects.filter(pk__in=wanted, printify_id__in=outdated).values_list("pk", flat=True))


def last_checked(product: Product) -> datetime | None:
    """When price and stock were read, if that is longer ago than it should be; None while all is well."""
    late = timezone.now() - timedelta(minutes=settings.CATALOG_TTL_MINUTES) / 2
    rows = PrintifyCache.objects.filter(type="product", external_id=product.printify_id, expires_at__lte=late)
    expired = rows.values_list("expires_at", flat=True).first()
    return expired - timedelta(minutes=settings.CATALOG_TTL_MINUTES) if expired else None


def sellable(variant: Variant) -> bool:
    """Offered, in stock, shown, and known recently enough."""
    recent = PrintifyCache.objects.filter(type="product", external_id=variant.product.printify_id)
    return variant.sellable and recent.filter(expires_at__gt=freshness.due_since()).exists()


def _due(product_ids: list[int], *, before_charge: bool) -> list[str]:
    shown = Product.objects.filter(pk__in=product_ids, gone_at__isnull=True).values("printify_id")
    now = timezone.now()
    due = Q(fetched_at__lt=now - JUST_READ) | Q(expires_at__lte=now) if before_charge else Q(expires_at__lte=now)
    rows = PrintifyCache.objects.filter(due, type="product", external_id__in=shown)
    return list(rows.order_by("expires_at").values_list("external_id", flat=True))


def _reread(keys: list[str]) -> None:
    """One after the other against one clock; after a failure nobody in this process asks for half a minute."""
    global _silent_until  # noqa: PLW0603 (a breaker's state is the process's)
    end = time.monotonic() + DEADLINE
    for key in keys:
        if time.monotonic() > end or time.monotonic() < _silent_until:
            return
        try:
            runner.refresh_product(key, interactive=True)
        except IntegrationError as error:
            log.warning("selling from what we know", extra={"product": key, "error": error.detail})
            _silent_until = time.monotonic() + SILENCE_SECONDS
