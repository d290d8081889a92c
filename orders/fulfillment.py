"""The printing of a paid order: draft, grace, production, parcels. Each step is one claimed look at a Fulfilment row.

Exactly once rests on four things: intent is committed before the call; a try whose outcome is unknown is looked up
before the next; Printify refuses a second order under our external_id; and only the id in our row is ever sent to
production (see docs/reliability.md).
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

WHO = "fulfilment"
STILL_PROCESSING = "8502"  # files are being prepared: the same call succeeds some minutes later
NOTHING_NEW = "Nothing new."
LOOK = "Open the control panel: release it, or cancel and refund."
STALLED = timedelta(hours=2)
PROCESSING_WAIT = 60.0  # seconds, at most, before asking for production again


def work(job: Fulfilment) -> None:
    """One step. Raises what `printify` raises; the kit turns that into a pause or into attention."""
    if job.state == FulfilmentState.CANCELING:
        cancel(job)
        return
    if job.order.state != OrderState.PAID and job.state not in IN_PROGRESS:
        job.needs_attention(f"The order is {job.order.get_state_display()}: nothing is printed for it.")
        return
    if job.state in BEFORE_PRODUCTION and not all_gone(job):
        return
    steps = {FulfilmentState.NEW: submit, FulfilmentState.CREATED: produce}
    steps.get(FulfilmentState(job.state), watch)(job)


def on_attention(job: Fulfilment) -> None:
    why = f"Order {job.order.number} needs a person: {job.last_error}"
    alerts.open_alert(f"fulfilment:{job.external_id}", why, next_step="Open the fulfilment in the admin.")
    lifecycle.note(job.order, who=WHO, what="attention", why=job.last_error)


def submit(job: Fulfilment) -> None:
    """From new to created: the draft exists at Printify exactly once, and we know its id."""
    found = None
    if job.last_try is not None:
        # Printify's list lags behind its creations: only after the settle time does "not there" mean anything.
        wait = (job.last_try + timedelta(seconds=settings.SETTLE_SECONDS) - timezone.now()).total_seconds()
        if wait > 0:
            job.retry_later("An earlier try's outcome is unknown: waiting before looking.", wait=wait)
            return
        found = printify().find_order(job.external_id)
    order_id = found.id if found else _create(job)
    with transaction.atomic():
        until_release = (job.release_at - timezone.now()).total_seconds()
        job.finish(FulfilmentState.CREATED, next_in=max(until_release, 0), printify_order_id=order_id)
        lifecycle.note(job.order, who=WHO, what="fulfilment", new=FulfilmentState.CREATED, why=f"Printify {order_id}")


def _create(job: Fulfilment) -> str:
    now, before = timezone.now(), job.last_try
    job.update_leased(first_try=job.first_try or now, last_try=now)
    job.ensure_leased(margin=settings.LEASE_SECONDS / 2)
    try:
        return printify().create_order(job.request)
    except Unavailable:
        job.update_leased(last_try=before)  # it did not happen: there is nothing to look for
        raise


def produce(job: Fulfilment) -> None:
    """From created to in production, once the grace period is over and nobody holds it.

    What Printify says comes first: after an unclear answer, or a person's *Try again*, it may have begun long ago.
    """
    assert job.printify_order_id is not None  # noqa: S101 (the table's constraint says so; this tells the type checker)
    wait = (job.release_at - timezone.now()).total_seconds()
    if wait > 0:  # staff pressed retry, or a hold ended early: the buyer's time to change things is kept
        job.reschedule(next_in=wait)
        return
    upstream = printify().order(job.printify_order_id)
    if _is_there(upstream):
        _take_in(job, upstream)
    elif upstream.status not in WAITING:
        job.needs_attention(f"Printify says {upstream.status!r} before production.")
    elif not _costs_too_much(job, upstream):
        _ask_production(job, job.printify_order_id)
        with transaction.atomic():
            lifecycle.advance(job, FulfilmentState.IN_PRODUCTION, who=WHO)
            job.reschedule(next_in=settings.POLL_MINUTES * 60)


def _is_there(upstream: UpstreamOrder) -> bool:
    """Production has been asked for, by us or by Printify's own approval; it may wait there again."""
    return upstream.status in PRODUCING or upstream.status == "fulfilled" or upstream.sent_to_production


def _costs_too_much(job: Fulfilment, upstream: UpstreamOrder) -> bool:
    """Held for a person when Printify would charge more than the buyer paid; releasing it accepts a loss so high."""
    order = job.order
    if order.reprint_of_id or upstream.cost <= order.total - order.tax or job.sent_at is not None:
        return False  # once it was asked for, the loss had been accepted
    if job.holds.filter(reason=HoldReason.COST, released_at__isnull=False, cost__gte=upstream.cost).exists():
        return False
    charged, paid = (format_money(amount, order.currency) for amount in (upstream.cost, order.total))
    why = f"Printify charges {charged}, the buyer paid {paid}"
    with lock_order(order):
        _store_charge(job, upstream)
        lifecycle.hold(job, HoldReason.COST, who=WHO, why=why, cost=upstream.cost)
        alerts.open_alert(f"fulfilment:{job.external_id}", f"Order {order.number} is held. {why}.", next_step=LOOK)
        job.reschedule(next_in=settings.POLL_MINUTES * 60)
    return True


