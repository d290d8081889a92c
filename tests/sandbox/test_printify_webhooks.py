"""Signed events, their retries, the hour of silence after them, and the trouble that can be ordered."""

import hashlib
import hmac
import json
from collections import Counter

from tests.sandbox.conftest import Listener
from tests.sandbox.process import Sandbox

SECRET = "hook-secret"
ORDER_TOPICS = (
    "order:created",
    "order:updated",
    "order:sent-to-production",
    "order:shipment:created",
    "order:shipment:delivered",
)


def subscribe(sandbox: Sandbox, listener: Listener, *topics: str) -> list[str]:
    made = [{"topic": topic, "url": listener.url, "secret": SECRET} for topic in topics]
    return [sandbox.api("POST", "webhooks.json", json=each).json()["id"] for each in made]


def test_the_whole_way_of_an_order_is_told_and_signed(sandbox: Sandbox, listener: Listener) -> None:
    subscribe(sandbox, listener, *ORDER_TOPICS)
    order_id = sandbox.submit()
    sandbox.api("GET", f"orders/{order_id}.json")
    sandbox.api("POST", f"orders/{order_id}/send_to_production.json")
    sandbox.control(f"printify/orders/{order_id}/ship")
    sandbox.control(f"printify/orders/{order_id}/deliver")
    listener.wait(lambda: len(listener.received) == 8)

    events = [json.loads(body) for _, body in listener.received]
    assert Counter(event["type"] for event in events) == Counter({**dict.fromkeys(ORDER_TOPICS, 1), "order:updated": 4})
    assert {event["resource"]["id"] for event in events} == {order_id}
    statuses = {event["resource"]["data"].get("status") for event in events} - {None}
    assert statuses == {"on-hold", "sending-to-production", "in-production", "fulfilled"}
    for headers, body in listener.received:
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Pfy-Signature"] == f"sha256={digest}"
        assert headers["X-Pfy-EventId"] == json.loads(body)["id"]
        assert headers["User-Agent"] == "Printify-Webhooks v1.0.1"


def test_a_failing_endpoint_is_tried_four_times_and_then_left_alone(sandbox: Sandbox, listener: Listener) -> None:
    subscribe(sandbox, listener, "order:created")
    listener.statuses = [500, 404, 302, 503]
    sandbox.submit("ILY-1")
    listener.wait(lambda: len(listener.received) == 4)
    listener.wait(lambda: sandbox.state()["deliveries"][0]["state"] == "failed")

    sandbox.submit("ILY-2")
    listener.wait(lambda: sandbox.state()["deliveries"][0]["state"] == "blocked")

    assert len(listener.received) == 4
    assert len({body for _, body in listener.received}) == 1
    sandbox.control(f"deliveries/{sandbox.state()['deliveries'][1]['id']}/resend")


def test_duplicates_reordering_and_loss_can_be_ordered(sandbox: Sandbox, listener: Listener) -> None:
    subscribe(sandbox, listener, "order:created")
    sandbox.arm("webhooks.printify", "drop")
    sandbox.arm("webhooks.printify", "duplicate", copies=3)
    sandbox.arm("webhooks.printify", "reorder", times=2)

    orders = [sandbox.submit(f"ILY-{number}") for number in range(4)]
    listener.wait(lambda: len(listener.received) == 5)

    told = [json.loads(body)["resource"]["id"] for _, body in listener.received]
    assert Counter(told) == Counter({orders[1]: 3, orders[2]: 1, orders[3]: 1})
    assert told.index(orders[3]) < told.index(orders[2])
    assert sorted(fault["fired"] for fault in sandbox.faults()) == [1, 1, 2]


def test_subscriptions_need_their_host_to_be_deleted(sandbox: Sandbox, listener: Listener) -> None:
    (webhook_id,) = subscribe(sandbox, listener, "order:created")

    assert sandbox.api("DELETE", f"webhooks/{webhook_id}.json").status_code == 400
    assert (
        sandbox.api("POST", "webhooks.json", json={"topic": "order:canceled", "url": listener.url}).status_code == 400
    )
    assert sandbox.api("POST", f"webhooks/{webhook_id}/simulate", json={"a": 1}).status_code == 204
    listener.wait(lambda: len(listener.received) == 1)
    assert json.loads(listener.received[0][1])["resource"] == {"a": 1}
    answer = sandbox.api("DELETE", f"webhooks/{webhook_id}.json", params={"host": "127.0.0.1"})
    assert answer.json() == {"id": webhook_id}
    assert sandbox.api("GET", "webhooks.json").json() == []


def test_subscriptions_come_ten_a_page_unless_more_are_asked_for(sandbox: Sandbox, listener: Listener) -> None:
    made = subscribe(sandbox, listener, *["order:created"] * 12)
    pages = [{}, {"page": 2}, {"page": 3}, {"limit": 100}, {"limit": 5, "page": 2}]
    answers = [sandbox.api("GET", "webhooks.json", params=page).json() for page in pages]
    assert [[row["id"] for row in answer] for answer in answers] == [made[:10], made[10:], [], made, made[5:10]]


def test_a_method_that_a_route_does_not_have_is_refused_with_json(sandbox: Sandbox) -> None:
    answer = sandbox.api("DELETE", "webhooks.json")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")
    assert answer.json()["error"] == "Method not allowed"
