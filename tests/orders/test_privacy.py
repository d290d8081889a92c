"""After an erasure: what Printify or a person does later brings no name back and prints nothing."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone

from ilytat.accounts import privacy as wishes
from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import InboundEvent
from notifications.models import OutgoingEmail
from orders import claims, lifecycle
from orders.models import Fulfilment, Shipment
from tests import factories
from tests.accounts.people import RENEE, Customer, delivered
from tests.orders.conftest import ORDER_ID, Upstream, again, changed
from tests.payloads import payload

pytestmark = pytest.mark.django_db


def erased(**given: Any) -> Fulfilment:
    """A delivered order of an erased buyer, with one parcel."""
    order = delivered(**given)
    job = changed(order.fulfilment, printify_order_id=ORDER_ID, sent_at=timezone.now(), ended_at=timezone.now())
    Shipment.objects.create(fulfilment=job, carrier="usps", number="94001", url="https://carrier.example/94001")
    assert wishes.ask(RENEE.email).state == "done"
    return again(job)


def test_late_news_from_printify_brings_no_tracking_number_back(upstream: Upstream) -> None:
    job = erased()
    parcel = {"carrier": "USPS", "number": "94001", "url": "https://carrier.example/94001", "delivered_at": None}
    upstream.order("fulfilled", shipments=[parcel])
    body = payload("printify/event_order_updated")
    inbox.receive("printify", body["id"], body["type"], body)
    jobs.work_due(inbox.QUEUE)
    event = InboundEvent.objects.get()
    assert event.outcome == "handled"
    assert [(row.number, row.url) for row in Shipment.objects.all()] == [(f"erased-{job.shipments.get().pk}", "")]
    assert not OutgoingEmail.objects.exists()


def test_nothing_is_claimed_or_withdrawn_without_an_address(upstream: Upstream) -> None:
    job = erased(country="DE")
    assert not claims.claimable(job.order, job)
    assert claims.withdrawable(job.order, job) == []
    order = delivered(Customer("bo@example.com"), country="DE")
    job = changed(order.fulfilment, sent_at=timezone.now(), ended_at=timezone.now())
    assert claims.claimable(order, job)
    assert claims.withdrawable(order, job)


def test_nobody_accepts_an_erased_order_for_printing() -> None:
    order = factories.order(factories.variant(), state="attention", erased_at=timezone.now())
    assert not lifecycle.accept(order, who="eva")
    assert not Fulfilment.objects.exists()


def test_a_cart_that_another_buyer_ordered_from_too_stays() -> None:
    cart, own = factories.cart(factories.variant()), factories.cart(factories.variant())
    delivered(Customer("bo@example.com"), cart=cart)
    orders = [delivered(cart=cart), delivered(cart=own)]
    wishes.ask(RENEE.email)
    for order in orders:
        order.refresh_from_db()
    assert [order.cart for order in orders] == [cart, None]


def test_orders_erased_before_there_was_a_mark_get_it() -> None:
    migration = import_module("orders.migrations.0012_erased_at")
    gone, other = factories.order(email="4f2a@erased.invalid"), factories.order(email="bo@example.com")
    migration.mark_erased(apps, None)
    for order in (gone, other):
        order.refresh_from_db()
    assert (gone.erased_at is not None, other.erased_at) == (True, None)
