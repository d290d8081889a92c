"""The customer's checkout routes in JSON: ids and quantities in, addresses out; no price is ever believed (H14)."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog import availability
from catalog.models import PrintifyCache, Variant
from orders.models import Cart, CartLine, Order
from payments.api import TRIES
from tests import factories
from tests.addresses import ADDRESS
from tests.orders.conftest import SHOP, Upstream
from tests.payloads import payload
from tests.payments.conftest import SESSION, Till, form, refused

pytestmark = pytest.mark.django_db
URL = "/api/checkout/create-session"


@pytest.fixture
def ready(upstream: Upstream, till: Till) -> Till:
    """Printify tells shipping, Stripe makes sessions."""
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))
    till.creates(payload("stripe/session"))
    return till


def _item(variant: Variant, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"product_id": variant.product_id, "variant_id": variant.variant_id, "quantity": quantity} | more


def _post(client: Client, *items: dict[str, Any], path: str = URL, **more: Any) -> tuple[int, Any]:
    answer = client.post(path, {"items": list(items), **more}, content_type="application/json")
    return answer.status_code, answer.json()


def _buy(client: Client, *items: dict[str, Any], **more: Any) -> tuple[int, Any]:
    return _post(client, *items, **{"email": "ana@example.com", "address": ADDRESS, **more})


@pytest.mark.parametrize("path", [URL, URL + "/"])
def test_without_an_address_the_checkout_page_is_next(client: Client, path: str) -> None:
    variant = factories.variant()
    status, said = _post(client, _item(variant, 2), path=path)
    assert status == 200
    assert (said["url"], said["next"], said["order"]) == ("http://testserver/checkout/", "address", None)
    assert list(CartLine.objects.values_list("variant_id", "quantity")) == [(variant.pk, 2)]


def test_with_an_address_stripes_page_is_next(client: Client, ready: Till) -> None:
    variant = factories.variant(price=2000)
    status, said = _buy(client, _item(variant, 2), shipping_method="economy")
    order = Order.objects.get()
    assert status == 200
    assert said == {
        "url": f"https://checkout.stripe.com/c/pay/{SESSION}",
        "next": "pay",
        "order": order.number,
        "total": 4399,
        "currency": "USD",
    }
    assert order.shipping_method == "economy"


def test_the_cheapest_delivery_is_meant_when_none_is_named(client: Client, ready: Till) -> None:
    _buy(client, _item(factories.variant()))
    assert Order.objects.get().shipping == 399


def test_prices_in_the_body_are_strangers(client: Client, ready: Till) -> None:
    variant = factories.variant(price=2000)
    lies = {"price": 1, "unit_amount": 1, "amount": 1}
    status, said = _buy(client, _item(variant, **lies), total=1, currency="JPY", shipping=0)
    assert (status, said["total"], said["currency"]) == (200, 2399, "USD")
    assert form(ready.asked("POST", "/checkout/sessions")[0])["line_items[0][price_data][unit_amount]"] == "2000"


def test_the_cart_is_exactly_what_was_sent_last(client: Client) -> None:
    first, second = factories.variant(), factories.variant()
    _post(client, _item(first))
    _post(client, _item(second), _item(second, 2))
    assert list(CartLine.objects.values_list("variant_id", "quantity")) == [(second.pk, 3)]
    assert Cart.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": 21},
        {"quantity": 10**30},
        {"quantity": "two"},
        {"quantity": 1.5},
        {"quantity": None},
        {"product_id": 0},
        {"product_id": 2**40},
        {"variant_id": -3},
        {"variant_id": 2**60},
    ],
    ids=str,
)
def test_odd_numbers_are_named_not_crashed_on(client: Client, wrong: dict[str, Any]) -> None:
    status, said = _post(client, _item(factories.variant()) | wrong)
    assert (status, said["error"]["code"]) == (422, "invalid")
    assert any(next(iter(wrong)) in field for field in said["error"]["fields"])
    assert not Cart.objects.exists()


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": None}, {"items": [{}]}, [], None], ids=str)
def test_a_body_of_another_shape_is_named_not_crashed_on(client: Client, body: Any) -> None:
    answer = client.post(URL, body, content_type="application/json")
    assert answer.status_code in {400, 422}
    assert answer.json()["error"]["code"]


def test_too_many_lines_are_refused(client: Client) -> None:
    item = _item(factories.variant())
    assert _post(client, *[item] * 51)[0] == 422


def test_an_unknown_variant_is_not_found(client: Client) -> None:
    variant = factories.variant()
    status, said = _post(client, _item(variant) | {"variant_id": 1})
    assert (status, said["error"]["code"], said["error"]["fields"]) == (404, "not_found", {"variant_id": "1"})


def test_what_is_sold_out_is_said_so_and_leaves_the_cart_alone(client: Client) -> None:
    good, out = factories.variant(), factories.variant(is_available=False)
    _post(client, _item(good))
    status, said = _post(client, _item(good), _item(out))
    assert (status, said["error"]["code"]) == (409, "not_sellable")
    assert CartLine.objects.get().variant == good


def test_a_bad_address_is_named_field_by_field(client: Client, ready: Till) -> None:
    bad = ADDRESS | {"zip": "1", "region": ""}
    status, said = _buy(client, _item(factories.variant()), address=bad, email="nobody")
    assert (status, said["error"]["code"]) == (422, "invalid")
    assert set(said["error"]["fields"]) == {"email", "zip", "region"}
    assert not Order.objects.exists()


def test_a_country_we_do_not_ship_to_is_a_field(client: Client, ready: Till) -> None:
    _status, said = _buy(client, _item(factories.variant()), address=ADDRESS | {"country": "KP"})
    assert "country" in said["error"]["fields"]


def test_a_delivery_that_is_not_offered_is_not_replaced_in_silence(client: Client, ready: Till) -> None:
    status, said = _buy(client, _item(factories.variant()), shipping_method="by_balloon")
    assert (status, said["error"]["code"]) == (409, "not_offered")
    assert not Order.objects.exists()


def test_a_total_no_card_can_pay_is_named(client: Client, upstream: Upstream, till: Till) -> None:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": 0})
    status, said = _buy(client, _item(factories.variant(price=10)))
    assert (status, said["error"]["code"]) == (409, "not_payable")
    assert not till.asked("POST", "/checkout/sessions")


def test_a_place_nobody_serves_is_named(client: Client, upstream: Upstream) -> None:
    refusal = payload("printify/refused_address")
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", status=400, json=refusal)
    status, said = _buy(client, _item(factories.variant()))
    assert (status, said["error"]["code"]) == (409, "not_served")


@pytest.mark.parametrize("provider", ["printify", "stripe"])
def test_a_provider_that_is_down_is_told_and_charges_nothing(
    client: Client, upstream: Upstream, till: Till, provider: str
) -> None:
    down = {"status": 503}
    upstream.mock.add(
        "POST", f"{SHOP}/orders/shipping.json", **(down if provider == "printify" else {"json": {"standard": 400}})
    )
    till.creates(**refused(500))
    status, said = _buy(client, _item(factories.variant()))
    assert (status, said["error"]["code"]) == (503, "unavailable")
    assert CartLine.objects.count() == 1


def test_the_same_request_twice_is_one_order_and_one_session(client: Client, ready: Till) -> None:
    item = _item(factories.variant())
    first, second = _buy(client, item), _buy(client, item)
    assert first == second
    assert Order.objects.count() == len(ready.asked("POST", "/checkout/sessions")) == 1


def test_elements_are_paid_on_our_page_whose_address_is_whole(client: Client, ready: Till, settings: Settings) -> None:
    settings.STRIPE_UI_MODE = "elements"
    _status, said = _buy(client, _item(factories.variant()))
    assert said["url"] == f"http://testserver/checkout/pay/{Order.objects.get().token}/"


def test_what_is_charged_was_read_recently_enough(client: Client, ready: Till) -> None:
    """The page asks Printify about stale things before it charges; so does the route."""
    variant = factories.variant()
    past = timezone.now() - timedelta(days=365)
    PrintifyCache.objects.create(
        type="product",
        external_id=variant.product.printify_id,
        data={},
        hash="",
        fetched_at=past,
        expires_at=past,
    )
    ready.mock.add("GET", f"{SHOP}/products/{variant.product.printify_id}.json", status=503)
    status, said = _buy(client, _item(variant))
    assert (status, said["error"]["code"]) == (503, "unavailable")
    assert not Order.objects.exists()


def test_what_that_reading_brought_counts(client: Client, ready: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    def fresh(_ids: object, **_how: object) -> frozenset[int]:
        Variant.objects.update(price=3000)
        return frozenset()

    monkeypatch.setattr(availability, "ensure_fresh", fresh)
    assert _buy(client, _item(factories.variant(price=2000)))[1]["total"] == 3399


def test_what_that_reading_found_sold_out_is_not_charged(
    client: Client, ready: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fresh(_ids: object, **_how: object) -> frozenset[int]:
        Variant.objects.update(is_available=False)
        return frozenset()

    monkeypatch.setattr(availability, "ensure_fresh", fresh)
    status, said = _buy(client, _item(factories.variant()))
    assert (status, said["error"]["code"], Order.objects.count()) == (409, "not_sellable", 0)


def test_tries_are_counted_together_with_those_of_the_page(client: Client) -> None:
    item = _item(factories.variant())
    for _ in range(TRIES.amount - 1):
        client.post("/checkout/")
    assert _post(client, item)[0] == 200
    status, said = _post(client, item)
    assert (status, said["error"]["code"]) == (429, "too_many")
    assert CartLine.objects.count() == 1, "what was in the cart stays"
