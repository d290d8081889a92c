"""The stand-in's objects against Stripe's description of them and against genuine-shaped events, where those are."""

import json
from typing import Any

import pytest

from sandbox.stripe import session_shapes
from tests.needs import SHARED
from tests.sandbox import till
from tests.sandbox.conftest import Listener
from tests.sandbox.process import Sandbox

pytestmark = pytest.mark.needs("shared")

STRIPE = SHARED / "stripe"
PLAIN: dict[str, Any] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
    "object": dict,
    "array": list,
}
# What depends on how somebody paid or on what the shop wrote.
VARIES = {"metadata", "payment_method", "payment_method_options", "payment_method_details", "previous_attributes"}


@pytest.fixture(scope="module")
def description() -> Any:
    (path,) = STRIPE.glob("openapi-*.json")
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def samples() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted((STRIPE / "events").glob("*.json"))}


def problems(value: Any, schema: Any, known: Any, path: str) -> list[str]:
    """Where the value leaves the description. Keys it does not know are another matter: `strange`."""
    if "$ref" in schema:
        return problems(value, known[schema["$ref"].rpartition("/")[2]], known, path)
    if value is None:
        return [] if schema.get("nullable") else [f"{path} is null"]
    if "anyOf" in schema:
        tried = [problems(value, one, known, path) for one in schema["anyOf"]]
        return min(tried, key=len)
    kind = schema.get("type", "object")
    if not isinstance(value, PLAIN[kind]) or (kind == "integer" and isinstance(value, bool)):
        return [f"{path} is not {kind}: {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path} is {value!r}, not one of {schema['enum']}"]
    return _inside(value, schema, known, path)


