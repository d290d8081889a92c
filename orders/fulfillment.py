"""The fulfillment of a paid order at Printify: draft, grace period, production, shipments. A worker takes one step at a
time on a claimed Fulfilment row.

Printing exactly once rests on four things: the intent is committed before the call; a try whose outcome is unknown is
looked up before the next one; Printify refuses a second order with our external_id; and only the id stored in the row
is ever sent to production (docs/reliability.md).
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.printify.client import printify
from catalog.printify.orders import KNOWN, PREPARING, PRODUCING, TROUBLED, WAITING, UpstreamOrder
from ilytat.integrations import alerts
from ilytat.integrations.errors import Outcome, Refused, Result, Unavailable
from ilytat.integrations.jobs import LeaseLost
from ilytat.pages.money import format_money
from orders import delivery_followup, emails, lifecycle, shipments
from orders.locks import lock_order
from orders.models import EarlierDraft, Fulfilment, Hold, HoldReason
from orders.states import BEFORE_PRODUCTION, CANCELED_STATES, IN_PROGRESS, FulfilmentState, OrderState

WHO = "fulfilment"  # in an order's history
FULFILLED = "fulfilled"
STILL_PROCESSING = "8502"  # Printify prepares the files: the same call succeeds some minutes later
PROCESSING_WAIT_SECONDS = 60.0  # at most, before production is requested again
PREPARING_WAIT_SECONDS = 10.0  # before a draft that Printify still prepares is canceled again
STALLED_AFTER = timedelta(hours=2)
NOTHING_NEW = "Nothing new."


def work(fulfillment: Fulfilment) -> None:
    """Take the next step. Raises what the Printify client raises: the kit pauses the row or flags it."""
    state = FulfilmentState(fulfillment.state)
    if state == FulfilmentState.CANCELING:
        _cancel_at_printify(fulfillment)
    elif fulfillment.order.state != OrderState.PAID and state not in IN_PROGRESS:
        order_state = fulfillment.order.get_state_display()
        fulfillment.needs_attention(f"The order is {order_state}: nothing is printed for it.")
    elif state in BEFORE_PRODUCTION and not _are_earlier_drafts_gone(fulfillment):
        pass  # rescheduled or flagged
    elif state == FulfilmentState.NEW:
        _create_draft(fulfillment)
    elif state == FulfilmentState.CREATED:
        _send_to_production(fulfillment)
    else:
        _poll(fulfillment)


def on_attention(fulfillment: Fulfilment) -> None:
    message = f"Order {fulfillment.order.number} needs a person: {fulfillment.last_error}"
    alerts.open_alert(f"fulfilment:{fulfillment.external_id}", message, next_step="Open the fulfillment in the admin.")
    lifecycle.note(fulfillment.order, who=WHO, what="attention", why=fulfillment.last_error)


# --- New → created: the draft --------------------------------------------------------------------------------------


def _create_draft(fulfillment: Fulfilment) -> None:
    """Make sure that the draft exists at Printify exactly once, and store its id."""
    existing = None
    if fulfillment.last_try is not None:
        # Printify's list lags behind its creations: only after the settle time does "not there" mean anything.
        settled_at = fulfillment.last_try + timedelta(seconds=settings.SETTLE_SECONDS)
        wait = (settled_at - timezone.now()).total_seconds()
        if wait > 0:
            fulfillment.retry_later("The outcome of an earlier try is unknown: waiting before looking.", wait=wait)
            return
        existing = printify().find_order(fulfillment.external_id)
    order_id = existing.id if existing else _post_draft(fulfillment)
    with transaction.atomic():
        until_release = (fulfillment.release_at - timezone.now()).total_seconds()
        fulfillment.finish(FulfilmentState.CREATED, next_in=max(until_release, 0), printify_order_id=order_id)
        why = f"Printify {order_id}"
        lifecycle.note(fulfillment.order, who=WHO, what="fulfilment", new=FulfilmentState.CREATED, why=why)


def _post_draft(fulfillment: Fulfilment) -> str:
    now, last_try = timezone.now(), fulfillment.last_try
    fulfillment.update_leased(first_try=fulfillment.first_try or now, last_try=now)
    fulfillment.ensure_leased(margin=settings.LEASE_SECONDS / 2)
    try:
        return printify().create_order(fulfillment.request)
    except Unavailable:
        fulfillment.update_leased(last_try=last_try)  # the call did not reach Printify: there is nothing to look up
        raise


# --- Created → in production ---------------------------------------------------------------------------------------


def _send_to_production(fulfillment: Fulfilment) -> None:
    """Request production once the grace period is over and nothing holds the order.

    Printify is read first: after an unknown outcome, or a retry by staff, production may have started long ago.
    """
    assert fulfillment.printify_order_id is not None  # noqa: S101 (a constraint of the table; tells the type checker)
    wait = (fulfillment.release_at - timezone.now()).total_seconds()
    if wait > 0:  # staff pressed retry, or a hold ended early: the buyer keeps the time to change things
        fulfillment.reschedule(next_in=wait)
        return
    upstream = printify().order(fulfillment.printify_order_id)
    if _is_in_production(upstream):
        _record_poll(fulfillment, upstream)
    elif upstream.status not in WAITING:
        fulfillment.needs_attention(f"Printify reports {upstream.status!r} before production.")
    elif not _is_held_for_cost(fulfillment, upstream):
        _request_production(fulfillment, fulfillment.printify_order_id)
        with transaction.atomic():
            lifecycle.advance(fulfillment, FulfilmentState.IN_PRODUCTION, who=WHO)
            fulfillment.reschedule(next_in=settings.POLL_MINUTES * 60)


def _is_in_production(upstream: UpstreamOrder) -> bool:
    """Return whether production was requested, by us or by Printify's own approval; it may be waiting again there."""
    return upstream.status in PRODUCING or upstream.status == FULFILLED or upstream.sent_to_production


