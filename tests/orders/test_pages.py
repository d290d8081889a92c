"""Cart and order pages as they come out: words, links and figures, in a constant number of queries."""

import re
from datetime import datetime, timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from catalog.models import PrintifyCache, ProductImage, Variant
from orders import tracking
from orders.models import Shipment
from orders.states import FulfilmentState, OrderState
from tests import factories
from tests.orders.conftest import SHOP, Upstream, changed, paid
from tests.pages import holding, source, text
from tests.payloads import payload

pytestmark = pytest.mark.django_db


@pytest.fixture
def shipping(upstream: Upstream) -> Upstream:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))
    return upstream


# --- The cart ----------------------------------------------------------------------------------------


def test_an_empty_cart_says_so_and_leads_on(client: Client) -> None:
    answer = client.get("/cart/")
    assert "Your cart is empty" in text(answer)
    assert 'href="/products/"' in source(answer)


def test_an_empty_cart_has_room_for_what_was_seen_and_keeps_nothing_of_who_looks(client: Client) -> None:
    page = source(client.get("/cart/"))
    assert '<div data-seen="/products/seen/"></div>' in page
    assert re.search(r'src="[^"]*js/seen[^"]*"', page)
    assert "sessionid" not in client.cookies


def test_a_line_leads_back_to_exactly_its_variant(client: Client, shipping: Upstream) -> None:
    variant = factories.variant()
    holding(client, factories.cart(variant, quantity=2))
    answer = client.get("/cart/")
    assert f'href="{variant.product.get_absolute_url()}?variant={variant.variant_id}"' in source(answer)
    assert "White / S $24.99 each" in text(answer)
    assert "$49.98" in text(answer)


def test_the_cheapest_way_is_in_the_total_and_the_others_are_told(client: Client, shipping: Upstream) -> None:
    holding(client, factories.cart(factories.variant()))
    words = text(client.get("/cart/"))
    assert "Total $28.98" in words
    assert "Standard delivery for $4.75 arrives" in words


def test_the_picture_is_one_of_the_chosen_colour_of_which_there_is_a_copy(client: Client, shipping: Upstream) -> None:
    variant = factories.variant()
    for position, (ids, files) in enumerate(
        [([1], {"400": "other.webp"}), ([variant.variant_id], {}), ([variant.variant_id], {"400": "mine.webp"})]
    ):
        ProductImage.objects.create(
            product=variant.product, source_url=f"https://x/{position}", variant_ids=ids, files=files, position=position
        )
    holding(client, factories.cart(variant))
    assert "mine.webp" in source(client.get("/cart/"))
    assert "other.webp" not in source(client.get("/cart/"))


def test_what_sold_out_is_explained_and_stops_the_checkout(client: Client) -> None:
    holding(client, factories.cart(factories.variant(), factories.variant(is_available=False)))
    answer = client.get("/cart/")
    assert "Sold out at the moment." in text(answer)
    assert "What is available $24.99" in text(answer)
    assert 'href="/checkout/"' not in source(answer)


def test_a_changed_price_is_told(client: Client, shipping: Upstream) -> None:
    variant = factories.variant()
    holding(client, factories.cart(variant))
    Variant.objects.filter(pk=variant.pk).update(price=2799)
    assert "The price was $24.99 when you put it here. It is $27.99 now." in text(client.get("/cart/"))


def test_a_country_not_served_is_told_apart_from_trouble(client: Client, upstream: Upstream) -> None:
    holding(client, factories.cart(factories.variant()))
    refusal = payload("printify/refused_address")
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=refusal, status=400)
    assert "Not everything here is sent to this country." in text(client.get("/cart/"))
    cache.clear()
    upstream.mock.upsert("POST", f"{SHOP}/orders/shipping.json", json={}, status=503)
    answer = client.get("/cart/")
    assert "Delivery cannot be calculated right now." in text(answer)
    assert 'href="/checkout/"' in source(answer)


def test_what_was_removed_can_be_put_back_by_one_press_and_is_told_once(client: Client, shipping: Upstream) -> None:
    variant = factories.variant()
    cart = holding(client, factories.cart(variant, quantity=3))
    line = cart.lines.get()
    answer = client.post("/cart/update/", {"line": line.pk, "quantity": 0}, follow=True)
    assert "is out of your cart. Put it back" in text(answer)
    assert "is out of your cart" not in text(client.get("/cart/"))
    back = {"product": variant.product_id, "variant": variant.variant_id, "quantity": 3, "back": "cart"}
    answer = client.post("/cart/add/", back, follow=True)
    assert answer.redirect_chain == [("/cart/", 302)]
    assert cart.lines.get().quantity == 3


