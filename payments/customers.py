"""The customers that Stripe Tax needs: created for an order, deleted at Stripe once the order's buyer was erased.

A customer at Stripe carries name, email and address of the buyer. With STRIPE_AUTOMATIC_TAX off none is created.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from ilytat.integrations import alerts, jobs
from ilytat.integrations.attention import SHOWN, Action, AttentionSource, Row
from ilytat.integrations.jobs import ATTENTION
from orders.models import Order
from payments import gateway, session_params
from payments.models import StripeCustomer

if TYPE_CHECKING:
    from django.db.models import QuerySet

QUEUE = "stripe customers"
LANE = "bulk"
KEPT, DELETING, DELETED = "kept", "deleting", "deleted"
NEXT_STEP = "Read the error, then try again, or delete the customer in Stripe's dashboard and try again."

NEXT_STEP_SEARCH = (
    "Search Stripe's dashboard for the order's number, delete the customer if there is one, then press Try again under "
    "Customers to delete at Stripe."
)


def of_order(order: Order) -> str:
    """Return the id of the order's customer at Stripe, created if need be. Raises an IntegrationError."""
    row, _created = StripeCustomer.objects.get_or_create(order=order)
    if row.stripe_customer_id:
        return row.stripe_customer_id
    customer_id = gateway.create_customer(session_params.customer(order), key=f"customer-{order.number}")
    own = StripeCustomer.objects.filter(pk=row.pk)
    own.update(stripe_customer_id=customer_id, state=KEPT)
    if Order.objects.filter(pk=order.pk, erased_at__isnull=False).exists():
        delete(own)  # the erasure came while Stripe was answering, and did not know this id yet
    return customer_id


def find_unknown(rows: "QuerySet[StripeCustomer]") -> None:
    """Find the Stripe ids of customers whose creation response was lost.

    Raises an IntegrationError; call outside a transaction.

    The order's sessions name the customer. Without one Stripe is asked by email, and answers only for the very spelling
    the customer was created with, which an order from before may have lost: when that finds nothing, staff look.
    """
    for row in rows.filter(stripe_customer_id=None, state=KEPT).select_related("order"):
        customer_ids, is_certain = _of_sessions(row.order)
        customer_ids = customer_ids or gateway.customers_of(row.order.email, row.order.number)
        for surplus in customer_ids[1:]:  # created again after Stripe had forgotten the first idempotency key
            gateway.delete_customer(surplus)
        own = StripeCustomer.objects.filter(pk=row.pk, stripe_customer_id=None, state=KEPT)
        if customer_ids:
            own.update(stripe_customer_id=customer_ids[0])
        elif is_certain:
            own.update(state=DELETED)
        else:
            _let_staff_look(row, own)


def _of_sessions(order: Order) -> tuple[list[str], bool]:
    """The ids of the customers that the order's sessions have, and whether there is certainly no other: a customer is
    created for sessions with Stripe Tax only, so not when all were read and none has it.
    """
    ids = list(order.sessions.order_by("attempt").values_list("stripe_session_id", flat=True))
    sessions = [gateway.session_if_any(name) if name else None for name in ids]
    customer_ids = [session.customer for session in sessions if session and session.customer]
    is_certain = all(session and not session.has_automatic_tax for session in sessions)
    return list(dict.fromkeys(customer_ids)), is_certain


def _let_staff_look(row: StripeCustomer, own: "QuerySet[StripeCustomer]") -> None:
    error = "Stripe names no customer for the order's sessions and email, but may have one under an older spelling."
    with transaction.atomic():
        if own.update(state=ATTENTION, last_error=error):
            message = f"Stripe may still have a customer of order {row.order.number}, whose buyer asked for erasure."
            alerts.open_alert(_alert_key(row.pk), message, next_step=NEXT_STEP_SEARCH)


def delete(rows: "QuerySet[StripeCustomer]") -> None:
    """Queue the deletion at Stripe, inside the transaction that erases the orders."""
    if rows.filter(state=KEPT).update(state=DELETING, next_at=timezone.now(), attempts=0):
        jobs.wake(QUEUE, LANE)


def work(row: StripeCustomer) -> None:
    """Delete it at Stripe. Harmless to repeat: a customer that is gone counts as deleted."""
    if row.stripe_customer_id:
        gateway.delete_customer(row.stripe_customer_id)
    with transaction.atomic():
        row.finish(DELETED)
        alerts.close_alert(_alert_key(row.pk))


def retry(pk: int, _who: str = "") -> str:
    rows = StripeCustomer.objects.filter(pk=pk, state=ATTENTION)
    with transaction.atomic():
        if not StripeCustomer.requeue(rows, DELETING):
            return "No change: it is not waiting for you."
        alerts.close_alert(_alert_key(pk))
    jobs.wake(QUEUE, LANE)
    return "Retry queued."


def on_attention(row: StripeCustomer) -> None:
    message = f"Customer {row.stripe_customer_id} of an erased order could not be deleted at Stripe: {row.last_error}"
    alerts.open_alert(_alert_key(row.pk), message, next_step=NEXT_STEP)


def _alert_key(pk: int) -> str:
    return f"stripe-customer:{pk}"


def _failed() -> Iterator[Row]:
    rows = StripeCustomer.objects.filter(state=ATTENTION).select_related("order").order_by("created_at")[:SHOWN]
    for row in rows:
        url = reverse("admin:payments_stripecustomer_change", args=[row.pk])
        has = "still has the" if row.stripe_customer_id else "may still have a"
        what = f"Stripe {has} customer of erased order {row.order.number}"
        yield Row(row.pk, what, row.last_error, row.order.erased_at or row.created_at, url, actions=("again",))


queue = jobs.register(jobs.Queue(name=QUEUE, model=StripeCustomer, work=work, lane=LANE, on_attention=on_attention))
STRIPE_CUSTOMERS = AttentionSource(
    "stripe-customers",
    "Customers to delete at Stripe",
    "payments.change_stripecustomer",
    _failed,
    {"again": Action("Try again", retry)},
)