def _is_held_for_cost(fulfillment: Fulfilment, upstream: UpstreamOrder) -> bool:
    """Hold the order when Printify would charge more than the buyer paid, unless staff accepted a loss that high."""
    order = fulfillment.order
    # Once production has been requested, the loss had been accepted.
    if order.reprint_of_id or upstream.cost <= order.total - order.tax or fulfillment.sent_at is not None:
        return False
    released = fulfillment.holds.filter(reason=HoldReason.COST, released_at__isnull=False)
    if released.filter(cost__gte=upstream.cost).exists():
        return False
    charge, paid = (format_money(amount, order.currency) for amount in (upstream.cost, order.total))
    why = f"Printify charges {charge}, the buyer paid {paid}"
    with lock_order(order):
        _store_charge(fulfillment, upstream)
        lifecycle.hold(fulfillment, HoldReason.COST, who=WHO, why=why, cost=upstream.cost)
        alerts.open_alert(
            f"fulfilment:{fulfillment.external_id}",
            f"Order {order.number} is on hold. {why}.",
            next_step="Open the order in the admin: release the hold, or cancel and refund.",
        )
        fulfillment.reschedule(next_in=settings.POLL_MINUTES * 60)
    return True


def _request_production(fulfillment: Fulfilment, order_id: str) -> None:
    sent_at = fulfillment.sent_at
    if not _mark_requested(fulfillment):
        raise LeaseLost("held, or the order changed, at the last moment")
    try:
        printify().send_to_production(order_id, live=fulfillment.order.live)
    except Unavailable:
        fulfillment.update_leased(sent_at=sent_at)  # not requested: a hold must still be able to stop the next try
        raise
    except Refused as error:
        fulfillment.update_leased(sent_at=None)
        if error.code != STILL_PROCESSING:
            raise
        retry_after = min(PROCESSING_WAIT_SECONDS, 2.0**fulfillment.attempts)
        raise Unavailable(error.detail, code=error.code, retry_after=retry_after) from error


