"""Every request the shop sends to Printify about orders, against the documented bodies (contract 1 and 7 to 9)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalog.printify.client import Printify, printify
from orders import cart as carts
from orders import lifecycle, quote
from orders.models import Order
from orders.quote import METHOD_CODES
from tests import factories
from tests.contracts.shapes import Shape, shape, unlike
from tests.needs import SHARED
from tests.orders.conftest import SHOP, Upstream, created, look, paid

pytestmark = pytest.mark.django_db

ORDER_BODY: Shape = {
    "": {"group"},
    "external_id": {"str"},
    "label": {"str"},
    "line_items": {"list"},
    "line_items[]": {"group"},
    "line_items[].product_id": {"str"},
    "line_items[].variant_id": {"int"},
    "line_items[].quantity": {"int"},
    "line_items[].external_id": {"str"},
    "shipping_method": {"int"},
    "is_printify_express": {"bool"},
    "is_economy_shipping": {"bool"},
    "send_shipping_notification": {"bool"},
    "address_to": {"group"},
    **{
        f"address_to.{name}": {"str"}
        for name in (
            *("first_name", "last_name", "email", "phone", "country", "region"),
            *("address1", "address2", "city", "zip"),
        )
    },
}


def _wide(**given: Any) -> Order:
    return factories.order(factories.variant(), factories.variant(), address2="Apt 4", **given)


def _sent(upstream: Upstream, ending: str) -> Any:
    [call] = upstream.asked("POST", ending)
    return json.loads(call.body) if call.body else None


@pytest.mark.parametrize("method", METHOD_CODES)
def test_an_order_body_is_exactly_the_documented_one(method: str) -> None:
    order = _wide(shipping_method=method)
    body = lifecycle.printify_body(order)
    assert shape(body) == ORDER_BODY
    assert body["shipping_method"] in {1, 2, 3, 4}
    assert body["is_printify_express"] is (method == "printify_express")
    assert body["is_economy_shipping"] is (method == "economy")
    assert len({line["external_id"] for line in body["line_items"]}) == 2
    required = ("first_name", "last_name", "address1", "city", "country", "zip")
    assert all(body["address_to"][name] for name in required)
    assert len(body["address_to"]["country"]) == 2
    assert not body["send_shipping_notification"], "the mails are ours"


@pytest.mark.needs("shared")
def test_an_order_body_says_nothing_the_documents_do_not() -> None:
    documented = json.loads((SHARED / "printify" / "doc" / "order_submit_request.json").read_text())
    assert unlike(lifecycle.printify_body(_wide()), documented) == []
    assert shape(documented).keys() == ORDER_BODY.keys()


def test_what_goes_over_the_wire_is_the_frozen_body(upstream: Upstream) -> None:
    upstream.creates()
    job = look(paid())
    assert _sent(upstream, "/orders.json") == job.request


def test_every_call_says_who_asks_in_which_words(upstream: Upstream, settings: Settings) -> None:
    upstream.creates()
    look(paid())
    headers = upstream.mock.calls[0].request.headers
    assert headers["Authorization"] == f"Bearer {settings.PRINTIFY_API_KEY}"
    assert headers["User-Agent"], "mandatory (contract, section 1)"
    assert headers["Content-Type"].startswith("application/json")


def test_a_shipping_question_names_lines_and_place_only(upstream: Upstream) -> None:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": 1})
    shown = carts.view(factories.cart(factories.variant(), quantity=2))
    quote.options(shown, country="US", region="IL", zip_code="60606")
    assert shape(_sent(upstream, "/orders/shipping.json")) == {
        "": {"group"},
        "line_items": {"list"},
        "line_items[]": {"group"},
        "line_items[].product_id": {"str"},
        "line_items[].variant_id": {"int"},
        "line_items[].quantity": {"int"},
        "address_to": {"group"},
        "address_to.country": {"str"},
        "address_to.region": {"str"},
        "address_to.zip": {"str"},
    }


def test_production_is_asked_for_without_a_body(upstream: Upstream, settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    upstream.order("on-hold")
    upstream.answers_production()
    look(created())
    assert _sent(upstream, "/send_to_production.json") is None


CALLBACKS: dict[str, tuple[Callable[[Printify], object], str, Any]] = {
    "succeeded": (
        lambda client: client.publishing_succeeded("p1", our_id="7", url="https://shop.example/products/tee-7/"),
        "publishing_succeeded",
        {"external": {"id": "7", "handle": "https://shop.example/products/tee-7/"}},
    ),
    "failed": (
        lambda client: client.publishing_failed("p1", "No price."),
        "publishing_failed",
        {"reason": "No price."},
    ),
}


@pytest.mark.parametrize(("call", "route", "body"), CALLBACKS.values(), ids=CALLBACKS.keys())
def test_publishing_is_answered_in_the_documented_words(
    upstream: Upstream, call: Callable[[Printify], object], route: str, body: Any
) -> None:
    upstream.mock.add("POST", f"{SHOP}/products/p1/{route}.json", json={})
    call(printify())
    assert _sent(upstream, f"/{route}.json") == body


@pytest.mark.needs("shared")
def test_publishing_says_nothing_the_documents_do_not() -> None:
    documented = json.loads((SHARED / "printify" / "doc" / "publishing_succeeded_request.json").read_text())
    assert unlike(CALLBACKS["succeeded"][2], documented) == []


def test_a_subscription_names_one_topic_its_address_and_the_secret(upstream: Upstream) -> None:
    upstream.mock.add("POST", f"{SHOP}/webhooks.json", json={"id": "w1"})
    printify().create_webhook("order:updated", "https://shop.example/api/webhooks/printify", "s")
    assert shape(_sent(upstream, "/webhooks.json")) == {
        "": {"group"},
        "topic": {"str"},
        "url": {"str"},
        "secret": {"str"},
    }


def test_a_subscription_is_ended_with_its_host(upstream: Upstream) -> None:
    """Required since 2025 (contract, section 9)."""
    upstream.mock.add("DELETE", f"{SHOP}/webhooks/w1.json", json={"id": "w1"})
    printify().delete_webhook("w1", "shop.example")
    [call] = upstream.asked("DELETE", "/webhooks/w1.json")
    assert str(call.url).endswith("?host=shop.example")
