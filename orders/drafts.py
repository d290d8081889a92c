"""Drafts at Printify that are not wanted any more: canceled there, and read back, before anything newer is submitted.

Source: Printify contract, section 8. A draft can be canceled while on hold; right after its creation it is still
pending, and then the wish is repeated.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import printify
from catalog.upstream_orders import UpstreamOrder
from ilytat.integrations.errors import Refused
from orders import lifecycle
from orders.models import EarlierDraft, Fulfilment
from orders.printify_statuses import PREPARING, PRODUCING
from orders.states import FulfilmentState

WHO = "fulfilment"
PREPARING_WAIT = 10.0  # seconds


def cancel(job: Fulfilment) -> None:
    """Work of a row that was called off: it ends canceled, or in attention when Printify prints it all the same."""
    if not all_gone(job):
        return
    with transaction.atomic():
        job.finish(FulfilmentState.CANCELED, upstream_status="canceled" if job.printify_order_id else "")
        lifecycle.note(job.order, who=WHO, what="fulfilment", new=FulfilmentState.CANCELED)


def all_gone(job: Fulfilment) -> bool:
    """True when no earlier draft of the row is left at Printify; else the row has been let go until later."""
    return all(_gone(job, draft) for draft in job.earlier.filter(gone_at__isnull=True))


def _gone(job: Fulfilment, draft: EarlierDraft) -> bool:
    if draft.printify_order_id is None and not _looked_up(job, draft):
        return False
    if draft.printify_order_id is None:
        return _mark(draft)
    upstream = _canceled(draft.printify_order_id)
    if upstream.status == "canceled":
        return _mark(draft)
    if upstream.status in PRODUCING or upstream.status == "fulfilled":
        # Ours to know, so that nobody takes it for a row that could still be stopped.
        job.needs_attention(f"Taken back, but Printify prints {draft.external_id} all the same ({upstream.status}).")
    elif upstream.status in PREPARING:
        job.retry_later(f"Printify still prepares {draft.external_id}, which is to be canceled.", wait=PREPARING_WAIT)
    else:
        job.needs_attention(f"Printify does not cancel {draft.external_id} ({upstream.status}): cancel it there.")
    return False


def _looked_up(job: Fulfilment, draft: EarlierDraft) -> bool:
    """Whether a draft of unknown fate has been looked for: only once no worker can still be creating it."""
    tried = draft.last_try or draft.made_at
    safe = tried + timedelta(seconds=settings.LEASE_SECONDS + settings.SETTLE_SECONDS)
    wait = (safe - timezone.now()).total_seconds()
    if wait > 0:
        job.retry_later(f"Whether {draft.external_id} exists is unknown: waiting before looking.", wait=wait)
        return False
    found = printify.client().find_order(draft.external_id)
    if found:
        draft.printify_order_id = found.id
        draft.save(update_fields=["printify_order_id"])
    return True


def _canceled(order_id: str) -> UpstreamOrder:
    """As Printify has it after our wish: only what is read back counts."""
    upstream = printify.client().order(order_id)
    if upstream.status == "canceled" or upstream.status in PRODUCING | PREPARING or upstream.status == "fulfilled":
        return upstream
    try:
        printify.client().cancel(order_id)
    except Refused as error:
        if error.status not in {400, 409, 422}:  # anything but "not in this state" is trouble of its own
            raise
    return printify.client().order(order_id)


def _mark(draft: EarlierDraft) -> bool:
    EarlierDraft.objects.filter(pk=draft.pk).update(gone_at=timezone.now())
    return True