def _mark_requested(fulfillment: Fulfilment) -> bool:
    """Decide under the lock, and mark production as requested when nothing stands against it.

    Printify has just been read as waiting. So an earlier request, once it has had time to arrive, did not start
    production: its mark is removed, and the hold stops the order like any other.
    """
    order, now = fulfillment.order, timezone.now()
    with lock_order(order):
        lifecycle.hold_for_concerns(fulfillment, who=WHO)
        if order.state == OrderState.PAID and not Hold.objects.open().filter(fulfillment=fulfillment).exists():
            fulfillment.update_leased(sent_at=now)
            return True
        settled_before = now - timedelta(seconds=settings.SETTLE_SECONDS)
        if fulfillment.sent_at is not None and fulfillment.sent_at < settled_before:
            fulfillment.update_leased(sent_at=None)
        return False


# --- In production and after: what Printify reports ----------------------------------------------------------------


def _poll(fulfillment: Fulfilment) -> None:
    assert fulfillment.printify_order_id is not None  # noqa: S101 (as above)
    _record_poll(fulfillment, printify().order(fulfillment.printify_order_id))


def _record_poll(fulfillment: Fulfilment, upstream: UpstreamOrder) -> None:
    with transaction.atomic():
        record(fulfillment, upstream, who="poll")
        is_overdue = fulfillment.state == FulfilmentState.IN_PRODUCTION and delivery_followup.is_overdue(fulfillment)
        if is_overdue and _flag_for_attention(fulfillment, delivery_followup.OVERDUE):
            lifecycle.note(fulfillment.order, who=WHO, what=delivery_followup.OVERDUE_EVENT)
        if fulfillment.state == FulfilmentState.ATTENTION:
            fulfillment.update_leased(lease_until=None)  # its reason stays
            fulfillment.tell_staff()
        else:
            fulfillment.reschedule(next_in=delivery_followup.poll_interval(fulfillment.order))


def record(fulfillment: Fulfilment, upstream: UpstreamOrder, *, who: str, skus: shipments.Skus | None = None) -> Result:
    """Record what Printify says of an order, whoever asked. Idempotent, and moves forward only.

    `skus` is what an event says is in a package. Call inside a transaction. Writes no lease, so a webhook may call it
    while a worker holds the row. When it flags the row, the caller tells staff (`on_attention`).
    """
    order = fulfillment.order
    if fulfillment.printify_order_id != upstream.id:
        return Result(Outcome.LATE, "It is not about the current revision of the order.")
    _store_charge(fulfillment, upstream)
    if fulfillment.state in CANCELED_STATES or order.state == OrderState.CANCELED:
        return _record_after_cancellation(fulfillment, upstream)
    # The tracking numbers of an erased order must not come back.
    has_new_shipments = order.erased_at is None and shipments.record_parcels(fulfillment, upstream, skus)
    _alert_replaced_lines(fulfillment, upstream)
    if upstream.status not in KNOWN:
        message = f"Printify reports an unknown status for order {order.number}: {upstream.status!r}."
        alerts.open_alert(f"status:{upstream.status}", message, next_step="Tell the developer. Nothing was changed.")
    elif upstream.status in TROUBLED or upstream.status == "canceled" or _is_stalled(fulfillment, upstream):
        reason = f"Printify reports {upstream.status!r}."
        is_new = _flag_for_attention(fulfillment, reason)
        return Result(Outcome.ATTENTION, reason) if is_new else Result(Outcome.HANDLED, NOTHING_NEW)
    has_advanced = _advance(fulfillment, upstream, who)
    is_news = has_advanced or has_new_shipments
    return Result(Outcome.HANDLED, "The order was updated." if is_news else NOTHING_NEW)


