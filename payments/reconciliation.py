"""Stripe, our orders and Printify held side by side. Each difference has a kind, an explanation and an action.

What can be mended by reading is mended here (an event that never came, a fee, a refund made elsewhere); what cannot is
left unexplained, for a person. Read from outside first, written in short transactions: safe to run at any time.

A run is a list of steps. Each has a time limit and keeps its own outcome, so that one that hangs or fails takes nothing
from the others; a run whose process died stays without `ended_at` and is reported by `report_unended`.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.printify.client import ABSENT, Printify, printify
from catalog.printify.order_list import IncompleteList, OrderWalk
from catalog.printify.orders import PRODUCING, UpstreamOrder
from ilytat.integrations import alerts, deadlines, failure_texts, inbox
from ilytat.integrations.errors import IntegrationError, Outcome, Refused
from ilytat.integrations.inbox import NotYetKnown
from ilytat.integrations.storable import storable_text
from ilytat.pages.money import format_money
from orders import fulfillment, quote
from orders.allocation import first
from orders.models import Fulfilment, Hold, Order
from orders.states import CANCELED_STATES, FulfilmentState, OrderState
from payments import gateway, incidents, ledger, refunded_orders, refunds, unmatched_orders, webhooks
from payments.models import Difference, Payment, ReconcileRun, ReconcileStep, StepOutcome

REACH = timedelta(days=3)  # of the first run: as long as Stripe repeats a webhook
PRINTIFY_REACH = timedelta(days=30)  # of the first walk over Printify's orders
STRIPE_KEEPS = timedelta(days=30)  # its events
OVERDUE = timedelta(hours=6)  # without one complete run of a step
OVERLAP = timedelta(hours=1)  # between two runs: clocks differ, and lists lag
STUCK = timedelta(hours=1)
MOST = 200
ALERT = "reconcile"
UNFINISHED_ALERT = "reconcile-unfinished"


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
    api = printify()
    seen: set[str] = set()
    for upstream in _open_orders(api, run):
        seen.add(upstream.id)
        yield from _compare_order(run, upstream)
    walk = OrderWalk(api, since)
    for upstream in walk:
        run.looked["printify orders"] = len(walk.seen)
        if upstream.id not in seen:
            yield from _compare_order(run, upstream)
    run.looked["printify orders"] = len(walk.seen)


def _open_orders(api: Printify, run: ReconcileRun) -> Iterator[UpstreamOrder]:
    """Read again each order with an unexplained difference: a walk since the last run would not meet an old one."""
    rows = Difference.objects.filter(explained=False).exclude(printify_order_id="").exclude(run=run)
    last = ReconcileStep.objects.filter(name=NAME, outcome=StepOutcome.DONE).order_by("-started_at").first()
    if last:
        rows = rows.filter(run__started_at__gte=last.run.started_at)
    ids = rows.order_by("printify_order_id").values_list("printify_order_id", flat=True).distinct()
    for order_id in ids:
        try:
            yield api.order(order_id, lane="sync")
        except Refused as error:
            if error.status not in ABSENT and error.code != OTHER_SHOPS:
                raise


def _compare_order(run: ReconcileRun, upstream: UpstreamOrder) -> Iterator[Difference]:
    job = fulfillment.find_fulfillment(upstream)
    if job is None:
        yield unmatched_orders.at_printify(run, upstream)
        return
    unmatched_orders.found_again(upstream)
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
        fulfillment.record(job, upstream, who="reconcile")
        current = Fulfilment.objects.select_related("order").get(pk=job.pk)
        if current.state == FulfilmentState.ATTENTION != state_before:
            fulfillment.on_attention(current)


def _compare_charge(run: ReconcileRun, job: Fulfilment, upstream: UpstreamOrder) -> Iterator[Difference]:
    """Hold what Printify charges (goods, shipping and its tax) against what we booked and what we expected.

    Printify charges when production begins: drafts and canceled orders cost nothing. The booked cost follows at once.
    """
    is_charged = upstream.sent_to_production or upstream.status in PRODUCING or upstream.status == "fulfilled"
    if not is_charged or job.state in CANCELED_STATES or job.printify_order_id != upstream.id:
        return
    order, booked = job.order, job.upstream_cost
    low, high = expected_charge(order)
    credited = ledger.credited([order])
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


@dataclass(frozen=True)
class Step:
    """`compare` yields differences, which are saved one by one. After `seconds` no further call goes out.

    `first_reach`: how far back its first run reads; later ones read since the last complete one. None: everything.
    """

    compare: Callable[[ReconcileRun, datetime], Iterator[Difference]]
    seconds: int
    first_reach: timedelta | None = None
    longest_reach: timedelta = timedelta(days=365)


def run() -> ReconcileRun:
    """Compare everything once. What cannot be compared now is named in `problems` and compared by the next run."""
    report_unended()
    made = ReconcileRun.objects.create()
    for name, step in STEPS.items():
        _perform(made, name, step)
    made.ended_at = timezone.now()
    made.save(update_fields=["ended_at"])
    _tell(made)
    return made


def report_unended() -> None:
    """Open an alert when a run has not ended though its time is over, and none was complete since."""
    before = timezone.now() - timedelta(seconds=DEAD_SECONDS)
    unended = ReconcileRun.objects.filter(ended_at=None, started_at__lt=before)
    incomplete = ReconcileStep.objects.exclude(outcome=StepOutcome.DONE).values("run")
    complete = ReconcileRun.objects.exclude(ended_at=None).exclude(pk__in=incomplete).first()
    if complete:
        unended = unended.filter(started_at__gt=complete.started_at)
    dead = unended.first()
    if dead:
        last = dead.steps.last()
        text = f"The reconciliation of {dead.started_at:%d %b, %H:%M} UTC did not end. Last step: {last or 'none'}."
        alerts.open_alert(UNFINISHED_ALERT, text, next_step=NEXT_STEP_UNFINISHED)


def _perform(made: ReconcileRun, name: str, step: Step) -> None:
    now = timezone.now()
    since = _mark(name, step, now) if step.first_reach else None
    record = ReconcileStep.objects.create(run=made, name=name, since=since, limit_seconds=step.seconds, started_at=now)
    end = time.monotonic() + step.seconds
    record.outcome = StepOutcome.DONE
    try:
        with deadlines.within(step.seconds):
            for difference in _until(end, step.compare(made, since or now)):
                difference.save()
    except Exception as error:  # noqa: BLE001 (whatever ends a step is written down, and the next one begins)
        record.outcome, record.detail = _outcome(error, name, step, is_over=time.monotonic() >= end)
        made.problems.append(f"{name}: {record.detail}"[:300])
    record.ended_at = timezone.now()
    record.save()
    made.save(update_fields=["looked", "problems"])


def _until(end: float, differences: Iterator[Difference]) -> Iterator[Difference]:
    """Raises OutOfTime after the first difference that is later than `end` (monotonic seconds)."""
    for difference in differences:
        yield difference
        if time.monotonic() >= end:
            raise deadlines.OutOfTime


def _mark(name: str, step: Step, now: datetime) -> datetime:
    """Return since when to read: the start of the last complete run of this step, which may be a restored backup's."""
    last = ReconcileStep.objects.filter(name=name, outcome=StepOutcome.DONE).order_by("-started_at").first()
    if last is None:
        return now - (step.first_reach or step.longest_reach)
    return max(last.started_at - OVERLAP, now - step.longest_reach)


