"""The stand-in's answers have the keys and types of Printify's documented and captured ones.

Runs only where the collection `../shared/printify` lies beside the project.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.needs import SHARED
from tests.sandbox.conftest import Listener
from tests.sandbox.process import ADDRESS, Sandbox

PRINTIFY = SHARED / "printify"
pytestmark = pytest.mark.needs("shared")

# Documented as a number, captured as a string; documented as an object, captured as an empty list.
LOOSE = {"metadata.shop_order_id", "data[].metadata.shop_order_id", "print_details", "shop_id"}
# Keys of a genuine delivery of 2023 that the documents do not have.
UNDOCUMENTED = ("resource.data.publish_details.shipping_methods", "resource.data.external_sku_mapping")
# Keys that the captures have and the demo's goods have no use for.
UNUSED = ("print_areas[].placeholders[].images[]", "sales_channel_properties", "print_areas[].font", "external.")


def example(name: str) -> Any:
    return json.loads((PRINTIFY / name).read_text())


def paths(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """("line_items[].cost", "int") for every value in the document; null fits any type."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for inner in value:
            yield from paths(inner, f"{at}[]")
    else:
        yield at, "" if value is None else type(value).__name__


def types(*values: Any) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for value in values:
        for path, kind in paths(value):
            found.setdefault(path, set()).update({kind} - {""})
    return found


def assert_same_shape(ours: Any, *theirs: Any, may_lack: tuple[str, ...] = ()) -> None:
    """Every documented key is there with its type; keys of our own are not there."""
    mine, known = types(ours), types(*theirs)
    lacking = {path for path in known.keys() - mine.keys() if not path.startswith((*may_lack, *UNUSED))}
    invented = {path for path in mine.keys() - known.keys() if not path.startswith((*UNUSED, *UNDOCUMENTED))}
    other = {
        path: (mine[path], known[path])
        for path in mine.keys() & known.keys() - LOOSE
        if mine[path] and known[path] and not mine[path] & known[path]
    }
    assert (lacking, invented, other) == (set(), set(), {})


@pytest.fixture
def finished(sandbox: Sandbox) -> dict[str, Any]:
    """An order from submission to the door."""
    line = {**sandbox.line(), "external_id": "line-1"}
    address = {**ADDRESS, "phone": "555 0100", "company": "Mill"}
    order_id = sandbox.submit(line_items=[line], address_to=address)
    sandbox.api("POST", f"orders/{order_id}/send_to_production.json")
    sandbox.control(f"printify/orders/{order_id}/ship")
    sandbox.control(f"printify/orders/{order_id}/deliver")
    order: dict[str, Any] = sandbox.api("GET", f"orders/{order_id}.json").json()
    return order


def test_a_delivered_order(finished: dict[str, Any]) -> None:
    early = example("samples/order_pending_knit_beanie_US_2023_MASKED.json")
    known = example("doc/order_fulfilled.json")
    known["address_to"]["address2"] = ""

    assert_same_shape(finished, known, early)


def test_an_early_and_a_canceled_order(sandbox: Sandbox) -> None:
    order_id = sandbox.submit()
    early = sandbox.api("GET", f"orders/{order_id}.json").json()
    canceled = sandbox.api("POST", f"orders/{order_id}/cancel.json").json()
    captured = example("samples/order_pending_knit_beanie_US_2023_MASKED.json")
    documented = example("doc/order_canceled.json")
    later = example("doc/order_fulfilled.json")
    beyond = (
        "shipments",
        "sent_to_production_at",
        "fulfilled_at",
        "printify_connect",
        "line_items[].sent",
        "line_items[].fulfilled_at",
        "line_items[].metadata.external_id",
        "address_to.phone",
    )

    for order in (early, canceled):
        assert_same_shape(order, captured, documented, later, may_lack=beyond)
        assert not order.keys() & {"shipments", "sent_to_production_at", "printify_connect"}


