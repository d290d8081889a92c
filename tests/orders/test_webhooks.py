"""Printify's door: what is not signed leaves no trace, what repeats is kept once (A11, C7, D19, H1, H3, H5)."""

import json
from typing import Any

import pytest
from django.conf import settings as shop
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from ilytat.integrations.models import InboundEvent
from orders.webhooks import signature
from tests.payloads import payload
from tests.racing import race
from tests.results import result_of

pytestmark = pytest.mark.django_db
URL = "/api/webhooks/printify"


def _body(**changes: Any) -> bytes:
    return json.dumps(payload("printify/event_order_updated", **changes)).encode()


def _post(body: bytes, signed: str | None, *, client: Client | None = None, **extra: Any) -> HttpResponse:
    headers = {} if signed is None else {"X-Pfy-Signature": signed}
    made: HttpResponse = (client or Client(enforce_csrf_checks=True)).post(  # type: ignore[assignment]  # the stubs know only the test client's own class
        URL, body, content_type="application/json", headers=headers, **extra
    )
    return made


def _signed(body: bytes) -> str:
    return signature(shop.PRINTIFY_WEBHOOK_SECRET, body)


def test_the_signature_is_the_documented_one() -> None:
    """sha256= and the hex HMAC-SHA256 of the raw body; the value was computed with another program."""
    expected = "a36c691ee7f25629f4f72affe4e85f27a9f6093b882948a7b48455df38e954f1"
    assert signature("the-secret", b"{}") == f"sha256={expected}"


def test_a_signed_event_is_kept_as_it_came() -> None:
    body = _body()
    assert _post(body, _signed(body)).status_code == 200
    row = InboundEvent.objects.get()
    assert (row.source, row.type, row.state) == ("printify", "order:updated", "new")
    assert row.payload == json.loads(body)


@pytest.mark.parametrize("path", [URL, URL + "/"])
def test_the_address_works_with_and_without_a_slash(path: str) -> None:
    body = _body()
    response = Client().post(path, body, content_type="application/json", headers={"X-Pfy-Signature": _signed(body)})
    assert (response.status_code, InboundEvent.objects.count()) == (200, 1)


def _other(figure: str) -> str:
    return "0" if figure != "0" else "1"


RIGHT = _signed(_body())
# Each of these passes a comparison that looks at a part of the signature only.
ALMOST_RIGHT = {
    "right but for its last figure": RIGHT[:-1] + _other(RIGHT[-1]),
    "right but for its first figure": f"sha256={_other(RIGHT[7])}{RIGHT[8:]}",
    "right in its first half": RIGHT[:39] + "".join(map(_other, RIGHT[39:])),
    "right in its second half": "sha256=" + "".join(map(_other, RIGHT[7:39])) + RIGHT[39:],
    "cut by one figure": RIGHT[:-1],
    "cut in half": RIGHT[:39],
    "cut to its prefix": RIGHT[:7],
    "with a figure more": RIGHT + "0",
}
FORGED = {
    "missing": None,
    "empty": "",
    "of another secret": signature("not-the-secret", _body()),
    "without its prefix": _signed(_body()).removeprefix("sha256="),
    "of an empty secret": signature("", _body()),
    "not even ASCII": "sha256=é",
    "of another body": _signed(b"{}"),
    **ALMOST_RIGHT,
}


@pytest.mark.parametrize("given", FORGED.values(), ids=FORGED.keys())
def test_what_is_not_signed_by_our_secret_leaves_no_trace(given: str | None) -> None:
    assert _post(_body(), given).status_code == 400
    assert not InboundEvent.objects.exists()


def test_an_altered_body_leaves_no_trace() -> None:
    body = _body()
    assert _post(body.replace(b"in-production", b"canceled"), _signed(body)).status_code == 400
    assert not InboundEvent.objects.exists()


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"1", b'"id"', b"{}", b'{"id": "1"}', b"\xff\xfe", b"[" * 5000])
def test_a_signed_body_that_is_no_event_is_refused(body: bytes) -> None:
    assert _post(body, _signed(body)).status_code == 400
    assert not InboundEvent.objects.exists()


def test_without_a_secret_the_door_is_shut(settings: Settings) -> None:
    settings.PRINTIFY_WEBHOOK_SECRET = ""
    body = _body()
    assert _post(body, signature("", body)).status_code == 503
    assert not InboundEvent.objects.exists()


def test_only_posts_come_in() -> None:
    assert Client().get(URL).status_code == 405


def test_a_repeat_is_answered_and_kept_once() -> None:
    body = _body()
    assert [_post(body, _signed(body)).status_code for _ in range(3)] == [200, 200, 200]
    assert InboundEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_deliveries_at_once_are_kept_once() -> None:
    body = _body()
    assert race(4, lambda: _post(body, _signed(body)).status_code) == [200] * 4
    assert InboundEvent.objects.count() == 1


def test_a_topic_we_do_not_know_is_kept_and_ignored() -> None:
    """Anything but 200 would block the whole endpoint for an hour (Printify contract, section 9)."""
    body = _body(type="order:painted")
    assert _post(body, _signed(body)).status_code == 200
    row = InboundEvent.objects.get()
    assert (row.state, *result_of(row)) == ("ignored", "ignored", "The shop does not act on events of this type.")


def test_a_delivery_like_the_genuine_one_of_2023_is_kept_with_its_undocumented_parts() -> None:
    data = {
        "shop_id": 1001,
        "publish_details": {"title": True, "shipping_methods": False},
        "external_sku_mapping": [],
        "action": "create",
    }
    event_id = "653b6be8-2ff7-4ab5-a7a6-6889a8b3bbf5"
    event = {
        "id": event_id,
        "type": "product:publish:started",
        "created_at": "2023-10-18 13:24:28+00:00",
        "resource": {"id": "5cb87a8cd490a2ccb256cec4", "type": "product", "data": data},
    }
    body = json.dumps(event).encode()
    headers = {
        "X-Pfy-Signature": _signed(body),
        "X-Pfy-EventId": event_id,
        "User-Agent": "Printify-Webhooks v1.0.1",
    }
    assert Client().post(URL, body, content_type="application/json", headers=headers).status_code == 200
    row = InboundEvent.objects.get()
    assert (row.event_id, row.type, row.payload) == (event_id, event["type"], event)