def _outcome(error: Exception, name: str, step: Step, *, is_over: bool) -> tuple[StepOutcome, str]:
    if isinstance(error, deadlines.OutOfTime) or (is_over and isinstance(error, IntegrationError)):
        return StepOutcome.OUT_OF_TIME, f"It did not finish within {step.seconds} seconds."
    if isinstance(error, IncompleteList | NotYetKnown):
        return StepOutcome.INCOMPLETE, storable_text(str(error), 300)
    if isinstance(error, IntegrationError):
        return StepOutcome.UNAVAILABLE, storable_text(error.detail, 300)
    return StepOutcome.FAILED, failure_texts.logged(error, "reconciliation step failed", step=name)


def _tell(made: ReconcileRun) -> None:
    # An incident has an alert of its own, or an event that rests.
    open_ones = made.differences.filter(explained=False).exclude(kind__in=incidents.KINDS).count()
    if open_ones:
        alerts.open_alert(
            ALERT, f"{open_ones} differences are unexplained.", next_step="Open the last reconcile run in the admin."
        )
    elif not made.problems:
        alerts.close_alert(ALERT)
    unfinished = [step for step in made.steps.exclude(outcome=StepOutcome.DONE) if _needs_a_person(step)]
    if unfinished:
        text = "; ".join(f"{step.name}: {step.detail}" for step in unfinished)
        alerts.open_alert(
            UNFINISHED_ALERT, f"The reconciliation is not complete. {text}", next_step=NEXT_STEP_UNFINISHED
        )
    elif not made.problems:
        alerts.close_alert(UNFINISHED_ALERT)


def _needs_a_person(step: ReconcileStep) -> bool:
    """Not while a provider is away, which has an alert of its own, unless that keeps the step from ending for hours."""
    long_ago = step.started_at - OVERDUE
    earlier = ReconcileStep.objects.filter(name=step.name)
    is_overdue = earlier.filter(started_at__lt=long_ago).exists()
    was_done = earlier.filter(started_at__gte=long_ago, outcome=StepOutcome.DONE).exists()
    return step.outcome != StepOutcome.UNAVAILABLE or (is_overdue and not was_done)


def _missed_events(made: ReconcileRun, since: datetime) -> Iterator[Difference]:
    """What Stripe told while nobody heard (D20): taken into the inbox, whose handlers do the rest."""
    events_found = list(gateway.events_since(since, inbox.types(webhooks.SOURCE)))
    made.looked["stripe events"] = len(events_found)
    for event in events_found:
        if webhooks.import_event(event):
            yield Difference(
                run=made,
                kind="event missed",
                reference=event.id,
                explanation=f"Stripe told of {event.type}, and it never arrived.",
                action="taken into the inbox",
            )


