"""A delay is told once an order, and only while it is one."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from ilytat.integrations import jobs
from notifications.models import OutgoingEmail
from orders import delivery_followup, tasks
from orders.models import Fulfilment, Order, Shipment
from orders.states import FulfilmentState
from tests.factories import paid_order

pytestmark = pytest.mark.django_db


def promised(days_ago: int, state: str = FulfilmentState.SHIPPED, **given: Any) -> Order:
    made = paid_order(arrives_until=timezone.localdate() - timedelta(days=days_ago), **given)
    row = {"external_id": made.number, "printify_order_id": made.number, "release_at": timezone.now(), "request": {}}
    Fulfilment.objects.create(order=made, state=state, **row)
    return made


def test_the_day_after_the_last_promised_day_the_buyer_is_told_once() -> None:
    order = promised(1)
    Shipment.objects.create(fulfilment=order.fulfilment, carrier="USPS", number="9400")
    for _ in range(2):
        tasks.tell_of_delays()
    jobs.work_due("mail")
    [sent] = mail.outbox
    assert sent.subject == f"Order {order.number} is taking longer"
    assert "9400" in str(sent.body)


@pytest.mark.parametrize(
    ("days_ago", "state"),
    [
        (0, FulfilmentState.SHIPPED),
        (1, FulfilmentState.DELIVERED),
        (1, FulfilmentState.CANCELED),
        (40, FulfilmentState.SHIPPED),
        (1, FulfilmentState.SHIPPED),  # without a number to follow it may have come: the buyer is asked instead
        (1, FulfilmentState.ENDED),
    ],
)
def test_nobody_else_is(days_ago: int, state: str) -> None:
    promised(days_ago, state)
    delivery_followup.send_all()
    assert not OutgoingEmail.objects.exists()


def test_what_is_still_being_made_is_late_without_a_parcel() -> None:
    promised(1, FulfilmentState.IN_PRODUCTION)
    delivery_followup.send_all()
    assert OutgoingEmail.objects.get().context["parcel"] == {"carrier": "", "number": "", "url": ""}