def find_fulfillment(upstream: UpstreamOrder) -> Fulfilment | None:
    """Return the fulfillment of Printify's order: by Printify's id, else by our external_id that it carries."""
    rows = Fulfilment.objects.select_related("order")
    return (
        rows.filter(printify_order_id=upstream.id).first()
        or rows.filter(external_id=upstream.external_id or None, printify_order_id__isnull=True).first()
    )


def _store_charge(fulfillment: Fulfilment, upstream: UpstreamOrder) -> None:
    Fulfilment.objects.filter(pk=fulfillment.pk).update(
        upstream_status=upstream.status[:60], upstream_cost=upstream.cost, upstream_shipping=upstream.shipping
    )


def _record_after_cancellation(fulfillment: Fulfilment, upstream: UpstreamOrder) -> Result:
    if upstream.status not in PRODUCING and upstream.status != FULFILLED:
        return Result(Outcome.HANDLED, "The shop canceled the order.")
    message = f"Order {fulfillment.order.number} was canceled, but Printify prints it ({upstream.status})."
    next_step = "Stop it at Printify, or let the buyer keep it as a gift."
    alerts.open_alert(f"printed:{fulfillment.external_id}", message, next_step=next_step)
    return Result(Outcome.HANDLED, message)


def _alert_replaced_lines(fulfillment: Fulfilment, upstream: UpstreamOrder) -> None:
    """Tell staff when Printify's support replaced a line: the buyer may get something else than was bought."""
    request_lines = (fulfillment.request or {}).get("line_items") or []
    ordered = {line["external_id"]: (line["product_id"], line["variant_id"]) for line in request_lines}
    for line in upstream.lines:
        expected = ordered.get(line.external_id)
        if expected and expected != (line.product_id, line.variant_id):
            message = f"Order {fulfillment.order.number}: Printify prints another item than was bought for one line."
            next_step = "Compare the order at Printify with ours. Write to the buyer if it differs for them."
            alerts.open_alert(f"replaced:{line.external_id}", message, next_step=next_step)


def _is_stalled(fulfillment: Fulfilment, upstream: UpstreamOrder) -> bool:
    """Return whether production was requested long ago and the order waits at Printify again, for stock or a person."""
    requested_long_ago = fulfillment.sent_at is not None and fulfillment.sent_at < timezone.now() - STALLED_AFTER
    return requested_long_ago and fulfillment.state in IN_PROGRESS and upstream.status in WAITING


def _flag_for_attention(fulfillment: Fulfilment, reason: str) -> bool:
    """Flag a fulfillment that is in progress; the caller tells staff, as in `record`."""
    rows = Fulfilment.objects.filter(pk=fulfillment.pk, state__in=Fulfilment.due_states)
    if not rows.update(state=FulfilmentState.ATTENTION, last_error=reason):
        return False
    fulfillment.state, fulfillment.last_error = FulfilmentState.ATTENTION, reason
    return True


def _advance(fulfillment: Fulfilment, upstream: UpstreamOrder, who: str) -> bool:
    if not _is_in_production(upstream):
        return False
    if fulfillment.state in BEFORE_PRODUCTION and fulfillment.sent_at is None:
        Fulfilment.objects.filter(pk=fulfillment.pk, sent_at__isnull=True).update(sent_at=timezone.now())
        message = f"Order {fulfillment.order.number} is in production, but the shop did not request it."
        next_step = "Set order approval to Manual in Printify's store settings."
        alerts.open_alert(f"approval:{fulfillment.external_id}", message, next_step=next_step)
    target = _target_state(fulfillment, upstream)
    has_advanced = lifecycle.advance(fulfillment, target, who=who)
    if has_advanced and target == FulfilmentState.SHIPPED and not upstream.parcels:
        emails.shipped_untracked(fulfillment)
    return has_advanced