def _unknown(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    """Money for orders that this database has not; by now the inbox holds what Stripe told of them."""
    yield from unmatched_orders.at_stripe(made)


def _fees(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    rows = Payment.objects.filter(fee=None, live=settings.STRIPE_LIVE).select_related("order").order_by("-at")
    made.looked["fees"] = len(rows)
    for payment in rows:
        fee = gateway.fee_of(payment.payment_intent_id)
        if fee is not None:
            Payment.objects.filter(pk=payment.pk, fee=None).update(fee=fee)
            yield _of(made, payment.order, "fee unknown", "Stripe had not booked it when it was paid.", "booked now")


def _refunds(made: ReconcileRun, since: datetime) -> Iterator[Difference]:
    """Stripe's refunds of every payment whose money moves, against the ledger.

    Raises NotYetKnown after the last payment, with what could not be booked yet; the next run reads it again.
    """
    recent = Payment.objects.filter(at__gte=since) | Payment.objects.filter(
        refund_reserved__gt=0, refunds__state="sent"
    )
    rows = recent.filter(live=settings.STRIPE_LIVE).select_related("order").distinct()
    made.looked["payments"] = len(rows)
    unbooked: list[str] = []
    for payment in rows:
        theirs = gateway.refunds_of(payment.payment_intent_id)
        try:
            with transaction.atomic():
                news = [refunds.apply(facts) for facts in theirs]
        except NotYetKnown as error:
            unbooked.append(f"{payment.order.number}: {error}")
            continue
        if any(result.outcome == Outcome.HANDLED for result in news):
            yield _of(
                made, payment.order, "refund unknown", "Its event did not arrive or did not come yet.", "booked now"
            )
    if unbooked:
        raise NotYetKnown("; ".join(unbooked))


def _money(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    """Within our own tables: a paid order has its money, exactly; money has its order."""
    applied = Payment.objects.filter(applied=True).select_related("order")
    made.looked["paid orders"] = Order.objects.paid().count()
    for payment in applied.exclude(captured=F("order__total"))[:MOST]:
        paid = format_money(payment.captured, payment.currency)
        why = f"{paid} was paid where {format_money(payment.order.total, payment.order.currency)} was agreed."
        known = payment.order.state != OrderState.PAID or _is_accepted(payment.order)
        yield _of(made, payment.order, "amount differs", why, "waits for a person", explained=known)
    for order in Order.objects.paid().filter(total__gt=0, reprint_of=None).exclude(payments__applied=True)[:MOST]:
        yield _of(made, order, "paid without money", "No payment is in the ledger.", "look at Stripe", explained=False)
    for payment in applied.filter(order__state=OrderState.PAID, order__fulfilment=None)[:MOST]:
        yield _of(made, payment.order, "not printed", "It was never queued.", "start its printing", explained=False)


def _is_accepted(order: Order) -> bool:
    """Whether a person took other money than agreed for enough: nothing else leads out of attention to paid."""
    return order.events.filter(old=OrderState.ATTENTION, new=OrderState.PAID).exists()


def _stuck(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    """Paid, free to print, and not at Printify for an hour (I1)."""
    rows = Fulfilment.objects.filter(state=FulfilmentState.NEW, created_at__lt=timezone.now() - STUCK)
    for job in rows.exclude(holds__in=Hold.objects.open()).select_related("order")[:MOST]:
        why = job.last_error[:250] or "Nobody works on it: is a worker running?"
        yield _of(made, job.order, "not submitted", why, "is tried again", explained=bool(job.last_error))


def _of(made: ReconcileRun, order: Order, kind: str, why: str, action: str, *, explained: bool = True) -> Difference:
    return Difference(
        run=made,
        kind=kind,
        order=order,
        reference=order.number,
        explanation=why[:300],
        action=action,
        explained=explained,
    )


# What each step may take, in seconds. Stripe answers in about 0.3 s: 240 s are some 800 payments. Printify's budget and
# speed allow about two pages a second: 600 s are some 1,200 pages, 12,000 orders.
STEPS: dict[str, Step] = {
    "events": Step(_missed_events, 120, REACH, STRIPE_KEEPS),
    "unknown": Step(_unknown, 30),
    "fees": Step(_fees, 120),
    "refunds": Step(_refunds, 240, REACH, STRIPE_KEEPS),
    "money": Step(_money, 30),
    "refunded": Step(refunded_orders.compare, 60),
    "stuck": Step(_stuck, 30),
    NAME: Step(compare, 600, PRINTIFY_REACH),
}
# A step ends at most one call (and its repeats) or one query after its limit.
SLACK_SECONDS = 30
# What all steps together may take: Celery's soft limit of the task (`payments.tasks.compare`).
RUN_SECONDS = sum(step.seconds + SLACK_SECONDS for step in STEPS.values())
# Celery's hard limit, which ends what no limit of a step reached. A run that is older than the last has died; the lease
# of the task lasts as long, so that no second run begins beside the first.
KILL_SECONDS = RUN_SECONDS + 60
DEAD_SECONDS = KILL_SECONDS + 60
NEXT_STEP_UNFINISHED = (
    "The next hourly run continues from there. If this stays open, check that a worker serves the sync queue."
)
