"""Taking a fulfilment back from whoever works on it, while nothing has been sent to production.

The worker may be asking for production at this very moment. Both sides make one guarded UPDATE of the same row: the
worker takes `sent_at`, this module takes the row away (its lease's token goes, so that the worker can write nothing
more). Whoever is second finds no row. Call inside `orders.locks.lock_order`, which also keeps new holds out meanwhile.
"""

from typing import Any

from django.utils import timezone

from ilytat.integrations import alerts
from orders.models import EarlierDraft, Fulfilment, Order
from orders.states import STOPPABLE, FulfilmentState


class TooLate(Exception):
    """Printing has begun, or the order is not what it was a moment ago."""


def take_back(order: Order, state: FulfilmentState, *, held_too: bool) -> Fulfilment | None:
    """The order's fulfilment in `state`, nobody's; None when there is none. Raises TooLate, having written nothing.

    What may lie at Printify is noted: it is canceled there before anything newer is submitted.
    """
    row = Fulfilment.objects.filter(order=order).exclude(state=FulfilmentState.CANCELED).first()
    if row is None:
        return None
    if row.open_holds and not held_too:
        raise TooLate
    rows = Fulfilment.objects.filter(pk=row.pk, revision=row.revision, sent_at__isnull=True, state__in=STOPPABLE)
    free = {"lease_until": None, "lease_token": "", "next_at": timezone.now(), "attempts": 0, "last_error": ""}
    if not rows.update(state=state, **free):
        raise TooLate
    alerts.close_alert(f"fulfilment:{row.external_id}")  # by the name it had when it needed a person
    row.refresh_from_db()  # now it is ours until the transaction ends: a worker may have learned an id just before
    _note_draft(row)
    return row


def _note_draft(row: Fulfilment) -> None:
    if row.printify_order_id is None and row.last_try is None:
        return
    EarlierDraft.objects.create(
        fulfilment=row,
        external_id=row.external_id,
        printify_order_id=row.printify_order_id,
        last_try=row.last_try,
    )


def begin_again(row: Fulfilment, request: dict[str, Any]) -> None:
    """The next revision of a fulfilment that was taken back: a new body under a new id of ours."""
    revision = row.revision + 1
    external_id = f"{row.order.number}-{revision}"
    columns: dict[str, Any] = {
        "revision": revision,
        "external_id": external_id,
        "request": request | {"external_id": external_id},
        "printify_order_id": None,
        "first_try": None,
        "last_try": None,
        "upstream_status": "",
        "upstream_cost": 0,
        "upstream_shipping": None,
    }
    Fulfilment.objects.filter(pk=row.pk).update(**columns)
