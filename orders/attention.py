"""What orders bring before staff: printing that came to rest or is held, orders whose money differs, open claims."""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from ilytat.display.money import format_money
from ilytat.integrations import alerts, attention
from ilytat.integrations.attention import SHOWN, Action, Row, Source
from orders import claims, lifecycle, mails, refunding, reprints
from orders.models import Claim, Fulfilment, Order
from orders.models.claim import ClaimState
from orders.permissions import ACCEPT_PAYMENT, RELEASE_HOLD, REPRINT_ORDER
from orders.revision import TooLate
from orders.states import BEFORE_PRODUCTION, FulfilmentState, OrderState

REFUND = "payments.refund_order"
KEY_REFUSED = "Printify does not accept our key any more: renew the token, then try again."
MEANS = {
    "canceled": "It was canceled at Printify and is not printed: print it again, or refund it.",
    "has-issues": "Printify found something wrong with it: mend it there, then try again.",
    "unfulfillable": "Printify cannot make it: see why there, then refund it.",
    "payment-not-received": "Printify could not charge us: see to the payment method there, then try again.",
}
OURS = "We are sorry: it could not be made."
NOTHING_LEFT = "Nothing was done: all of the money has gone back already, or a bank disputes it."


# --- Printing ----------------------------------------------------------------------------------------


def _printing() -> Iterator[Row]:
    stuck = Q(state=FulfilmentState.ATTENTION) | Q(hold=True, state__in=BEFORE_PRODUCTION)
    rows = Fulfilment.objects.filter(stuck).select_related("order").defer("request").order_by("created_at")[:SHOWN]
    return (_print_row(row) for row in rows)


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
    why = f"Held: {job.hold_reason}" if job.hold else job.last_error
    status = job.upstream_status
    status_note = f" Printify says {status!r}." if status and repr(status) not in why else ""
    means = KEY_REFUSED if why.endswith(": 401") else MEANS.get(status, "") if not job.hold else ""
    return f"{means} ({why}{status_note})" if means else why + status_note


def _print_costs(job: Fulfilment) -> str:
    paid = f"The buyer paid {format_money(job.order.total, job.order.currency)}"
    charged = f"; Printify charges {format_money(job.upstream_cost, job.order.currency)}" if job.upstream_cost else ""
    return f"{paid}{charged}."


def _print_actions(job: Fulfilment) -> tuple[str, ...]:
    """Before printing it can be tried, made anew or called off; afterwards printed again, refunded or settled."""
    if job.order.state == OrderState.CANCELED:
        return ("retry", "settled")
    if job.sent_at is not None:
        return ("retry", "reprint", "refund", "settled")
    return ("release", "cancel") if job.hold else ("retry", "anew", "cancel")


def _fulfilment(pk: int) -> Fulfilment:
    return Fulfilment.objects.select_related("order").get(pk=pk)


def _retry(pk: int, who: str) -> str:
    return "Queued: it is tried again." if lifecycle.retry(_fulfilment(pk), who=who) else "There is nothing to try."


def _release(pk: int, who: str) -> str:
    job = _fulfilment(pk)
    if not lifecycle.release(job, who=who):
        return "It was not held."
    if job.state == FulfilmentState.ATTENTION:
        lifecycle.retry(job, who=who)
    return "Released: it goes on."


def _cancel(pk: int, who: str) -> str:
    return cancel_for_shop(_fulfilment(pk).order, who=who)


def cancel_for_shop(order: Order, *, who: str) -> str:
    """Call an order off that cannot be made, give its money back, and write to the buyer."""
    with transaction.atomic():
        if not lifecycle.cancel(order, who=who, why="canceled by staff"):
            return f"Too late: the order is {order.get_state_display().lower()} and may be printing."
        back = refunding.give_back(order, who=who, note="canceled by staff")
        mails.order_canceled(order, by="shop", refund=back, reason=OURS)
    _close(order)
    return f"Canceled; {format_money(back, order.currency)} is going back."


def _close(order: Order) -> None:
    alerts.close_alert(f"order:{order.number}")
    for job in Fulfilment.objects.filter(order=order):
        alerts.close_alert(f"fulfilment:{job.external_id}")


