"""Printify's orders against ours: orders without a row here, those that went on unnoticed, and what they cost."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from catalog import printify
from catalog.order_list import OrderWalk
from catalog.printify import Printify
from catalog.upstream_orders import UpstreamOrder
from ilytat.display.money import format_money
from ilytat.integrations.errors import Refused
from orders import fulfilment, quote
from orders.line_values import first
from orders.models import Fulfilment, Order
from orders.printify_statuses import PRODUCING
from orders.states import CALLED_OFF, FulfilmentState
from payments import incidents, margins, strangers
from payments.models import Difference, ReconcileRun, ReconcileStep
from payments.reconcile_models import StepOutcome

NAME = "printify"
# Minor units. Printify rounds per line, and a cost may change between its last sync and the order.
TOLERANCE = 100
OTHER_SHOPS = "8104"  # after a store is reconnected, its older orders are another shop's (Printify contract, section 3)
LOOK_AT_CHARGE = (
    "Compare it with the order at Printify. Wrong: ask Printify for a credit and book it on the order's money page. "
    "Right: close this."
)


def compare(run: ReconcileRun, since: datetime) -> Iterator[Difference]:
    """Yield what differs: first of the orders still open from earlier runs, then of all orders since `since`."""
    client = printify.client()
    seen: set[str] = set()
    for upstream in _open_orders(client, run):
        seen.add(upstream.id)
        yield from _compare_order(run, upstream)
    walk = OrderWalk(client, since)
    for upstream in walk:
        run.looked["printify orders"] = len(walk.seen)
        if upstream.id not in seen:
            yield from _compare_order(run, upstream)
    run.looked["printify orders"] = len(walk.seen)


def _open_orders(client: Printify, run: ReconcileRun) -> Iterator[UpstreamOrder]:
    """Read again each order with an unexplained difference: a walk since the last run would not meet an old one."""
    rows = Difference.objects.filter(explained=False).exclude(printify_order_id="").exclude(run=run)
    last = ReconcileStep.objects.filter(name=NAME, outcome=StepOutcome.DONE).order_by("-started_at").first()
    if last:
        rows = rows.filter(run__started_at__gte=last.run.started_at)
    ids = rows.order_by("printify_order_id").values_list("printify_order_id", flat=True).distinct()
    for order_id in ids:
        try:
            yield client.order(order_id, lane="sync")
        except Refused as error:
            if error.status not in printify.ABSENT and error.code != OTHER_SHOPS:
                raise


def _compare_order(run: ReconcileRun, upstream: UpstreamOrder) -> Iterator[Difference]:
    job = fulfilment.of_upstream(upstream)
    if job is None:
        yield strangers.at_printify(run, upstream)
        return
    strangers.found_again(upstream)
    yield from _compare_charge(run, job, upstream)
    difference = Difference(
        run=run, order=job.order, reference=job.order.number, printify_order_id=upstream.id[:40], explained=False
    )
    if job.state == FulfilmentState.CANCELED and upstream.status != "canceled":
        difference.kind, difference.action = "alive at Printify", "cancel it there"
        difference.explanation = f"Canceled here, {upstream.status} at Printify ({upstream.id})."[:300]
        yield difference
    elif job.printify_order_id and upstream.status != job.upstream_status:
        _take_over(job, upstream)
        difference.kind, difference.action, difference.explained = "status behind", "taken over", True
        why = f"Printify says {upstream.status!r}, we knew {job.upstream_status or 'nothing'!r}."
        difference.explanation = why[:300]
        yield difference


def _take_over(job: Fulfilment, upstream: UpstreamOrder) -> None:
    with transaction.atomic():
        state_before = job.state
        fulfilment.record(job, upstream, who="reconcile")
        current = Fulfilment.objects.select_related("order").get(pk=job.pk)
        if current.state == FulfilmentState.ATTENTION != state_before:
            fulfilment.on_attention(current)


def _compare_charge(run: ReconcileRun, job: Fulfilment, upstream: UpstreamOrder) -> Iterator[Difference]:
    """Hold what Printify charges (goods, shipping and its tax) against what we booked and what we expected.

    Printify charges when production begins: drafts and canceled orders cost nothing. The booked cost follows at once.
    """
    is_charged = upstream.sent_to_production or upstream.status in PRODUCING or upstream.status == "fulfilled"
    if not is_charged or job.state in CALLED_OFF or job.printify_order_id != upstream.id:
        return
    order, booked = job.order, job.upstream_cost
    low, high = expected_charge(order)
    credited = margins.credited([order])
    charged = upstream.cost - upstream.tax
    has_changed = bool(booked) and abs(upstream.cost - booked) > TOLERANCE
    is_too_low = charged < low - TOLERANCE  # a credit does not make the charge itself too low
    is_too_high = charged - credited > high + TOLERANCE
    is_unexpected = high > 0 and (is_too_low or is_too_high)
    with transaction.atomic():  # once it is booked, only the alert tells of the change
        Fulfilment.objects.filter(pk=job.pk).exclude(upstream_cost=upstream.cost).update(
            upstream_cost=upstream.cost, upstream_shipping=upstream.shipping
        )
        if not has_changed and not is_unexpected:
            return
        difference = incidents.report(
            run,
            incidents.CHARGE,
            f"printify-charge:{upstream.id}:{upstream.cost}",  # another amount is another incident
            _charge_text(order, upstream, booked, high, credited),
            next_step=LOOK_AT_CHARGE,
            reference=order.number,
            order=order,
            printify_order_id=upstream.id,
        )
    yield difference


def expected_charge(order: Order) -> tuple[int, int]:
    """Return the least and the most that Printify should charge before its own tax; (0, 0) when a cost is unknown.

    What is printed again may travel with less than the first order did, and its shipping was never quoted.
    """
    lines = list(order.lines.all())
    if any(line.unit_cost == 0 for line in lines):
        return 0, 0
    goods = sum(line.unit_cost * line.quantity for line in lines)
    shipping = quote.full_price(first(order))
    return (goods if order.reprint_of_id else goods + shipping), goods + shipping


def _charge_text(order: Order, upstream: UpstreamOrder, booked: int, expected: int, credited: int) -> str:
    def money(amount: int) -> str:
        return format_money(amount, order.currency, "en")

    parts = [f"Printify charged {money(upstream.cost)} for order {order.number}"]
    parts += [f"{money(upstream.tax)} of it tax"] if upstream.tax else []
    parts += [f"{money(booked)} was booked"] if booked else []
    parts += [f"{money(expected)} was expected before tax"] if expected else []
    parts += [f"{money(credited)} was credited"] if credited else []
    return ", ".join(parts) + "."