def _inside(value: Any, schema: Any, known: Any, path: str) -> list[str]:
    found: list[str] = []
    if isinstance(value, list):
        for index, entry in enumerate(value):
            found += problems(entry, schema.get("items", {}), known, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, entry in value.items():
            if key in schema.get("properties", {}):
                found += problems(entry, schema["properties"][key], known, f"{path}.{key}")
    return found


def strange(value: Any, schema: Any, known: Any, path: str = "") -> set[str]:
    """Keys the description does not have."""
    if "$ref" in schema:
        return strange(value, known[schema["$ref"].rpartition("/")[2]], known, path)
    if "anyOf" in schema:
        return min((strange(value, one, known, path) for one in schema["anyOf"]), key=len)
    if isinstance(value, list):
        return {name for entry in value for name in strange(entry, schema.get("items", {}), known, path)}
    if not isinstance(value, dict) or "properties" not in schema:
        return set()
    inside = [
        strange(value[key], schema["properties"][key], known, f"{path}.{key}")
        for key in value.keys() & schema["properties"].keys()
    ]
    return {f"{path}.{key}" for key in value.keys() - schema["properties"].keys()}.union(*inside)


def absent(sample: Any, ours: Any, path: str = "") -> set[str]:
    """Keys of the sample that our object of the same kind lacks."""
    if not isinstance(sample, dict) or not isinstance(ours, dict):
        return set()
    found = {f"{path}.{key}" for key in sample.keys() - ours.keys()}
    for key in (sample.keys() & ours.keys()) - VARIES:
        found |= absent(sample[key], ours[key], f"{path}.{key}")
    return found


def tell_everything(sandbox: Sandbox) -> list[dict[str, Any]]:
    """One of every event there is, from the sandbox's own list."""
    api = till.client(sandbox).v1
    recovering = {"after_expiration": {"recovery": {"enabled": True}}}
    asking = {
        "consent_collection": {"terms_of_service": "required", "promotions": "auto"},
        "shipping_address_collection": {"allowed_countries": ["US", "CA"]},
        "phone_number_collection": {"enabled": True},
    }
    paid = [till.paid(sandbox, **asking).payment_intent.id for _ in range(3)]
    for step in ("challenge", "expire"):
        session = api.checkout.sessions.create(till.params(**recovering))
        sandbox.control(f"stripe/sessions/{session.id}/decline")
        sandbox.control(f"stripe/sessions/{session.id}/{step}")
    for step in ("settle", "fail"):
        session = api.checkout.sessions.create(till.params())
        sandbox.control(f"stripe/sessions/{session.id}/delayed")
        sandbox.control(f"stripe/sessions/{session.id}/{step}")
    drawn = api.checkout.sessions.create(till.elements(adaptive_pricing={"enabled": True}))
    sandbox.control(f"stripe/sessions/{drawn.id}/pay", {"presentment": "eur"})
    for step in ("fraud_warning", "refund", "dispute", "dispute_won"):
        intent = paid[0] if step in {"fraud_warning", "refund"} else paid[1]
        made = sandbox.control(f"stripe/payment_intents/{intent}/{step}", {"amount": 2000})
        if step == "refund":
            sandbox.control(f"stripe/refunds/{made['id']}/reference")
            sandbox.control(f"stripe/refunds/{made['id']}/fail")
        if step == "dispute":
            api.disputes.update(made["id"], {"evidence": {"customer_name": "Ada"}})
    sandbox.control("stripe/switches", {"refunds": "pending"})
    for step in ("inquiry", "refund", "dispute_closed"):
        sandbox.control(f"stripe/payment_intents/{paid[2]}/{step}")
    events = [event.to_dict(for_json=True) for event in api.events.list({"limit": 100}).auto_paging_iter()]
    assert len(events) > 40
    return events


@pytest.fixture
def told(keyed: Sandbox, shop_endpoint: Listener) -> list[dict[str, Any]]:
    shop_endpoint.received.clear()
    return tell_everything(keyed)


def test_every_event_fits_the_description(
    told: list[dict[str, Any]], description: Any, samples: dict[str, Any]
) -> None:
    known = description["components"]["schemas"]
    genuine = set[str]()
    for sample in samples.values():
        genuine |= {f"{sample['data']['object']['object']}{key}" for key in strange_of(sample, known)}

    for event in told:
        thing = event["data"]["object"]
        assert problems(event, known["event"], known, event["type"]) == []
        assert problems(thing, known[thing["object"]], known, thing["object"]) == []
        # What the description does not know, genuine events do.
        assert {f"{thing['object']}{key}" for key in strange_of(event, known)} <= genuine


def strange_of(event: dict[str, Any], known: Any) -> set[str]:
    thing = event["data"]["object"]
    return {key for key in strange(thing, known[thing["object"]], known) if not key.startswith(".last_payment_error")}


def test_every_event_has_the_keys_of_the_genuine_ones(told: list[dict[str, Any]], samples: dict[str, Any]) -> None:
    ours = {event["type"]: event for event in told}
    lacking = {}
    for name, sample in samples.items():
        candidates = [event for event in told if event["type"] == sample["type"]]
        assert candidates, f"{sample['type']} never happened, only {sorted(ours)}"
        lacking[name] = min((absent(sample, event) for event in candidates), key=len)
    assert {name: keys for name, keys in lacking.items() if keys} == {}


def test_answers_fit_too(keyed: Sandbox, description: Any) -> None:
    known = description["components"]["schemas"]
    api = till.client(keyed).v1
    session = till.paid(keyed)
    paths = [
        "line_items.data.price.product",
        "payment_intent.latest_charge.balance_transaction",
        "payment_intent.payment_method",
    ]
    read = api.checkout.sessions.retrieve(session.id, {"expand": paths})
    things: list[Any] = [
        read,
        api.balance.retrieve(),
        api.coupons.create({"amount_off": 300, "currency": "usd"}),
        api.customers.create(
            {"email": "ada@example.com", "shipping": {"name": "Ada", "address": {"line1": "12 Main"}}}
        ),
        api.webhook_endpoints.create({"url": "https://shop.example/hook", "enabled_events": ["*"]}),
    ]
    things.append(api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": things[2].id}}))
    for thing in things:
        told = thing.to_dict(for_json=True)
        assert problems(told, known[told["object"]], known, told["object"]) == []


def test_sessions_take_the_parameters_that_stripe_takes(description: Any) -> None:
    def names(path: str) -> set[str]:
        form = description["paths"][path]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]
        return set(form["schema"]["properties"])

    assert set(session_shapes.CREATE.known) == names("/v1/checkout/sessions")
    assert set(session_shapes.UPDATE.known) == names("/v1/checkout/sessions/{session}")