def _anew(pk: int, who: str) -> str:
    """A new draft in place of one that Printify canceled or cannot make."""
    job = _fulfilment(pk)
    try:
        with transaction.atomic():
            lifecycle.revise(job.order, who=who, what="submitted anew")
    except TooLate:
        return "Too late: it is held, printing, or over."
    _close(job.order)
    return "A new draft is made once the old one is gone."


def _reprint_all(pk: int, who: str) -> str:
    """What rests is settled in the same step, so that two presses print once more and not twice."""
    job = _fulfilment(pk)
    with transaction.atomic():
        if not lifecycle.settle(job, who=who):
            return "It was dealt with already."
        again = reprints.make(job.order, job.order.lines.all(), who=who)
    _close(job.order)
    return f"Printed again as {again.number}."


def _refund_all(pk: int, who: str) -> str:
    job = _fulfilment(pk)
    with transaction.atomic():
        if not lifecycle.settle(job, who=who):
            return "It was dealt with already."
        back = refunding.give_back(job.order, who=who, note="not made")
        if not back:
            transaction.set_rollback(True)
            return NOTHING_LEFT
        lifecycle.mark_refunded(job.order, who=who, why="not made")
    _close(job.order)
    return f"{format_money(back, job.order.currency)} is going back."


def _settle(pk: int, who: str) -> str:
    """Printify will say nothing more of it (a lost parcel, an order ended there): staff have dealt with it."""
    job = _fulfilment(pk)
    with transaction.atomic():
        moved = lifecycle.settle(job, who=who)
    if moved:
        _close(job.order)
    return "Closed: nobody looks at it any more." if moved else "It was dealt with already."


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
    with transaction.atomic():
        done = lifecycle.accept(order, who=who)
    if done:
        _close(order)
    return "Accepted: it is being printed." if done else "It was dealt with already."


def _give_back(pk: int, who: str) -> str:
    return cancel_for_shop(Order.objects.get(pk=pk), who=who)


# --- Claims --------------------------------------------------------------------------------------------


def _claims() -> Iterator[Row]:
    rows = Claim.objects.filter(state=ClaimState.OPEN).select_related("order")
    for claim in rows.prefetch_related("lines", "order__lines").order_by("made_at")[:SHOWN]:
        what = f"{claim.get_kind_display()} (order {claim.order.number})"
        url = reverse("admin:orders_claim_change", args=[claim.pk])
        cost = sum(line.unit_cost * line.quantity for line in claim.lines.all())
        worth = format_money(claims.worth(claim), claim.order.currency)
        costs = f"A refund is {worth}; a reprint about {format_money(cost, claim.order.currency)} and delivery."
        yield Row(claim.pk, what, claim.words[:300], claim.made_at, url, costs, ("reprint", "refund"))


def _reprint(pk: int, who: str) -> str:
    claim = Claim.objects.select_related("order").get(pk=pk)
    return "It is printed again." if claims.reprint(claim, who=who) else "It was answered already."


def _refund(pk: int, who: str) -> str:
    claim = Claim.objects.select_related("order").get(pk=pk)
    try:
        if not claims.refund(claim, who=who):
            return "It was answered already."
    except claims.NothingLeft:
        return NOTHING_LEFT
    return f"{format_money(claim.refund, claim.order.currency)} is going back."


attention.register(
    Source(
        "printing",
        "Printing",
        "orders.change_fulfilment",
        _printing,
        {
            "retry": Action("Try again", _retry),
            "release": Action("Release it", _release, permission=RELEASE_HOLD),
            "cancel": Action("Cancel and refund", _cancel, final=True, permission=REFUND),
            "anew": Action("Submit it anew", _anew),
            "reprint": Action("Print again", _reprint_all, final=True, permission=REPRINT_ORDER),
            "refund": Action("Refund", _refund_all, final=True, permission=REFUND),
            "settled": Action("It is settled", _settle),
        },
    )
)
attention.register(
    Source(
        "orders",
        "Orders",
        "orders.change_order",
        _orders,
        {
            "accept": Action("Accept and print", _accept, final=True, permission=ACCEPT_PAYMENT),
            "give_back": Action("Refund it", _give_back, final=True, permission=REFUND),
        },
    )
)
attention.register(
    Source(
        "claims",
        "Claims",
        "orders.change_claim",
        _claims,
        {
            "reprint": Action("Print again", _reprint, final=True, permission=REPRINT_ORDER),
            "refund": Action("Refund", _refund, final=True, permission=REFUND),
        },
    )
)
