"""A promise that was not kept: told once an order, on the day after the last day that was promised."""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orders import emails, lifecycle
from orders.models import Fulfilment, Order, Shipment
from orders.models.claim import ClaimState
from orders.states import FulfilmentState, OrderState

# Older promises were broken before anybody looked: an apology would only surprise.
FORGIVEN = timedelta(days=30)


def overdue() -> QuerySet[Order]:
    """Paid, past its last day of arrival, and not here: being made, or a parcel says so.

    What travels without a number may have come: `endings` asks.
    """
    today = timezone.localdate()
    late = Order.objects.filter(arrives_until__lt=today, arrives_until__gte=today - FORGIVEN)
    making = Q(fulfilment__state=FulfilmentState.IN_PRODUCTION)
    under_way = Q(fulfilment__state=FulfilmentState.SHIPPED, fulfilment__shipments__delivered_at=None)
    tracked = Q(fulfilment__shipments__isnull=False)
    return late.filter(making | under_way & tracked, state=OrderState.PAID).distinct()


def send_all() -> None:
    """Safe to repeat: the mail's key names the order."""
    for order in overdue():
        emails.late_parcel(order, emails.travelling(order.fulfilment))


WHO = "clock"
DAY_SECONDS = 24 * 60 * 60.0
NUMBER_COMES = timedelta(days=1)  # a tracking number may follow the parcel that long
USUAL = timedelta(days=30)  # from payment to arrival, where an order promised no day
STUCK = timedelta(days=14)  # past the last promised day and still being made
PATIENCE = timedelta(days=7)  # past it with a tracked parcel, before the buyer is asked
TRAVEL = timedelta(days=14)  # a parcel that left later than that ago is on its way
ANSWER_TIME = timedelta(days=14)
MAY_HAVE_COME = (FulfilmentState.SHIPPED, FulfilmentState.ENDED)
OVERDUE_EVENT = "overdue"  # in the history: the day on which staff were told
OVERDUE = f"Printify still says that it is being made, {STUCK.days} days after its last promised day."


def last_day(order: Order) -> date:
    """Of those promised."""
    return order.arrives_until or timezone.localdate(order.paid_at or order.placed_at) + USUAL


def poll_interval(order: Order) -> float:
    """Seconds until Printify is asked again: twice as long with each day past the last promised one, up to a day."""
    late = max((timezone.localdate() - last_day(order)).days, 0)
    return float(min(settings.POLL_MINUTES * 60 * 2 ** min(late, 20), DAY_SECONDS))


def all_left_at(fulfilment: Fulfilment) -> datetime:
    """When Printify first said that all of it has left: now, if it says so for the first time."""
    if fulfilment.left_at is None:
        fulfilment.left_at = timezone.now()
        Fulfilment.objects.filter(pk=fulfilment.pk, left_at=None).update(left_at=fulfilment.left_at)
    return fulfilment.left_at


def is_overdue(fulfilment: Fulfilment) -> bool:
    """Being made long past its day, and no person has been told of that lately."""
    if timezone.localdate() <= last_day(fulfilment.order) + STUCK:
        return False
    alerts = fulfilment.order.events.filter(what=OVERDUE_EVENT, at__gt=timezone.now() - STUCK)
    return not alerts.exists()


def _unreported() -> QuerySet[Fulfilment]:
    """Left long enough ago, and not said to have arrived."""
    recent = Q(shipments__shipped_at__gt=timezone.now() - TRAVEL, shipments__delivered_at=None)
    rows = Fulfilment.objects.filter(state=FulfilmentState.SHIPPED)
    return rows.exclude(pk__in=Fulfilment.objects.filter(recent)).select_related("order")


def _promised_before(day: date) -> Q:
    usual = Q(order__arrives_until=None, order__placed_at__date__lt=day - USUAL)
    return Q(order__arrives_until__lt=day) | usual


def ask_buyers() -> None:
    """Once an order, a week after its last day; at once where there is no number to follow. Safe to repeat."""
    today = timezone.localdate()
    followed = Exists(Shipment.objects.filter(fulfilment=OuterRef("pk"), delivered_at=None))
    due = _promised_before(today - PATIENCE) | ~followed & _promised_before(today)
    for job in _unreported().filter(due, asked_at=None, order__state=OrderState.PAID):
        with transaction.atomic():
            if Fulfilment.objects.filter(pk=job.pk, asked_at=None).update(asked_at=timezone.now()):
                emails.arrival_asked(job, answer_by=timezone.localdate() + ANSWER_TIME)


def close_unanswered() -> None:
    """Nobody said otherwise for two weeks, nor claims anything: it is over. Safe to repeat."""
    silent = Q(asked_at__lt=timezone.now() - ANSWER_TIME)
    refunded = Q(order__state=OrderState.REFUNDED) & _promised_before(timezone.localdate() - STUCK)
    complaining = Order.objects.filter(claims__state=ClaimState.OPEN)
    for job in _unreported().filter(silent | refunded).exclude(order__in=complaining):
        with transaction.atomic():
            lifecycle.advance(job, FulfilmentState.ENDED, who=WHO, why="no arrival was reported")


def arrived(order: Order, *, who: str) -> bool:
    """The buyer says so. False: it is known already, or has not left yet."""
    job = Fulfilment.objects.filter(order=order, state__in=MAY_HAVE_COME).first()
    return job is not None and lifecycle.advance(job, FulfilmentState.DELIVERED, who=who, why="the buyer says so")
