"""What Printify's product events mean to the catalogue. Events carry no product: each is a reason to read it again."""

from functools import partial

from django.conf import settings
from django.utils import timezone

from catalog.models import PrintifyCache
from catalog.printify.client import printify
from catalog.sync import publishing, runner
from catalog.sync.upsert import UpsertResult
from ilytat.integrations import alerts
from ilytat.integrations.errors import Outcome, Result
from ilytat.integrations.inbox import Apply, handles
from ilytat.integrations.models import InboundEvent

TOPICS = (
    "product:created",
    "product:updated",
    "product:deleted",
    "product:publish:started",
    "shop:disconnected",
)
NOT_OURS = Result(Outcome.IGNORED, "It is not about a product of this shop.")


@handles("printify", "product:created", "product:updated", "product:deleted")
def product_changed(event: InboundEvent) -> Apply:
    """Order does not matter (RELIABILITY C8): what counts is how the product stands when we look."""
    product_id = str(event.subject.get("id") or "")
    if not product_id or not _is_ours(event):
        return lambda: NOT_OURS
    if _read_since(product_id, event):
        return lambda: Result(Outcome.DUPLICATE, "The product was read since.")
    asked_at = timezone.now()
    payload = printify().product(product_id)
    return lambda: _result(runner.keep(product_id, payload, asked_at))


@handles("printify", "product:publish:started")
def publish_started(event: InboundEvent) -> Apply:
    """The answer goes out while the event is read: repeating it is harmless, leaving it out locks the product."""
    product_id = str(event.subject.get("id") or "")
    if not product_id or not _is_ours(event):
        return lambda: NOT_OURS
    data = event.subject.get("data")
    if isinstance(data, dict) and data.get("action") == "delete":
        return partial(publishing.unpublished, product_id)
    result = publishing.answer(product_id)
    return lambda: result


@handles("printify", "shop:disconnected")
def shop_disconnected(event: InboundEvent) -> Apply:
    def apply() -> Result:
        if str(event.subject.get("id") or "") not in {"", settings.PRINTIFY_SHOP_ID}:
            return Result(Outcome.IGNORED, "It is about another shop.")
        alerts.open_alert(
            "printify:disconnected",
            "The shop was disconnected at Printify: orders can no longer be sent.",
            next_step="Reconnect it there. The shop's number changes: set PRINTIFY_SHOP_ID to the new one.",
        )
        return Result(Outcome.HANDLED, "Staff were alerted.")

    return apply


def _result(stored: UpsertResult) -> Result:
    match stored.outcome:
        case "unchanged":
            return Result(Outcome.DUPLICATE, "Nothing has changed.")
        case "older":
            return Result(Outcome.LATE, "What is kept is newer.")
        case "failed":
            return Result(Outcome.FAILED, f"The product cannot be used: {stored.error}.")
    return Result(Outcome.HANDLED, f"Product {stored.outcome}.")


def _is_ours(event: InboundEvent) -> bool:
    """An unpublishing event names no shop; its signature already says that it is meant for us."""
    data = event.subject.get("data")
    shop = data.get("shop_id") if isinstance(data, dict) else None
    return shop is None or str(shop) == settings.PRINTIFY_SHOP_ID


def _read_since(product_id: str, event: InboundEvent) -> bool:
    """Editing a product sends a burst of events: the first look serves them all."""
    known = PrintifyCache.objects.filter(type="product", external_id=product_id, error="")
    return known.filter(fetched_at__gt=event.received_at).exists()
