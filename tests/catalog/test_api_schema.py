"""The OpenAPI file, and that the answers are what it says, whatever is asked."""

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from catalog.models import Product
from catalog.search import index
from catalog.sync import upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db

ROUTES = {
    ("/api/products", "get"),
    ("/api/products/{product_id}", "get"),
    ("/api/orders/fulfill", "post"),
    ("/api/checkout/create-session", "post"),
    ("/api/checkout/success", "get"),
    ("/api/webhooks/stripe", "post"),
}
NEVER = ("cost", "print_areas", "print_provider", "Hidden by staff", "Not shown", "Withdrawn")
COSTS = {"1050", "1100"}


@pytest.fixture
def schema(client: Client) -> Any:
    return client.get("/api/schema").json()


@pytest.fixture
def _shelf() -> None:
    for number in range(1, 4):
        upsert.store(tee(number, title=f"Tee {number}"), timezone.now())
    upsert.store(tee(4, title="Not shown", visible=False), timezone.now())
    upsert.store(tee(5, title="Hidden by staff"), timezone.now())
    upsert.store(tee(6, title="Withdrawn"), timezone.now())
    index.catch_up()
    Product.objects.filter(upstream_title="Hidden by staff").update(hidden=True)
    Product.objects.filter(upstream_title="Withdrawn").update(gone_at=timezone.now())


def checked(schema: Any, path: str, method: str, answer: Any) -> None:
    """The answer's status is documented and its body is of the documented shape."""
    answers = schema["paths"][path][method]["responses"]
    said = answers.get(str(answer.status_code))
    assert said, f"{answer.status_code} of {method} {path} is not documented"
    if "content" in said:
        shape = said["content"]["application/json"]["schema"]
        OAS31Validator({**shape, "components": schema["components"]}).validate(answer.json())


def test_the_file_is_valid_and_names_the_customers_six_routes(schema: Any) -> None:
    validate(schema)
    assert {(path, method) for path, methods in schema["paths"].items() for method in methods} == ROUTES
    ids = [operation["operationId"] for methods in schema["paths"].values() for operation in methods.values()]
    assert len(set(ids)) == len(ids)


@pytest.mark.usefixtures("_shelf")
@pytest.mark.parametrize(
    ("method", "path", "address", "body"),
    [
        ("get", "/api/products", "/api/products", None),
        ("get", "/api/products", "/api/products?page=0", None),
        ("get", "/api/products", "/api/products?page=9", None),
        ("get", "/api/products/{product_id}", f"/api/products/{tee(1)['id']}", None),
        ("get", "/api/products/{product_id}", "/api/products/nothing", None),
        ("post", "/api/orders/fulfill", "/api/orders/fulfill", {"order": "X"}),
        ("post", "/api/orders/fulfill", "/api/orders/fulfill", {}),
        ("post", "/api/checkout/create-session", "/api/checkout/create-session", {"items": []}),
        (
            "post",
            "/api/checkout/create-session",
            "/api/checkout/create-session",
            {"items": [{"product_id": 1, "variant_id": 2, "quantity": 1}]},
        ),
        ("get", "/api/checkout/success", "/api/checkout/success?session_id=x", None),
        ("post", "/api/webhooks/stripe", "/api/webhooks/stripe", {"id": "evt_1"}),
    ],
)
def test_answers_are_of_the_documented_shape(
    client: Client, schema: Any, method: str, path: str, address: str, body: Any
) -> None:
    given = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
    checked(schema, path, method, getattr(client, method)(address, **given))


VALUES = st.one_of(
    st.sampled_from(
        ["tee", "t-shirts", "black", "white", "M", "S", "true", "cost", "-1", "0", "1", "99", "price", "all"]
    ),
    st.text(max_size=12).filter(lambda text: "\x00" not in text),
)
KNOWN = "page per_page category search type color size price_min price_max in_stock sort"
MADE_UP = "allowHidden hidden visible fields include format limit q"
KEYS = st.sampled_from([*KNOWN.split(), *MADE_UP.split()])


@pytest.mark.usefixtures("_shelf")
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(KEYS, VALUES), max_size=6))
def test_whatever_is_asked_secrets_stay_and_the_shape_holds(
    client: Client, schema: Any, asked: list[tuple[str, str]]
) -> None:
    query: dict[str, list[str]] = {}
    for key, value in asked:
        query.setdefault(key, []).append(value)
    for path, address in (
        ("/api/products", "/api/products"),
        ("/api/products/{product_id}", f"/api/products/{tee(1)['id']}"),
    ):
        answer = client.get(address, query)
        checked(schema, path, "get", answer)
        text = answer.content.decode()
        assert [word for word in NEVER if word in text] == []
        assert COSTS.isdisjoint(re.findall(r"\d+", text))  # whole numbers: a moment's fraction may hold any digits


def test_what_no_route_knows_is_refused_in_json(client: Client) -> None:
    for answer in (client.get("/api/nothing"), client.delete("/api/products"), client.get("/api/webhooks/stripe")):
        assert answer.status_code in {404, 405}
        assert set(answer.json()["error"]) == {"code", "message", "fields"}