def test_the_cart_asks_the_database_no_more_for_many_lines(
    client: Client, shipping: Upstream, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    cart = holding(client, factories.cart(factories.variant()))
    client.get("/cart/")
    with django_assert_max_num_queries(12):
        client.get("/cart/")
    for _ in range(4):
        cart.lines.create(variant=factories.variant(), seen_price=2499)
    client.get("/cart/")
    with django_assert_max_num_queries(12):
        client.get("/cart/")


def test_only_countries_every_printer_sends_to_are_offered(client: Client, shipping: Upstream) -> None:
    variant = factories.variant()
    key = f"{variant.product.blueprint_id}-{variant.product.print_provider_id}"
    now = timezone.now()
    PrintifyCache.objects.create(
        type="shipping", external_id=key, data={"US": [2, 5]}, hash="x", fetched_at=now, expires_at=now
    )
    holding(client, factories.cart(variant))
    page = source(client.get("/cart/"))
    assert '<option value="US"' in page
    assert '<option value="CA"' not in page


# --- The order page ------------------------------------------------------------------------------------


def test_the_order_page_shows_neither_address_nor_mail_and_is_not_indexed(client: Client) -> None:
    order = paid().order
    answer = client.get(order.get_absolute_url())
    for secret in (order.email, order.name, order.address1, order.zip):
        assert secret not in source(answer)
    assert answer["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in source(answer)


STANDS = [
    (FulfilmentState.NEW, "Thank you, your order is in", "Preparing"),
    (FulfilmentState.IN_PRODUCTION, "It is being made", "In production"),
    (FulfilmentState.SHIPPED, "It is on its way", "Shipped"),
    (FulfilmentState.ATTENTION, "It takes a little longer", "Preparing"),
    (FulfilmentState.CANCELED, "It takes a little longer", "Preparing"),
]


@pytest.mark.parametrize(("state", "headline", "current"), STANDS)
def test_where_it_is_is_said_and_marked(client: Client, state: str, headline: str, current: str) -> None:
    fulfilment = changed(paid(), state=state, printify_order_id="6712f0c2a1b2c3d4e5f60718")
    answer = client.get(fulfilment.order.get_absolute_url())
    assert headline in text(answer)
    marked = re.search(r'aria-current="step">.*?step__name">([^<]+)<', source(answer), re.DOTALL)
    assert marked
    assert marked[1] == current


def test_a_delivered_order_has_every_step_done(client: Client) -> None:
    fulfilment = changed(paid(), state=FulfilmentState.DELIVERED, printify_order_id="6712f0c2a1b2c3d4e5f60718")
    page = source(client.get(fulfilment.order.get_absolute_url()))
    assert "It has arrived" in page
    assert page.count("step--done") == 5


def test_an_order_of_two_packages_says_how_many_have_arrived(client: Client) -> None:
    columns = {"state": FulfilmentState.SHIPPED, "printify_order_id": "6712f0c2a1b2c3d4e5f60718"}
    fulfilment = changed(paid(), parcel_count=2, **columns)
    for number, delivered_at in (("1", timezone.now()), ("2", None)):
        Shipment.objects.create(fulfilment=fulfilment, carrier="usps", number=number, delivered_at=delivered_at)
    page = text(client.get(fulfilment.order.get_absolute_url()))
    assert "1 of 2 packages has arrived The other one is still on its way." in page
    Shipment.objects.create(fulfilment=fulfilment, carrier="usps", number="3", delivered_at=timezone.now())
    changed(fulfilment, parcel_count=3)
    assert "2 of 3 packages have arrived" in text(client.get(fulfilment.order.get_absolute_url()))
    Shipment.objects.update(delivered_at=None)
    assert "packages" not in text(client.get(fulfilment.order.get_absolute_url()))


def test_what_arrived_before_the_rest_was_made_is_said(client: Client) -> None:
    fulfilment = changed(paid(), state=FulfilmentState.IN_PRODUCTION, printify_order_id="6712f0c2a1b2c3d4e5f60718")
    Shipment.objects.create(fulfilment=fulfilment, carrier="usps", number="1", delivered_at=timezone.now())
    page = text(client.get(fulfilment.order.get_absolute_url()))
    assert "Part of your order has arrived" in page
    assert "The rest is being made." in page


NOW = timezone.now()
SAID = [
    (OrderState.AWAITING_PAYMENT, None, "We have no payment for this order yet"),
    (OrderState.EXPIRED, None, "nothing was charged"),
    (OrderState.CANCELED, NOW, "What you paid goes back the way it came"),
    (OrderState.CANCELED, None, "It was not paid. Nothing was charged"),
    (OrderState.ATTENTION, NOW, "We are looking at this order ourselves"),
]


@pytest.mark.parametrize(("state", "paid_at", "sentence"), SAID)
def test_what_is_not_on_its_way_is_said_in_plain_words(
    client: Client, state: str, paid_at: datetime | None, sentence: str
) -> None:
    order = factories.order(factories.variant(), state=state, paid_at=paid_at)
    answer = client.get(order.get_absolute_url())
    assert sentence in text(answer)
    assert "step__name" not in source(answer)


def test_each_parcel_has_its_carrier_number_and_link(client: Client) -> None:
    fulfilment = changed(paid(), state=FulfilmentState.SHIPPED, printify_order_id="6712f0c2a1b2c3d4e5f60718")
    Shipment.objects.create(fulfilment=fulfilment, carrier="usps", number="9400", url="https://carrier.test/9400")
    Shipment.objects.create(fulfilment=fulfilment, carrier="UPS", number="1Z99")
    answer = client.get(fulfilment.order.get_absolute_url())
    assert "Your 2 parcels USPS 9400" in text(answer)
    assert 'href="https://carrier.test/9400" rel="noopener noreferrer"' in source(answer)
    assert "shows nothing new for some days" in text(answer)


def test_cancelling_is_offered_until_production_can_begin(client: Client) -> None:
    fulfilment = paid(ready=False)
    assert "Until then it is free." in text(client.get(fulfilment.order.get_absolute_url()))
    changed(fulfilment, release_at=timezone.now() - timedelta(seconds=1))
    assert "Printing starts any moment." in text(client.get(fulfilment.order.get_absolute_url()))
    changed(fulfilment, sent_at=timezone.now())
    assert "Cancel the order" not in text(client.get(fulfilment.order.get_absolute_url()))


def test_what_was_bought_keeps_its_words_when_the_product_is_gone(client: Client) -> None:
    order = paid().order
    line = order.lines.get()
    link = f'href="{line.product.get_absolute_url()}?variant={line.printify_variant_id}"' if line.product else ""
    assert link in source(client.get(order.get_absolute_url()))
    order.lines.update(product=None, variant=None)
    answer = client.get(order.get_absolute_url())
    assert line.title in text(answer)
    assert link not in source(answer)


def test_the_order_page_asks_the_database_no_more_for_many_lines(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    order = paid().order
    url = order.get_absolute_url()
    with django_assert_max_num_queries(10):
        client.get(url)
    for _ in range(4):
        factories.order_line(order, factories.variant())
    for number, line in enumerate(order.lines.all()[:3]):
        shipment = order.fulfilment.shipments.create(carrier="UPS", number=f"1Z9{number}")
        shipment.lines.create(line=line, quantity=line.quantity)
    with django_assert_max_num_queries(10):
        answer = client.get(url)
    assert "Your 3 parcels" in text(answer)


def test_a_masked_address_is_known_to_its_owner_only() -> None:
    assert tracking.masked("ana@example.com") == "a•••@example.com"


# --- Finding an order, and forms that expired -------------------------------------------------------------


@pytest.mark.parametrize("typed", ["ab23cdef", "#AB23-CDEF", " AB23 CDEF "])
def test_a_number_is_found_as_people_type_it(client: Client, typed: str) -> None:
    order = factories.order(number="AB23CDEF")
    answer = client.post("/orders/find/", {"number": typed, "email": "Ana@Example.com"})
    assert answer["Location"] == order.get_absolute_url()


def test_a_wrong_number_and_a_wrong_address_sound_alike(client: Client) -> None:
    factories.order(number="AB23CDEF")
    number = text(client.post("/orders/find/", {"number": "ZZZZZZZZ", "email": "ana@example.com"}))
    email = text(client.post("/orders/find/", {"number": "AB23CDEF", "email": "eve@example.com"}))
    assert "There is a problem We found no order with this number and e-mail address." in number
    assert "There is a problem We found no order with this number and e-mail address." in email


def test_an_expired_form_says_that_nothing_was_charged() -> None:
    answer = Client(enforce_csrf_checks=True).post("/checkout/")
    assert answer.status_code == 403
    assert "Nothing was sent and nothing was charged." in text(answer)