def _tell_unasked(fulfilment: Fulfilment) -> None:
    if fulfilment.sent_at is None:
        Fulfilment.objects.filter(pk=fulfilment.pk, sent_at__isnull=True).update(sent_at=timezone.now())
        why = f"Order {fulfilment.order.number} is in production though we never asked: is Printify's approval Manual?"
        alerts.open_alert(f"approval:{fulfilment.external_id}", why, next_step="Printify > store settings > approval.")


def _ask_production(job: Fulfilment, order_id: str) -> None:
    before = job.sent_at
    if not _take_production(job):
        raise LeaseLost("held, or the order changed, at the last moment")
    try:
        printify().send_to_production(order_id, live=job.order.live)
    except Unavailable:
        job.update_leased(sent_at=before)  # this try did not happen: a hold must still be able to stop the next
        raise
    except Refused as error:
        job.update_leased(sent_at=None)
        if error.code != STILL_PROCESSING:
            raise
        raise Unavailable(error.detail, code=error.code, retry_after=min(PROCESSING_WAIT, 2.0**job.attempts)) from error


def _take_production(job: Fulfilment) -> bool:
    """Decide under the lock, and mark production as asked for when nothing stands against it.

    Printify has just been read to wait. So an earlier request did not begin it, once it has had time to arrive: the
    mark goes, and the hold stops the order like any other.
    """
    order, now = job.order, timezone.now()
    with lock_order(order):
        lifecycle.hold_for_concerns(job, who=WHO)
        if order.state == OrderState.PAID and not Hold.objects.open().filter(fulfillment=job).exists():
            job.update_leased(sent_at=now)
            return True
        if job.sent_at is not None and job.sent_at < now - timedelta(seconds=settings.SETTLE_SECONDS):
            job.update_leased(sent_at=None)
        return False


def watch(job: Fulfilment) -> None:
    assert job.printify_order_id is not None  # noqa: S101 (as above)
    _take_in(job, printify().order(job.printify_order_id))


def _take_in(job: Fulfilment, upstream: UpstreamOrder) -> None:
    """What a worker's look found: kept, and looked at again later, or at rest for a person."""
    with transaction.atomic():
        record(job, upstream, who="poll")
        overdue = job.state == FulfilmentState.IN_PRODUCTION and delivery_followup.is_overdue(job)
        if overdue and flag_for_attention(job, delivery_followup.OVERDUE):
            lifecycle.note(job.order, who=WHO, what=delivery_followup.OVERDUE_EVENT)
        if job.state == FulfilmentState.ATTENTION:
            job.update_leased(lease_until=None)  # its reason stays
            job.tell_staff()
        else:
            job.reschedule(next_in=delivery_followup.poll_interval(job.order))


def record(fulfilment: Fulfilment, upstream: UpstreamOrder, *, who: str, skus: shipments.Skus | None = None) -> Result:
    """Take in what Printify says of an order, whoever asked. Idempotent, forward only.
    `skus` is what an event says is in a parcel.

    Call inside a transaction. Writes no lease, so a webhook may call it while a worker holds the row. When it brings
    the row to attention, telling staff (`on_attention`) is the caller's.
    """
    if fulfilment.printify_order_id != upstream.id:
        return Result(Outcome.LATE, "It is not about the current revision of the order.")
    _store_charge(fulfilment, upstream)
    if fulfilment.state in CANCELED_STATES or fulfilment.order.state == OrderState.CANCELED:
        return _after_calling_off(fulfilment, upstream)
    is_erased = fulfilment.order.erased_at is not None  # its tracking numbers must not come back
    fresh = not is_erased and shipments.record_parcels(fulfilment, upstream, skus)
    _tell_replaced(fulfilment, upstream)
    if upstream.status not in KNOWN:
        why = f"Printify's word {upstream.status!r} for order {fulfilment.order.number} is new to us."
        alerts.open_alert(f"status:{upstream.status}", why, next_step="Tell the developer; nothing was changed.")
    elif upstream.status in TROUBLED or upstream.status == "canceled" or _stalled(fulfilment, upstream):
        return _trouble(fulfilment, upstream)
    moved = _advance(fulfilment, upstream, who)
    return Result(Outcome.HANDLED, "The order moved on." if moved or fresh else NOTHING_NEW)


def _store_charge(fulfilment: Fulfilment, upstream: UpstreamOrder) -> None:
    charge = {"upstream_cost": upstream.cost, "upstream_shipping": upstream.shipping}
    Fulfilment.objects.filter(pk=fulfilment.pk).update(upstream_status=upstream.status[:60], **charge)


