"""What Printify really charged for shipping that was quoted from the rate card."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from catalog.printify.orders import read_order
from ilytat.accounts.models import User
from orders import fulfillment
from orders.models import Fulfilment, Order
from payments import attention, estimated_shipping
from tests.orders.conftest import ORDER_ID, printing
from tests.payloads import payload

pytestmark = pytest.mark.django_db
ESTIMATE = {"method": "standard", "amount": 523, "parcels": [[99, 523]], "estimated": True, "surcharge": 48}


def estimated(charged: int | None, **order: object) -> Fulfilment:
    row = printing(f"{ORDER_ID}{Order.objects.count()}")
    Order.objects.filter(pk=row.order_id).update(quote=ESTIMATE, **order)
    Fulfilment.objects.filter(pk=row.pk).update(upstream_shipping=charged)
    return Fulfilment.objects.select_related("order").get(pk=row.pk)


def test_the_shipping_part_of_printifys_charge_is_stored() -> None:
    row = printing()
    upstream = read_order(payload("printify/order", id=ORDER_ID, status="in-production", total_shipping=600))
    fulfillment.record(row, upstream, who="test")
    row.refresh_from_db()
    assert row.upstream_shipping == 600


@pytest.mark.parametrize(("charged", "difference"), [(600, 77), (475, -48), (None, None)])
def test_the_difference_is_what_printify_charges_less_the_estimate(charged: int | None, difference: int | None) -> None:
    row = estimated(charged)
    shipping = estimated_shipping.of_order(row.order, row)
    assert shipping is not None
    assert (shipping.estimate, shipping.surcharge, shipping.difference) == (523, 48, difference)


def test_an_order_with_a_live_quote_has_none() -> None:
    row = printing()
    assert estimated_shipping.of_order(row.order, row) is None
    assert estimated_shipping.recent() == (0, 0)


def test_differences_of_ninety_days_are_added_up() -> None:
    estimated(600)
    estimated(475)
    estimated(None)
    estimated(9999, placed_at=timezone.now() - timedelta(days=91))
    estimated(9999, currency="EUR")
    assert estimated_shipping.recent() == (77 - 48, 2)
    assert "cost $0.29 more than quoted" in str(attention.money_today().detail)


def test_the_money_page_shows_the_estimate_and_the_charge(client: Client) -> None:
    client.force_login(User.objects.create_superuser("chief@ilytat.test", "long-enough-4-anyone"))
    row = estimated(None)
    page = client.get(f"/admin/payments/payment/order/{row.order_id}/").content.decode()
    assert "Printify has not said yet" in page
    Fulfilment.objects.update(upstream_shipping=600)
    page = client.get(f"/admin/payments/payment/order/{row.order_id}/").content.decode()
    assert "Printify charges $6.00. Difference: $0.77." in page
