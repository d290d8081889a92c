"""Every JSON route reads its body in one place, which lets nothing through that a database cannot store (H23)."""

import json
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from orders.models import Order
from tests import factories
from tests.addresses import BUYER

pytestmark = pytest.mark.django_db

UNSTORABLE = {"half of a surrogate pair": "\ud800", "its other half": "a\udfffb", "NUL": "a\0b"}


def session_body(**changes: Any) -> dict[str, Any]:
    variant = factories.variant()
    item = {"product_id": variant.product_id, "variant_id": variant.variant_id, "quantity": 1}
    return {"items": [item], "email": "ana@example.com", "address": dict(BUYER), **changes}


def refusal(client: Client, path: str, body: object) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {settings.API_TOKEN}"}
    answer = client.post(path, json.dumps(body), content_type="application/json", headers=headers)
    return answer.status_code, answer.json()["error"]["message"]


@pytest.mark.parametrize("value", UNSTORABLE.values(), ids=UNSTORABLE)
@pytest.mark.parametrize("field", BUYER)
def test_an_unstorable_character_in_a_field_of_the_address_is_refused_with_400(
    client: Client, field: str, value: str
) -> None:
    body = session_body(address=BUYER | {field: value})
    status, message = refusal(client, "/api/checkout/create-session", body)
    assert status == 400
    assert "cannot be stored" in message
    assert not Order.objects.exists()


@pytest.mark.parametrize("value", UNSTORABLE.values(), ids=UNSTORABLE)
def test_an_unstorable_character_elsewhere_is_refused_with_400(client: Client, value: str) -> None:
    for path, body in (
        ("/api/checkout/create-session", session_body(email=value)),
        ("/api/checkout/create-session", session_body(shipping_method=value)),
        ("/api/checkout/create-session", session_body(**{value: "a name that no route knows"})),
        ("/api/orders/fulfill", {"order": value}),
    ):
        assert refusal(client, path, body)[0] == 400


def test_a_whole_surrogate_pair_is_accepted(client: Client) -> None:
    """JSON writes what lies beyond the first plane as two halves: together they are one letter."""
    body = json.dumps({"order": "\U0001f600"})
    assert "\\ud83d\\ude00" in body
    headers = {"Authorization": f"Bearer {settings.API_TOKEN}"}
    answer = client.post("/api/orders/fulfill", body, content_type="application/json", headers=headers)
    assert answer.json()["error"]["code"] == "invalid", "by its pattern, not by its bytes"
