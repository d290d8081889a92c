"""Stripe, our orders and Printify held side by side. Each difference has a kind, an explanation and an action.

What can be mended by reading is mended here (an event that never came, a fee, a refund made elsewhere); what cannot is
left unexplained, for a person. Read from outside first, written in short transactions: safe to run at any time.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog import printify
from ilytat.integrations import alerts, inbox
from ilytat.integrations.errors import IntegrationError
from ilytat.integrations.inbox import NotYetKnown
from ilytat.integrations.results import Outcome
from orders import fulfilment
from orders.models import Fulfilment, Hold, Order
from orders.states import FulfilmentState, OrderState
from payments import events, gateway, refund_updates, strangers
from payments.models import Difference, Payment, ReconcileRun

Step = Callable[[ReconcileRun, datetime], Iterator[Difference]]
REACH = timedelta(days=3)  # of the first run: as long as Stripe repeats a webhook
STRIPE_KEEPS = timedelta(days=30)  # its events
BY_CURSOR = ("events:", "refunds:")  # the steps that ask only for what is new
OVERLAP = timedelta(hours=1)
STUCK = timedelta(hours=1)
MOST = 200
ALERT = "reconcile"


def run() -> ReconcileRun:
    """Compare everything once. What cannot be asked now is named in `problems` and compared by the next run."""
    since, made = _cursor(), ReconcileRun.objects.create()
    for name, step in STEPS.items():
        try:
            found = list(step(made, since))
        except (IntegrationError, NotYetKnown) as error:
            made.problems.append(f"{name}: {getattr(error, 'detail', error)}"[:300])
            continue
        Difference.objects.bulk_create(found)
    made.ended_at = timezone.now()
    made.save()
    _tell(made)
    return made


def _cursor() -> datetime:
    """Since when Stripe is asked: the last run that could ask it, however long ago that is in a restored backup."""
    now = timezone.now()
    for started_at, problems in ReconcileRun.objects.exclude(ended_at=None).values_list("started_at", "problems")[
        :MOST
    ]:
        if not any(problem.startswith(BY_CURSOR) for problem in problems):
            return max(started_at - OVERLAP, now - STRIPE_KEEPS)
    return now - REACH


def _tell(made: ReconcileRun) -> None:
    # An unknown order is an incident of its own, or an event that rests.
    open_ones = made.differences.filter(explained=False).exclude(kind=strangers.UNKNOWN).count()
    if open_ones:
        alerts.open_alert(
            ALERT, f"{open_ones} differences are unexplained.", next_step="Open the last reconcile run in the admin."
        )
    elif not made.problems:
        alerts.close_alert(ALERT)


def _missed_events(made: ReconcileRun, since: datetime) -> Iterator[Difference]:
    """What Stripe told while nobody heard (D20): taken into the inbox, whose handlers do the rest."""
    events_found = list(gateway.events_since(since, inbox.types(events.SOURCE)))
    made.looked["stripe events"] = len(events_found)
    for event in events_found:
        if events.take_in(event):
            yield Difference(
                run=made,
                kind="event missed",
                reference=event.id,
                explanation=f"Stripe told of {event.type}, and it never arrived.",
                action="taken into the inbox",
            )


def _unknown(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    """Money for orders that this database has not; by now the inbox holds what Stripe told of them."""
    yield from strangers.at_stripe(made)


def _fees(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    rows = Payment.objects.filter(fee=None, live=settings.STRIPE_LIVE).select_related("order")[:MOST]
    made.looked["fees"] = len(rows)
    for payment in rows:
        fee = gateway.fee_of(payment.payment_intent_id)
        if fee is not None:
            Payment.objects.filter(pk=payment.pk, fee=None).update(fee=fee)
            yield _of(made, payment.order, "fee unknown", "Stripe had not booked it when it was paid.", "booked now")


def _refunds(made: ReconcileRun, since: datetime) -> Iterator[Difference]:
    """Stripe's refunds of every payment whose money moves, against the ledger."""
    recent = Payment.objects.filter(at__gte=since) | Payment.objects.filter(
        refund_reserved__gt=0, refunds__state="sent"
    )
    rows = recent.filter(live=settings.STRIPE_LIVE).select_related("order").distinct()[:MOST]
    made.looked["payments"] = len(rows)
    for payment in rows:
        theirs = gateway.refunds_of(payment.payment_intent_id)
        with transaction.atomic():
            news = [refund_updates.book(facts) for facts in theirs]
        if any(result.outcome == Outcome.HANDLED for result in news):
            yield _of(
                made, payment.order, "refund unknown", "Its event did not arrive or did not come yet.", "booked now"
            )


def _money(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    """Within our own tables: a paid order has its money, exactly; money has its order."""
    applied = Payment.objects.filter(applied=True).select_related("order")
    made.looked["paid orders"] = Order.objects.paid().count()
    for payment in applied.exclude(captured=F("order__total"))[:MOST]:
        why = f"{payment.captured} {payment.currency} were paid where {payment.order.total} was agreed."
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


def _printify(made: ReconcileRun, _since: datetime) -> Iterator[Difference]:
    """Printify's newest orders against ours: strangers, and those that went on or live on without our knowing."""
    client = printify.client()
    theirs = list(client.orders(pages=5))
    made.looked["printify orders"] = len(theirs)
    for upstream in theirs:
        ours = fulfilment.of_upstream(upstream)
        if ours is None:
            yield strangers.at_printify(made, upstream)
            continue
        strangers.found_again(upstream)
        if ours.state == FulfilmentState.CANCELED and upstream.status != "canceled":
            why = f"Canceled here, {upstream.status} at Printify ({upstream.id})."
            yield _of(made, ours.order, "alive at Printify", why, "cancel it there", explained=False)
        elif ours.printify_order_id and upstream.status != ours.upstream_status:
            with transaction.atomic():
                before = ours.state
                fulfilment.record(ours, upstream, who="reconcile")
                ours.refresh_from_db()
                if ours.state == FulfilmentState.ATTENTION != before:
                    fulfilment.on_attention(ours)
            why = f"Printify says {upstream.status!r}, we knew {ours.upstream_status or 'nothing'!r}."
            yield _of(made, ours.order, "status behind", why, "taken over")


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


STEPS: dict[str, Step] = {
    "events": _missed_events,
    "unknown": _unknown,
    "fees": _fees,
    "refunds": _refunds,
    "money": _money,
    "stuck": _stuck,
    "printify": _printify,
}
