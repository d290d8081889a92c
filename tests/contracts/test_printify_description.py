"""Every route of the client and of the sandbox, request and answer, against Printify's own description of its API."""

import inspect
import io
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from urllib3 import HTTPResponse

from catalog.printify.client import Printify, printify
from ilytat.integrations.errors import Refused
from orders import lifecycle
from sandbox.printify.urls import urlpatterns
from tests import factories
from tests.contracts.description import answer_problems, operation, request_problems
from tests.stack import KEYS
from tests.stand_in import Sandbox

pytestmark = [pytest.mark.needs("shared"), pytest.mark.django_db]

HOOK = "http://127.0.0.1:9/api/webhooks/printify"


@dataclass(frozen=True)
class Exchange:
    method: str
    url: str  # from /v1/ or /v2/ on
    body: bytes | None
    status: int
    content: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.url).path


@pytest.fixture
def exchanges(at_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """All calls of the client, then the sandbox's routes that the client has no use for."""
    recorded: list[Exchange] = []
    send = requests.Session.send

    def record(self: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        answer = send(self, request, **options)
        _, _, url = str(request.url).partition("/printify/v")
        body = request.body.encode() if isinstance(request.body, str) else request.body
        recorded.append(Exchange(str(request.method), f"/v{url}", body, answer.status_code, answer.content))
        answer.raw = HTTPResponse(io.BytesIO(answer.content), preload_content=False)  # for who streams it
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(requests.Session, "send", record)
        goods = next(row for row in printify().product_page(1)["data"] if row["blueprint_id"] == 6)
        _call_products(goods)
        _call_orders(goods)
        _call_webhooks()
        _call_routes_without_client(at_sandbox, goods)
    return recorded


def _call_products(goods: dict[str, Any]) -> None:
    api = printify()
    api.shops()
    api.product(goods["id"])
    api.product_safety(goods["id"])
    api.size_guide(goods["blueprint_id"])
    api.publishing_succeeded(goods["id"], our_id="1", url="https://shop.example/products/1/")
    api.publishing_failed(goods["id"], "The price is missing.")
    methods = api.shipping_methods(goods["blueprint_id"], goods["print_provider_id"])
    api.shipping_profile(goods["blueprint_id"], goods["print_provider_id"], methods[0])


def _call_orders(goods: dict[str, Any]) -> None:
    api = printify()
    offered = next(row for row in goods["variants"] if row["is_enabled"] and row["is_available"])
    variant = factories.variant(factories.product(printify_id=goods["id"]), variant_id=offered["id"])
    body = lifecycle.printify_body(factories.order(variant, address2="Apt 4"))
    line = {"product_id": goods["id"], "variant_id": offered["id"], "quantity": 1}
    api.shipping_costs([line], {"country": "US", "region": "IL", "zip": "60606"})
    order_id = api.create_order(body)
    api.create_order(body)  # the answer is the conflict that names the first one
    api.order(order_id)
    assert api.find_order(body["external_id"])
    api.send_to_production(order_id, live=False)
    with suppress(Refused):
        api.cancel(order_id)
    second = {**body, "external_id": f"{body['external_id']}-2"}
    api.cancel(api.order(api.create_order(second)).id)  # once read, it is on hold
    with suppress(Refused):
        api.create_order({**second, "external_id": "3", "address_to": {**body["address_to"], "zip": ""}})


def _call_webhooks() -> None:
    api = printify()
    api.create_webhook("order:created", HOOK, "secret")
    for hook in api.webhooks():
        api.simulate_webhook(hook["id"], {"id": "test"})
        api.delete_webhook(hook["id"], "127.0.0.1:9")
    api.create_webhook("order:updated", HOOK, "secret")


def _call_routes_without_client(sandbox: Sandbox, goods: dict[str, Any]) -> None:
    hook = printify().webhooks()[0]["id"]
    shop, blueprint = f"shops/{KEYS['PRINTIFY_SHOP_ID']}", f"catalog/blueprints/{goods['blueprint_id']}"
    provider = f"{blueprint}/print_providers/{goods['print_provider_id']}"
    every = dict.fromkeys(("title", "description", "images", "variants", "tags"), True)
    calls: list[tuple[str, str, Any]] = [
        ("POST", f"v1/{shop}/products/{goods['id']}/publish.json", every),
        ("POST", f"v1/{shop}/products/{goods['id']}/unpublish.json", None),
        ("PUT", f"v1/{shop}/webhooks/{hook}.json", {"url": HOOK}),
        ("POST", f"v1/{shop}/webhooks/{hook}/simulate", None),
        ("GET", "v1/catalog/blueprints.json", None),
        ("GET", f"v1/{blueprint}.json", None),
        ("GET", "v1/catalog/blueprints/282/size_guide.json", None),  # a poster has none
        ("GET", f"v1/{blueprint}/print_providers.json", None),
        ("GET", f"v1/{provider}/shipping.json", None),
        ("GET", f"v2/{provider}/shipping.json", None),
        ("GET", f"v2/{provider}/shipping/economy.json", None),
    ]
    headers = {"Authorization": f"Bearer {KEYS['PRINTIFY_API_KEY']}"}
    for method, path, body in calls:
        requests.request(method, f"{sandbox.url}/printify/{path}", json=body, headers=headers, timeout=60)


def test_every_request_is_described(exchanges: list[Exchange]) -> None:
    problems = {(row.method, row.url): request_problems(row.method, row.url, row.body) for row in exchanges}
    unexpected = {call: found for call, found in problems.items() if found}
    # A test event takes any JSON (Printify contract, section 9), which the description leaves out.
    assert [found for call, found in unexpected.items() if call[1].endswith("/simulate")] == [
        ["a body is not described"]
    ]
    assert all(url.endswith("/simulate") for _method, url in unexpected), unexpected


def test_every_answer_of_the_sandbox_is_of_the_described_types(exchanges: list[Exchange]) -> None:
    problems = {
        (row.method, row.path, row.status): answer_problems(row.method, row.path, row.status, row.content)
        for row in exchanges
    }
    assert {call: found for call, found in problems.items() if found} == {}
    assert {row.status for row in exchanges} == {200, 204, 400, 409}


def test_no_method_of_the_client_and_no_route_of_the_sandbox_is_left_out(exchanges: list[Exchange]) -> None:
    """A new one must come with its line above."""
    called = {
        name
        for call in (_call_products, _call_orders, _call_webhooks)
        for name, method in vars(Printify).items()
        if f"api.{name}(" in inspect.getsource(call)
    }
    called |= {"product_page", "orders", "order_page"}  # behind the fixture and `find_order`
    methods = {name for name, method in vars(Printify).items() if inspect.isfunction(method)}
    assert methods - called == {"__init__"}
    made = {(row.method, _sandbox_route(row.path)) for row in exchanges}
    assert _sandbox_routes() - made == set()


def _sandbox_routes() -> set[tuple[str, str]]:
    return {
        (method, str(route.pattern))
        for route in urlpatterns
        if "views" in (choices := inspect.getclosurevars(route.callback).nonlocals)
        for method in choices["views"]
    }


def _sandbox_route(path: str) -> str:
    return next(str(route.pattern) for route in urlpatterns if route.pattern.match(f"printify{path}"))


@pytest.mark.parametrize(
    ("method", "url", "body", "problem"),
    [
        ("GET", "/v1/shops/1/orders.json?cursor=2", None, "?cursor is not described"),
        ("DELETE", "/v1/shops/1/orders.json", None, "DELETE /v1/shops/1/orders.json is not described"),
        ("POST", "/v1/shops/1/orders.json", {"line_items": [], "address_to": {"state": "IL"}}, "'state'"),
        ("POST", "/v1/shops/1/orders.json", {"line_items": []}, "'address_to' is a required property"),
        ("POST", "/v1/shops/1/orders.json", {"line_items": [], "address_to": {"address2": None}}, "None"),
    ],
)
def test_a_request_that_is_not_described_is_noticed(method: str, url: str, body: Any, problem: str) -> None:
    sent = None if body is None else json.dumps(body).encode()
    assert any(problem in found for found in request_problems(method, url, sent))


def test_an_answer_of_another_type_is_noticed() -> None:
    path = "/v1/catalog/blueprints/6/size_guide.json"
    number = json.dumps({"sizes": ["S"], "types": [{"ranges": [{"from": 18.0, "to": None}]}]}).encode()
    assert operation("GET", path)
    [problem] = answer_problems("GET", path, 200, number)
    assert problem.startswith("$.types[0].ranges[0].from: 18.0")
    assert answer_problems("GET", path, 404, b"") == ["the status 404 is not described"]
