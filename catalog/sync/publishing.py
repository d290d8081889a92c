"""Answering Printify when the owner presses Publish there: a product stays locked until the shop says how it went.

Source: Printify contract, section 7. Answering twice is harmless; not answering locks the product for ever (E11).
"""

import logging

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from catalog.models import PrintifyCache, Product
from catalog.printify.client import printify
from catalog.sync import runner
from ilytat.integrations import alerts
from ilytat.integrations.errors import IntegrationError, Outcome, Result
from ilytat.integrations.models import SyncLog

log = logging.getLogger(__name__)


def answer(printify_id: str) -> Result:
    """Read the product, tell Printify how it stands here, read it once more.

    Raises an IntegrationError when Printify cannot be reached; the next round asks again.
    """
    stored = runner.refresh_product(printify_id)
    product = stored.product
    if stored.outcome == "gone" or not (product or stored.error):  # an answer about nothing would be an error there
        return Result(Outcome.LATE, "The product is gone.")
    reason = stored.error or _refusal(product)
    if reason or product is None:
        printify().publishing_failed(printify_id, reason)
    else:
        _succeeded(product)
    detail = f"publishing_failed: {reason}" if reason else "publishing_succeeded"
    _note(printify_id, "failed" if reason else "ok", detail)
    # The answer unlocks it there: reading it back is what unlocks it here.
    runner.refresh_product(printify_id)
    return Result(Outcome.HANDLED, detail)


def answer_all() -> int:
    """Answer every product that was locked when it was last read. Returns how many were answered.

    An outage ends the round: no other product could be answered either, and the provider's incident tells staff.
    """
    answered = 0
    for printify_id in locked_ids():
        try:
            answer(printify_id)
        except IntegrationError as error:
            if error.is_outage:
                break
            _note(printify_id, "failed", error.detail)
        else:
            answered += 1
    return answered


def locked_ids() -> list[str]:
    """Shown ones by their row, quarantined ones by what Printify sent."""
    shown = Product.objects.filter(is_locked=True, gone_at__isnull=True).values_list("printify_id", flat=True)
    held = PrintifyCache.objects.filter(Q(data__is_locked=True), type="product").exclude(error="")
    return sorted({*shown, *held.values_list("external_id", flat=True)})


def unpublished(printify_id: str) -> Result:
    """The owner took it off sale at Printify. Only staff show it again: publishing there does not unhide it."""
    hidden = Product.objects.filter(printify_id=printify_id, hidden=False)
    if not hidden.update(hidden=True, synced_at=timezone.now()):
        return Result(Outcome.DUPLICATE, "The product is hidden already, or unknown.")
    detail = "Unpublished in Printify: hidden in the shop."
    _note(printify_id, "hidden", detail)
    return Result(Outcome.HANDLED, detail)


def _refusal(product: Product | None) -> str:
    return "No variant is enabled." if product and product.price_from is None else ""


def _succeeded(product: Product) -> None:
    url = settings.SITE_URL + product.get_absolute_url()
    printify().publishing_succeeded(product.printify_id, our_id=str(product.pk), url=url)
    if product.hidden:
        message = f"Published in Printify, but hidden in the shop: {product}"
        alerts.open_alert(f"hidden:{product.pk}", message, next_step="Untick Hidden in the admin, or leave it.")


def _note(printify_id: str, outcome: str, detail: str) -> None:
    SyncLog.objects.create(
        integration="printify", action="publishing", reference=printify_id, outcome=outcome, detail=detail
    )
