"""What orders bring before staff: printing that needs a person or is on hold, and orders whose money differs."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Count, Exists, OuterRef
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.printify.orders import TROUBLED, WAITING
from ilytat.integrations.attention import SHOWN, Action, AttentionSource, Row
from ilytat.integrations.dashboard import Tile
from ilytat.integrations.health import Verdict
from ilytat.integrations.transactions import retry_conflicts
from ilytat.pages.money import format_money
from orders import allocation, claims, lifecycle, refunding
from orders.delivery_followup import OVERDUE
from orders.lifecycle import ProductionStarted
from orders.locks import lock_order
from orders.models import Claim, Fulfilment, Hold, HoldReason, Order
from orders.models.claim import ClaimState
from orders.permissions import ACCEPT_PAYMENT, RELEASE_HOLD, REPRINT_ORDER
from orders.states import BEFORE_PRODUCTION, STOPPABLE, FulfilmentState, OrderState

NOT_MADE = TROUBLED | {"canceled"}
REFUND = "payments.refund_order"
MEANS = {
    "canceled": "It was canceled at Printify and is not printed: print it again, or refund it.",
    "has-issues": "Printify found something wrong with it: mend it there, then try again.",
    "unfulfillable": "Printify cannot make it: see why there, then refund it.",
    "payment-not-received": "Printify could not charge us: see to the payment method there, then try again.",
}
OURS = "We are sorry: it could not be made."
NOTHING_LEFT = "Nothing was changed: these items were refunded before, or nothing of the payment is left."
RETRY_QUEUED = "Retry queued."
NOT_RETRIED = "Nothing was changed: it is on hold, or there is nothing to retry."
DISPUTED = "Nothing was changed: a bank disputes this payment, and a refund could pay the buyer twice. Answer it first."


# --- Printing ----------------------------------------------------------------------------------------


def _printing() -> Iterator[Row]:
    rows = Fulfilment.objects.filter(state=FulfilmentState.ATTENTION).select_related("order").defer("request")
    return (_print_row(row) for row in rows.prefetch_related("holds").order_by("created_at")[:SHOWN])


def _print_row(job: Fulfilment) -> Row:
    return Row(
        job.pk,
        f"Order {job.order.number} is not being printed" if job.sent_at is None else f"Trouble with {job.order.number}",
        _print_why(job),
        job.created_at,
        reverse("admin:orders_order_change", args=[job.order_id]),
        _print_costs(job),
        _print_actions(job),
    )


def _print_why(job: Fulfilment) -> str:
    """What it means and what to do first, then the words of the machine."""
    why, status = job.last_error, job.upstream_status
    status_note = f" Printify says {status!r}." if status and repr(status) not in why else ""
    means = MEANS.get(status, "")
    return f"{means} ({why}{status_note})" if means else why + status_note


def _print_costs(job: Fulfilment) -> str:
    paid = f"The buyer paid {format_money(job.order.total, job.order.currency)}"
    if not job.upstream_cost:
        return f"{paid}."
    charged = format_money(job.upstream_cost, job.order.currency)
    again = f" Printing it again costs about {charged} more." if "reprint" in _print_actions(job) else ""
    return f"{paid}; Printify charges {charged}.{again}"


def _print_actions(job: Fulfilment) -> tuple[str, ...]:
    """Before printing it can be tried, made anew or called off; afterwards settled, or replaced if it was not made."""
    if job.order.state == OrderState.CANCELED:
        return ("retry", "settled")
    if job.sent_at is not None:
        return ("retry", "reprint", "refund", "settled") if _is_not_made(job) else ("retry", "settled")
    return ("cancel",) if job.open_holds else ("retry", "anew", "cancel")


def _is_not_made(job: Fulfilment) -> bool:
    """Return whether another print or the money back can be owed: Printify says so, or is long overdue.

    Not when a parcel has left, nor when Printify's order could merely not be read: the buyer may get it all the same,
    and a status that waits (on-hold) counts only where the last look read it, since it may be of before production.
    """
    if job.shipments.exists():
        return False
    status = job.upstream_status
    waits = status in WAITING and repr(status) in job.last_error
    return status in NOT_MADE or waits or job.last_error == OVERDUE


def _fulfilment(pk: int) -> Fulfilment:
    return Fulfilment.objects.select_related("order").get(pk=pk)


def _retry(pk: int, who: str) -> str:
    return RETRY_QUEUED if lifecycle.retry(_fulfilment(pk), who=who) else NOT_RETRIED


def _cancel(pk: int, who: str) -> str:
    return cancel_for_shop(_fulfilment(pk).order, who=who)


def cancel_for_shop(order: Order, *, who: str) -> str:
    """Cancel an order that cannot be made, refund it, and write to the buyer. Returns what happened, in a sentence."""
    try:
        back = refunding.cancel(order, by="shop", who=who, why="canceled by staff", reason=OURS)
    except ProductionStarted:
        order.refresh_from_db()
        if order.state == OrderState.CANCELED:
            return "Nothing was changed: it is canceled already."
        return "Too late: printing has started, or the order is closed. Refund what is left under Payments and refunds."
    except refunding.NotRefundable as error:
        return why_not_refundable(error)
    if not back:
        return "Canceled. Nothing goes back."
    return f"Canceled. {format_money(back, refunding.currency(order))} is going back."


def why_not_refundable(error: refunding.NotRefundable) -> str:
    return DISPUTED if isinstance(error, refunding.Disputed) else NOTHING_LEFT


def not_reprinted(error: refunding.HoldStands) -> str:
    return f"Not printed again. {error}"


def _anew(pk: int, who: str) -> str:
    """A new draft in place of one that Printify canceled or cannot make."""
    job = _fulfilment(pk)
    try:
        with lock_order(job.order):
            lifecycle.revise(job.order, who=who, what="submitted anew")
    except ProductionStarted:
        return "Too late: it is held, printing, or over."
    return "A new draft is made once the old one is gone."


def _reprint_all(pk: int, who: str) -> str:
    """What rests is settled in the same step, so that two presses print once more and not twice."""
    job = _fulfilment(pk)
    try:
        with lock_order(job.order):
            if not lifecycle.close_manually(job, who=who):
                return "It was dealt with already."
            again = claims.make(job.order, job.order.lines.all(), who=who)
    except refunding.HoldStands as error:
        return not_reprinted(error)
    return f"Printed again as {again.number}."


@retry_conflicts
def _refund_all(pk: int, who: str) -> str:
    job = _fulfilment(pk)
    try:
        with lock_order(job.order):
            if not lifecycle.close_manually(job, who=who):
                return "It was dealt with already."
            back = refunding.request_refund(job.order, who=who, note="not made")
            lifecycle.mark_refunded(job.order, who=who, why="not made")
    except refunding.NotRefundable as error:
        return why_not_refundable(error)
    return f"{format_money(back, refunding.currency(job.order))} is going back."


def _settle(pk: int, who: str) -> str:
    """Printify will say nothing more of it (a lost parcel, an order ended there): staff have dealt with it."""
    job = _fulfilment(pk)
    with transaction.atomic():
        moved = lifecycle.close_manually(job, who=who)
    return "Closed: nobody looks at it any more." if moved else "It was dealt with already."


# --- Holds ---------------------------------------------------------------------------------------------


def _holds() -> Iterator[Row]:
    """One row a reason: releasing one leaves the others standing."""
    rows = Hold.objects.open().filter(fulfillment__state__in=STOPPABLE, fulfillment__sent_at__isnull=True)
    for row in rows.select_related("fulfillment__order").defer("fulfillment__request").order_by("since")[:SHOWN]:
        job = row.fulfillment
        url = reverse("admin:orders_order_change", args=[job.order_id])
        what = f"Order {job.order.number} is on hold: {row.get_reason_display().lower()}"
        yield Row(row.pk, what, row.detail, row.since, url, _print_costs(job), ("release", "cancel"))


def _hold(pk: int) -> Hold:
    return Hold.objects.select_related("fulfillment__order").get(pk=pk)


def _release(pk: int, who: str) -> str:
    return release(_hold(pk), who=who)


def release(hold: Hold, *, who: str) -> str:
    """Returns what happened, in a sentence."""
    try:
        if not lifecycle.release(hold, who=who):
            return "It was released already."
    except refunding.HoldStands as error:
        return f"Not released. {error}"
    others = hold.fulfillment.holds.open()
    if others:
        return f"Released. Still on hold: {'; '.join(str(row) for row in others)}."
    if hold.fulfillment.state == FulfilmentState.ATTENTION:
        return "Released. It still needs attention: see the reason on the order's page, then retry."
    return "Released. Printing continues."


def hold(job: Fulfilment, *, who: str, why: str = "") -> str:
    """Put printing on hold for staff. Returns what happened, in a sentence."""
    if lifecycle.hold(job, HoldReason.STAFF, who=who, why=why):
        return "On hold: nothing is printed until it is released."
    job.refresh_from_db()
    if not job.open_holds:
        return "Too late: it can no longer be put on hold."
    if job.sent_at:
        return "Put on hold, but production was already requested. It stops only if Printify has not started."
    return "It is already on hold by staff."


def _cancel_held(pk: int, who: str) -> str:
    return cancel_for_shop(_hold(pk).fulfillment.order, who=who)


# --- Orders --------------------------------------------------------------------------------------------


def _orders() -> Iterator[Row]:
    rows = Order.objects.filter(state=OrderState.ATTENTION).prefetch_related("events").order_by("placed_at")[:SHOWN]
    for order in rows:
        moves = [event for event in order.events.all() if event.new == OrderState.ATTENTION]
        why = moves[-1].why if moves else ""
        url = reverse("admin:orders_order_change", args=[order.pk])
        costs = f"Agreed was {format_money(order.total, order.currency)}."
        since = moves[-1].at if moves else order.placed_at
        yield Row(order.pk, f"Order {order.number}: the money differs", why, since, url, costs, ("accept", "give_back"))


def _accept(pk: int, who: str) -> str:
    order = Order.objects.get(pk=pk)
    try:
        done = lifecycle.accept(order, who=who)
    except refunding.HoldStands as error:
        return f"Not accepted. {error}"
    if not done:
        return "It was dealt with already."
    job = Fulfilment.objects.get(order=order)
    if job.sent_at:
        return "Accepted. It was already printed; nothing is printed again."
    return f"Accepted. Printing is on hold: {job.held_because}." if job.open_holds else "Accepted: it is being printed."


def _give_back(pk: int, who: str) -> str:
    return cancel_for_shop(Order.objects.get(pk=pk), who=who)


FULFILLMENTS = AttentionSource(
    "printing",
    "Printing",
    "orders.change_fulfilment",
    _printing,
    {
        "retry": Action("Try again", _retry),
        "cancel": Action("Cancel and refund", _cancel, final=True, permission=REFUND),
        "anew": Action("Submit it anew", _anew),
        "reprint": Action("Print again", _reprint_all, final=True, permission=REPRINT_ORDER),
        "refund": Action("Refund", _refund_all, final=True, permission=REFUND),
        "settled": Action("It is settled", _settle),
    },
)
HOLDS = AttentionSource(
    "holds",
    "Holds",
    "orders.change_fulfilment",
    _holds,
    {
        "release": Action("Release it", _release, permission=RELEASE_HOLD),
        "cancel": Action("Cancel and refund", _cancel_held, final=True, permission=REFUND),
    },
)
ORDERS = AttentionSource(
    "orders",
    "Orders",
    "orders.change_order",
    _orders,
    {
        "accept": Action("Accept and print", _accept, final=True, permission=ACCEPT_PAYMENT),
        "give_back": Action("Refund it", _give_back, final=True, permission=REFUND),
    },
)


def _claims() -> Iterator[Row]:
    rows = Claim.objects.filter(state=ClaimState.OPEN).select_related("order")
    open_claims = list(rows.prefetch_related("lines", "order__lines").order_by("made_at")[:SHOWN])
    allocation.prefetch_first([claim.order for claim in open_claims])
    for claim in open_claims:
        what = f"{claim.get_kind_display()} (order {claim.order.number})"
        url = reverse("admin:orders_claim_change", args=[claim.pk])
        cost = sum(line.unit_cost * line.quantity for line in claim.lines.all())
        worth = format_money(claims.worth(claim), claim.order.currency)
        costs = f"A refund is {worth}; a reprint about {format_money(cost, claim.order.currency)} and delivery."
        yield Row(claim.pk, what, claim.words[:300], claim.made_at, url, costs, ("reprint", "refund"))


def _reprint(pk: int, who: str) -> str:
    claim = Claim.objects.select_related("order").get(pk=pk)
    try:
        return "It is printed again." if claims.reprint(claim, who=who) else "It was answered already."
    except refunding.HoldStands as error:
        return not_reprinted(error)


def _refund(pk: int, who: str) -> str:
    claim = Claim.objects.select_related("order").get(pk=pk)
    try:
        if not claims.refund(claim, who=who):
            return "It was answered already."
    except refunding.NotRefundable as error:
        return why_not_refundable(error)
    return f"{format_money(claim.refund, refunding.currency(claim.order))} is going back."


CLAIMS = AttentionSource(
    "claims",
    "Claims",
    "orders.change_claim",
    _claims,
    {
        "reprint": Action("Print again", _reprint, final=True, permission=REPRINT_ORDER),
        "refund": Action("Refund", _refund, final=True, permission=REFUND),
    },
)


def under_way() -> Tile:
    """How many paid orders have not been sent to their buyers yet."""
    counts: dict[tuple[str, bool], int] = {}
    held_now = Exists(Hold.objects.open().filter(fulfillment=OuterRef("pk")))
    rows = Fulfilment.objects.annotate(held=held_now).values_list("state", "held").annotate(Count("pk")).order_by()
    for state, is_held, count in rows:
        counts[(state, is_held)] = count
    held = sum(counts.get((state, True), 0) for state in BEFORE_PRODUCTION)
    waiting = sum(counts.get((state, False), 0) for state in BEFORE_PRODUCTION)
    printing = _all(counts, FulfilmentState.IN_PRODUCTION)
    stuck = _all(counts, FulfilmentState.ATTENTION)
    values = {
        _("wait for printing"): waiting,
        _("held"): held,
        _("printing"): printing,
        _("need you"): stuck,
        _("on their way"): _all(counts, FulfilmentState.SHIPPED),
    }
    detail = "; ".join(f"{count} {words}" for words, count in values.items() if count)
    url = f"{reverse('admin:orders_fulfilment_changelist')}?state__in=new,created,in_production,attention"
    tone = "bad" if stuck else "busy" if held else "good"
    return Tile(_("Orders to make"), str(waiting + held + printing + stuck), detail or _("nothing waits"), url, tone)


def _all(counts: dict[tuple[str, bool], int], state: str) -> int:
    return counts.get((state, True), 0) + counts.get((state, False), 0)


LATE = timedelta(minutes=15)


def fulfilments_move() -> Verdict:
    waiting = Fulfilment.objects.filter(state=FulfilmentState.ATTENTION).count()
    late = Fulfilment.due().filter(next_at__lt=timezone.now() - LATE).count()
    if late:
        return Verdict("down", f"{late} orders are due for more than 15 minutes: is the worker running?")
    return Verdict("warn", f"{waiting} orders need a person.") if waiting else Verdict("ok")