def _target_state(fulfillment: Fulfilment, upstream: UpstreamOrder) -> FulfilmentState:
    if upstream.status != FULFILLED:
        return FulfilmentState.IN_PRODUCTION
    all_left_at = delivery_followup.all_left_at(fulfillment)
    if upstream.parcels:
        # Delivered needs a package of each print provider. Without one, `delivery_followup` closes the order.
        is_delivered = all(parcel.delivered for parcel in upstream.parcels)
        is_delivered = is_delivered and shipments.have_all_numbers(upstream, fulfillment.shipments.all())
        return FulfilmentState.DELIVERED if is_delivered else FulfilmentState.SHIPPED
    # A tracking number usually follows within a day; after that the order is shipped without one.
    is_untracked = all_left_at < timezone.now() - delivery_followup.NUMBER_COMES
    return FulfilmentState.SHIPPED if is_untracked else FulfilmentState.IN_PRODUCTION


# --- Cancellation: drafts that must not be printed -----------------------------------------------------------------


def _cancel_at_printify(fulfillment: Fulfilment) -> None:
    """Finish a canceled fulfillment once its drafts are gone; flag it when Printify prints one all the same."""
    if not _are_earlier_drafts_gone(fulfillment):
        return
    with transaction.atomic():
        upstream_status = "canceled" if fulfillment.printify_order_id else ""
        fulfillment.finish(FulfilmentState.CANCELED, upstream_status=upstream_status)
        lifecycle.note(fulfillment.order, who=WHO, what="fulfilment", new=FulfilmentState.CANCELED)


def _are_earlier_drafts_gone(fulfillment: Fulfilment) -> bool:
    """Cancel what earlier revisions left at Printify.

    False: one is still there, and the row is rescheduled or flagged.
    """
    return all(_is_gone(fulfillment, draft) for draft in fulfillment.earlier.filter(gone_at__isnull=True))


def _is_gone(fulfillment: Fulfilment, draft: EarlierDraft) -> bool:
    if draft.printify_order_id is None and not _look_up(fulfillment, draft):
        return False
    status = _cancel_draft(draft.printify_order_id).status if draft.printify_order_id is not None else "canceled"
    if status == "canceled":
        EarlierDraft.objects.filter(pk=draft.pk).update(gone_at=timezone.now())
        return True
    if status in PRODUCING or status == FULFILLED:
        # Staff must know, so that nobody takes it for an order that can still be stopped.
        fulfillment.needs_attention(f"Canceled here, but Printify prints {draft.external_id} ({status}).")
    elif status in PREPARING:
        reason = f"Printify still prepares {draft.external_id}, which is to be canceled."
        fulfillment.retry_later(reason, wait=PREPARING_WAIT_SECONDS)
    else:
        fulfillment.needs_attention(f"Printify does not cancel {draft.external_id} ({status}): cancel it there.")
    return False


def _look_up(fulfillment: Fulfilment, draft: EarlierDraft) -> bool:
    """Find out whether a draft of unknown outcome exists.

    False: too early, because a worker may still be creating it.
    """
    tried_at = draft.last_try or draft.made_at
    settled_at = tried_at + timedelta(seconds=settings.LEASE_SECONDS + settings.SETTLE_SECONDS)
    wait = (settled_at - timezone.now()).total_seconds()
    if wait > 0:
        fulfillment.retry_later(f"Whether {draft.external_id} exists is unknown: waiting before looking.", wait=wait)
        return False
    existing = printify().find_order(draft.external_id)
    if existing:
        draft.printify_order_id = existing.id
        draft.save(update_fields=["printify_order_id"])
    return True


def _cancel_draft(order_id: str) -> UpstreamOrder:
    """Cancel the draft where that is possible, and return the order as Printify has it afterwards."""
    upstream = printify().order(order_id)
    if upstream.status == "canceled" or upstream.status in PRODUCING | PREPARING or upstream.status == FULFILLED:
        return upstream
    try:
        printify().cancel(order_id)
    except Refused as error:
        if error.status not in {400, 409, 422}:  # anything but "not in this state" is trouble of its own
            raise
    return printify().order(order_id)