def test_pages(sandbox: Sandbox, finished: dict[str, Any]) -> None:
    page = sandbox.api("GET", "orders.json").json()
    captured = example("samples/products_list_1hoodie_with_external_2023_EDITED.json")

    assert page["data"][0] == {**finished, "external_id": None}
    assert_same_shape(
        {**page, "data": []}, {**captured, "data": []}, {**example("doc/orders_list_page.json"), "data": []}
    )


def test_products(sandbox: Sandbox) -> None:
    captures = [
        example(f"samples/product_{name}_TRIMMED.json")
        for name in ("tee_locked", "api_created_front_back", "shopify_tee_419variants_5default_images")
    ]

    assert_same_shape(
        {"all": sandbox.products()},
        {"all": captures},
        may_lack=("all[].external", "all[].print_areas", "all[].sales_channel_properties"),
    )


def test_events(sandbox: Sandbox, listener: Listener) -> None:
    stems = (
        "order_created",
        "order_updated",
        "order_sent_to_production",
        "order_shipment_created",
        "order_shipment_delivered",
        "product_updated",
        "product_deleted",
        "product_publish_started_create",
    )
    documented = {each["type"]: each for each in (example(f"doc/webhook_{stem}.json") for stem in stems)}
    for topic in documented:
        sandbox.api("POST", "webhooks.json", json={"topic": topic, "url": listener.url})
    product = sandbox.products()[0]["id"]
    order_id = sandbox.submit()
    for step in ("produce", "ship", "deliver"):
        sandbox.control(f"printify/orders/{order_id}/{step}")
    sandbox.control(f"printify/products/{product}/visible")
    sandbox.control(f"printify/products/{product}/publish")
    sandbox.control(f"printify/products/{product}/delete")
    listener.wait(lambda: {json.loads(body)["type"] for _, body in listener.received} >= documented.keys())

    for _, body in listener.received:
        event = json.loads(body)
        assert_same_shape(event, documented[event["type"]])


def test_shipping(sandbox: Sandbox) -> None:
    base = "catalog/blueprints/6/print_providers/29/shipping"
    body = {"line_items": [sandbox.line()], "address_to": ADDRESS}

    costs = sandbox.api("POST", "orders/shipping.json", json=body).json()
    assert_same_shape(costs, example("doc/shipping_cost_response.json"), may_lack=("printify_express",))
    assert_same_shape(sandbox.api("GET", f"v1/{base}.json").json(), example("doc/v1_catalog_shipping_response.json"))
    assert_same_shape(sandbox.api("GET", f"v2/{base}.json").json(), example("doc/v2_shipping_list_response.json"))
    standard = sandbox.api("GET", f"v2/{base}/standard.json").json()
    assert_same_shape(standard, example("doc/v2_shipping_standard_response.json"))


def test_errors(sandbox: Sandbox) -> None:
    documented = {each["body"].get("code", each["http"]): each for each in example("doc/errors.json")}
    order = sandbox.order()
    sandbox.submit()
    foreign = sandbox.products()[-1]["id"]
    sandbox.control(f"printify/products/{foreign}", {"shop_id": 5})
    answers = {
        8103: sandbox.api(
            "POST", "orders.json", json={**order, "external_id": "2", "address_to": {**ADDRESS, "zip": ""}}
        ),
        8503: sandbox.api("POST", "orders.json", json=order),
        8104: sandbox.api("GET", f"products/{foreign}.json"),
        404: sandbox.api("GET", f"products/{'0' * 24}.json"),
        422: sandbox.api("GET", "products/x.json"),
        401: sandbox.api("GET", "v1/shops/5/orders.json"),
    }

    for code, answer in answers.items():
        assert answer.status_code == documented[code]["http"]
        assert_same_shape(answer.json(), documented[code]["body"])
    for code in (8103, 8503, 422):
        fixed = {name: value for name, value in answers[code].json().items() if name != "order"}
        assert fixed == {name: value for name, value in documented[code]["body"].items() if name != "order"}


def test_subscriptions(sandbox: Sandbox, listener: Listener) -> None:
    sandbox.api("POST", "webhooks.json", json={"topic": "order:created", "url": listener.url, "secret": "s"})

    assert_same_shape(sandbox.api("GET", "webhooks.json").json(), example("doc/webhooks_list_response.json"))
