"""Delivery priced print provider by print provider, and its days observed from parcels once there are enough (E13)."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from catalog.delivery_estimates import estimates
from catalog.models import Product
from notifications.templatetags.mail import day
from orders import cart as carts
from orders import claims, delivery_records, quote
from orders.models import Order, Shipment
from tests import factories
from tests.orders.conftest import SHOP, Upstream, created

pytestmark = pytest.mark.django_db


def _arrived(days: list[int], *, provider: int = 99, method: str = "standard") -> Product:
    """Parcels of one printer to the US that took so long."""
    job = created(f"p-{provider}-{method}", number=f"A{provider}{method[:3].upper()}", shipping_method=method)
    now = timezone.localtime()  # days are the shop's: an hour of summer time is not one
    Order.objects.filter(pk=job.order_id).update(paid_at=now - timedelta(days=max(days)))
    for number, took in enumerate(days):
        arrived = now - timedelta(days=max(days) - took)
        key = {"carrier": "usps", "number": str(number), "provider_id": provider}
        Shipment.objects.create(fulfilment=job, delivered_at=arrived, **key)
    product = job.order.lines.get().product
    assert product
    return product


def _days(product: Product, method: str = "standard") -> tuple[int, int]:
    delivery_records.observe()
    window = estimates([product], "US").window(method)
    today = timezone.localdate()
    return (window.first - today).days, (window.last - today).days


def test_twenty_parcels_are_enough() -> None:
    product = _arrived(list(range(1, 21)))
    assert _days(product) == (11, 19)


def test_fewer_change_nothing_yet() -> None:
    product = _arrived([30] * 19)
    assert _days(product)[1] < 30


def test_another_shipping_method_is_observed_for_itself() -> None:
    product = _arrived([40] * 20, method="economy")
    assert _days(product, "standard")[1] < 40
    assert _days(product, "economy") == (40, 40)


def test_the_newest_200_parcels_of_a_year_count() -> None:
    product = _arrived([3] * 30 + [60] * 200)
    assert _days(product) == (60, 60)


def test_product_page_cart_checkout_order_and_reprint_promise_the_same_days(client: Client, upstream: Upstream) -> None:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": 475})
    product = _arrived(list(range(20, 41)))
    delivery_records.observe()
    variant = factories.variant(product)
    first, last = (timezone.localdate() + timedelta(days=count) for count in (30, 38))
    form = {"product": product.pk, "variant": variant.variant_id, "quantity": 1}
    assert client.post("/cart/add/", form).status_code == 302
    for page in (product.get_absolute_url(), "/cart/?country=US", "/checkout/"):
        text = client.get(page).content.decode()
        assert {page: [day(each.isoformat()) in text for each in (first, last)]} == {page: [True, True]}
    parent = Order.objects.get()
    with transaction.atomic():
        reprint = claims.make(parent, parent.lines.all(), who="eva")
    assert (reprint.arrives_from, reprint.arrives_until) == (first, last)


def test_staff_see_how_promises_were_kept() -> None:
    _arrived([1, 2, 3, 4])
    today = timezone.localdate()
    Order.objects.update(arrives_from=today - timedelta(days=2), arrives_until=today - timedelta(days=1))
    [record] = delivery_records.records()
    assert (record.parcels, record.on_time, record.early, record.late, record.hit_rate) == (4, 3, 1, 1, 50)
    assert (record.promised, record.p50, record.p90, record.is_enough) == ((2, 3), 3, 4, False)


def test_staff_read_what_was_promised_beside_what_came_true(admin_client: Client) -> None:
    _arrived([1, 2, 3, 4])
    today = timezone.localdate()
    Order.objects.update(arrives_from=today - timedelta(days=2), arrives_until=today - timedelta(days=1))
    page = admin_client.get("/admin/orders/order/arrivals/").content.decode()
    assert ">2–3 days</td>" in page
    assert ">3–4 days</td>" in page


def test_each_printer_charges_its_own_first_item(upstream: Upstream) -> None:
    one, two = factories.variant(), factories.variant(factories.product(print_provider_id=7))
    for costs in ({"standard": 475, "priority": 900}, {"standard": 300, "economy": 200}):
        upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=costs)
    [option] = quote.options(carts.view(factories.cart(one, two)), country="US")
    assert (option.code, option.amount, option.parcels) == ("standard", 775, ((7, 300), (99, 475)))
    assert option.as_agreed() == {"method": "standard", "amount": 775, "parcels": [[7, 300], [99, 475]]}
    assert len(upstream.asked("POST", "/orders/shipping.json")) == 2


def test_many_printers_are_asked_at_once(upstream: Upstream) -> None:
    things = [factories.variant(factories.product(print_provider_id=number)) for number in range(1, 6)]
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": 2000})
    [option] = quote.options(carts.view(factories.cart(*things)), country="US")
    assert option.amount == 2000
    assert len(upstream.asked("POST", "/orders/shipping.json")) == 1


def test_a_way_that_one_printer_does_not_offer_is_not_offered(upstream: Upstream) -> None:
    one, two = factories.variant(), factories.variant(factories.product(print_provider_id=7))
    for costs in ({"standard": 475}, {"priority": 300}):
        upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=costs)
    with pytest.raises(quote.DestinationNotServed):
        quote.options(carts.view(factories.cart(one, two)), country="US")
