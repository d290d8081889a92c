"""Our own payloads, which all other tests build on, against the providers' documents where those are at hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.shapes import unlike
from tests.needs import SHARED
from tests.payloads import HERE, payload

pytestmark = pytest.mark.needs("shared")

# Metadata is the shop's own; an intent in our payloads is expanded, an event's is an id.
OWN = ("metadata", "object.metadata", "data.object")
EVENTS = {
    "stripe/session": "checkout.session",
    "stripe/refund": "refund",
    "stripe/dispute": "dispute",
    "stripe/early_fraud_warning": "radar.early_fraud_warning",
    "stripe/charge": "charge",
}
PRINTIFY = {
    "printify/order": ("doc/order_fulfilled", "samples/order_pending_knit_beanie_US_2023_MASKED"),
    "printify/order_page": ("doc/orders_list_page",),
    "printify/shipping": ("doc/shipping_cost_response",),
    "printify/event_order_updated": ("doc/webhook_order_updated",),
    "printify/event_shipment_created": ("doc/webhook_order_shipment_created",),
}
# Documented as a number and captured as a string; paginator links and an empty second line were only captured.
LOOSE = ("metadata.shop_order_id", "links", "address_to.address2", "fulfilment_type")


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def _events() -> list[Any]:
    return [_read(path) for path in sorted((SHARED / "stripe" / "events").glob("*.json"))]


@pytest.mark.parametrize(("name", "kind"), EVENTS.items())
def test_our_stripe_objects_say_nothing_genuine_ones_do_not(name: str, kind: str) -> None:
    genuine = [event["data"]["object"] for event in _events() if event["data"]["object"]["object"] == kind]
    assert genuine
    ours = payload(name)
    assert unlike(ours, *genuine, loose=OWN) == []


def test_our_stripe_event_is_like_a_genuine_one() -> None:
    assert unlike(payload("stripe/event"), *_events(), loose=OWN) == []


def test_our_expanded_intent_is_like_a_genuine_one() -> None:
    genuine = [e["data"]["object"] for e in _events() if e["data"]["object"]["object"] == "payment_intent"]
    assert unlike(payload("stripe/intent"), *genuine, loose=("metadata", "latest_charge")) == []


@pytest.mark.parametrize(("name", "documents"), PRINTIFY.items())
def test_our_printify_answers_say_nothing_documented_ones_do_not(name: str, documents: tuple[str, ...]) -> None:
    theirs = [_read(SHARED / "printify" / f"{document}.json") for document in documents]
    assert unlike(payload(name), *theirs, loose=LOOSE) == []


@pytest.mark.parametrize("name", ["refused_address", "refused_twice", "refused_early"])
def test_our_printify_refusals_are_documented_ones(name: str) -> None:
    ours = payload(f"printify/{name}")
    known = [row["body"] for row in _read(SHARED / "printify" / "doc" / "errors.json")]
    [same] = [body for body in known if body.get("code") == ours["code"]]
    assert unlike(ours, same) == []


def test_no_payload_is_left_unjudged() -> None:
    judged = {*EVENTS, *PRINTIFY, "stripe/event", "stripe/intent", "stripe/error"}
    judged |= {f"printify/{name}" for name in ("refused_address", "refused_twice", "refused_early")}
    ours = {path.relative_to(HERE).with_suffix("").as_posix() for path in HERE.rglob("*.json")}
    assert {name for name in ours if name.startswith(("stripe/", "printify/order", "printify/refused"))} <= judged