def _stalled(fulfilment: Fulfilment, upstream: UpstreamOrder) -> bool:
    """Production was asked for long ago, and the order waits at Printify again: for stock, or for a person."""
    asked = fulfilment.sent_at is not None and fulfilment.sent_at < timezone.now() - STALLED
    return asked and fulfilment.state in IN_PROGRESS and upstream.status in WAITING


def _tell_replaced(fulfilment: Fulfilment, upstream: UpstreamOrder) -> None:
    """Printify's support may replace what is printed: the buyer may get another thing than was bought."""
    lines = (fulfilment.request or {}).get("line_items") or []
    ordered = {line["external_id"]: (line["product_id"], line["variant_id"]) for line in lines}
    for line in upstream.lines:
        wanted = ordered.get(line.external_id)
        if wanted and wanted != (line.product_id, line.variant_id):
            why = f"Order {fulfilment.order.number}: Printify prints another thing than was bought for one line."
            step = "Compare the order at Printify with ours; write to the buyer if it differs for them."
            alerts.open_alert(f"replaced:{line.external_id}", why, next_step=step)


def _advance(fulfilment: Fulfilment, upstream: UpstreamOrder, who: str) -> bool:
    if not _is_there(upstream):
        return False
    if fulfilment.state in BEFORE_PRODUCTION:
        _tell_unasked(fulfilment)
    target = _target(fulfilment, upstream)
    moved = lifecycle.advance(fulfilment, target, who=who)
    if target == FulfilmentState.SHIPPED and not upstream.parcels and moved:
        emails.shipped_untracked(fulfilment)
    return moved


def _target(fulfilment: Fulfilment, upstream: UpstreamOrder) -> FulfilmentState:
    """All that has left is shipped; what has left without a number to follow, once no number came for a day.

    Delivered needs a parcel of each print provider: else `delivery_followup` ends it, as without any number.
    """
    if upstream.status != "fulfilled":
        return FulfilmentState.IN_PRODUCTION
    all_left = delivery_followup.all_left_at(fulfilment)
    if upstream.parcels:
        there = all(parcel.delivered for parcel in upstream.parcels)
        there = there and shipments.have_all_numbers(upstream, fulfilment.shipments.all())
        return FulfilmentState.DELIVERED if there else FulfilmentState.SHIPPED
    untracked = all_left < timezone.now() - delivery_followup.NUMBER_COMES
    return FulfilmentState.SHIPPED if untracked else FulfilmentState.IN_PRODUCTION


def _after_calling_off(fulfilment: Fulfilment, upstream: UpstreamOrder) -> Result:
    if upstream.status not in PRODUCING and upstream.status != "fulfilled":
        return Result(Outcome.HANDLED, "The order was called off by us.")
    why = f"Order {fulfilment.order.number} was called off, but Printify prints it ({upstream.status})."
    alerts.open_alert(f"printed:{fulfilment.external_id}", why, next_step="Stop it at Printify, or send it as a gift.")
    return Result(Outcome.HANDLED, why)


def _trouble(fulfilment: Fulfilment, upstream: UpstreamOrder) -> Result:
    why = f"Printify says {upstream.status!r}."
    if flag_for_attention(fulfilment, why):
        return Result(Outcome.ATTENTION, why)
    return Result(Outcome.HANDLED, NOTHING_NEW)


def flag_for_attention(fulfilment: Fulfilment, why: str) -> bool:
    """Of a row that is on its way. Telling staff is the caller's, as in `record`."""
    rows = Fulfilment.objects.filter(pk=fulfilment.pk, state__in=Fulfilment.due_states)
    if not rows.update(state=FulfilmentState.ATTENTION, last_error=why):
        return False
    fulfilment.state, fulfilment.last_error = FulfilmentState.ATTENTION, why
    return True


def of_upstream(upstream: UpstreamOrder) -> Fulfilment | None:
    """Ours, by Printify's id, else by our own that it carries."""
    rows = Fulfilment.objects.select_related("order")
    return (
        rows.filter(printify_order_id=upstream.id).first()
        or rows.filter(external_id=upstream.external_id or None, printify_order_id__isnull=True).first()
    )


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
    found = printify().find_order(draft.external_id)
    if found:
        draft.printify_order_id = found.id
        draft.save(update_fields=["printify_order_id"])
    return True


def _canceled(order_id: str) -> UpstreamOrder:
    """As Printify has it after our wish: only what is read back counts."""
    upstream = printify().order(order_id)
    if upstream.status == "canceled" or upstream.status in PRODUCING | PREPARING or upstream.status == "fulfilled":
        return upstream
    try:
        printify().cancel(order_id)
    except Refused as error:
        if error.status not in {400, 409, 422}:  # anything but "not in this state" is trouble of its own
            raise
    return printify().order(order_id)


def _mark(draft: EarlierDraft) -> bool:
    EarlierDraft.objects.filter(pk=draft.pk).update(gone_at=timezone.now())
    return True
