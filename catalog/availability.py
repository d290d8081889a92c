"""Whether something can be sold at this moment, by what we know and how old that is.

Prices and stock change upstream without an event, so what is about to be charged is read once more. When Printify is
down the shop sells from what it knows, up to `settings.CACHE_STALE_LIMIT`.
"""

import logging
import time
from collections.abc import Iterable

from django.conf import settings
from django.utils import timezone

from catalog import sync
from catalog.models import PrintifyCache, Product, Variant
from ilytat.integrations.errors import IntegrationError

log = logging.getLogger(__name__)

DEADLINE = 4.0  # seconds a shopper may wait for certainty
SILENCE_SECONDS = 30.0
_silent_until = 0.0


def ensure_fresh(product_ids: Iterable[int]) -> frozenset[int]:
    """Read anew what has expired among these products (our ids), for a few seconds at most. Raises nothing.

    Returns those that may not be sold: what we know of them is older than the shop trusts.
    """
    wanted = list(product_ids)
    _reread(_stale(wanted))
    trusted_from = timezone.now() - settings.CACHE_STALE_LIMIT
    outdated = PrintifyCache.objects.filter(type="product", expires_at__lte=trusted_from).values("external_id")
    return frozenset(Product.objects.filter(pk__in=wanted, printify_id__in=outdated).values_list("pk", flat=True))


def sellable(variant: Variant) -> bool:
    """Offered, in stock, shown, and known recently enough."""
    trusted_from = timezone.now() - settings.CACHE_STALE_LIMIT
    recent = PrintifyCache.objects.filter(type="product", external_id=variant.product.printify_id)
    return variant.sellable and recent.filter(expires_at__gt=trusted_from).exists()


def _stale(product_ids: list[int]) -> list[str]:
    shown = Product.objects.filter(pk__in=product_ids, gone_at__isnull=True).values("printify_id")
    stale = PrintifyCache.objects.stale().filter(type="product", external_id__in=shown)
    return list(stale.order_by("expires_at").values_list("external_id", flat=True))


def _reread(keys: list[str]) -> None:
    """One after the other against one clock; after a failure nobody in this process asks for half a minute."""
    global _silent_until  # noqa: PLW0603 (a breaker's state is the process's)
    end = time.monotonic() + DEADLINE
    for key in keys:
        if time.monotonic() > end or time.monotonic() < _silent_until:
            return
        try:
            sync.refresh_product(key, interactive=True)
        except IntegrationError as error:
            log.warning("selling from what we know", extra={"product": key, "error": error.detail})
            _silent_until = time.monotonic() + SILENCE_SECONDS
