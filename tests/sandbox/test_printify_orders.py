"""The stand-in for Printify's order desk behaves as the contract says, also where it says no."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sandbox.process import ADDRESS, Sandbox, running


def test_a_missing_zip_is_refused_with_json_inside_the_string(sandbox: Sandbox) -> None:
    order = sandbox.order(address_to={**ADDRESS, "zip": "", "city": None})

    answer = sandbox.api("POST", "orders.json", json=order)

    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, 8103)
    assert json.loads(body["errors"]["reason"]) == {
        "city": ["The city field is required."],
        "zip": ["The zip field is required."],
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"line_items": []},
        {"line_items": [{"product_id": "5" * 24, "variant_id": 1, "quantity": 1}]},
        {"shipping_method": 9},
        {"external_id": ""},
        {"external_id": 17},
    ],
)
def test_a_wrong_body_is_refused_and_creates_nothing(sandbox: Sandbox, changes: dict[str, object]) -> None:
    answer = sandbox.api("POST", "orders.json", json={**sandbox.order(), **changes})

    assert (answer.status_code, answer.json()["code"]) == (400, 8150)
    assert sandbox.state()["orders"] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"email": ""}, "The email must be a valid email address."),
        ({"email": "ada@nowhere"}, "The email must be a valid email address."),
        ({"address2": None}, "The address2 must be a string."),
        ({"country": "ZZ"}, "The selected country is invalid."),
        ({"country": "EU"}, "The selected country is invalid."),
    ],
    ids=str,
)
def test_an_address_that_printify_refuses_is_refused_and_names_the_field(
    sandbox: Sandbox, change: dict[str, object], complaint: str
) -> None:
    answer = sandbox.api("POST", "orders.json", json=sandbox.order(address_to={**ADDRESS, **change}))

    assert (answer.status_code, answer.json()["code"]) == (400, 8103)
    assert json.loads(answer.json()["errors"]["reason"]) == {name: [complaint] for name in change}
    assert sandbox.state()["orders"] == []


def test_an_address_may_leave_out_what_is_not_required(sandbox: Sandbox) -> None:
    needless = ("email", "address2")
    sandbox.submit(address_to={name: value for name, value in ADDRESS.items() if name not in needless})


def test_a_variant_of_another_product_is_refused(sandbox: Sandbox) -> None:
    line = {**sandbox.line(), "variant_id": sandbox.line(blueprint=68)["variant_id"]}

    assert sandbox.api("POST", "orders.json", json=sandbox.order(line_items=[line])).status_code == 400


def test_an_external_id_makes_one_order_however_often_and_parallel_it_is_sent(sandbox: Sandbox) -> None:
    order = sandbox.order()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: sandbox.api("POST", "orders.json", json=order), range(8)))

    made = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    refused = [answer.json() for answer in answers if answer.status_code == 409]
    assert (len(made), len(refused)) == (1, 7)
    assert {(body["code"], body["order"]["id"], body["order"]["external_id"]) for body in refused} == {
        (8503, made[0], "ILY-1")
    }


def test_an_order_is_read_back_as_printify_writes_it(sandbox: Sandbox) -> None:
    order_id = sandbox.submit(line_items=[sandbox.line(quantity=4)])

    order = sandbox.api("GET", f"orders/{order_id}.json").json()

    variant = next(
        variant
        for product in sandbox.products()
        for variant in product["variants"]
        if variant["sku"] == order["line_items"][0]["metadata"]["sku"]
    )
    assert order["line_items"][0]["cost"] == 4 * variant["cost"] == order["total_price"]
    assert order["line_items"][0]["metadata"]["price"] == variant["price"]
    assert order["address_to"]["country"] == "United States"
    assert order["metadata"]["shop_order_id"] == "ILY-1"
    assert "external_id" not in order
    assert "shipments" not in order


def test_orders_come_ten_to_a_page_whatever_is_asked(sandbox: Sandbox) -> None:
    for number in range(12):
        sandbox.submit(f"ILY-{number}")

    page = sandbox.api("GET", "orders.json", params={"limit": 50, "page": 2}).json()

    assert (page["per_page"], page["total"], page["last_page"], page["from"], page["to"]) == (10, 12, 2, 11, 12)
    assert (page["prev_page_url"], page["next_page_url"], page["path"]) == ("/?page=1", None, "/")
    assert {order["external_id"] for order in page["data"]} == {None}


def test_a_pending_order_cannot_be_cancelled_and_one_on_hold_can(sandbox: Sandbox) -> None:
    order_id = sandbox.submit()
    too_soon = sandbox.api("POST", f"orders/{order_id}/cancel.json")
    assert sandbox.api("GET", f"orders/{order_id}.json").json()["status"] == "on-hold"

    canceled = sandbox.api("POST", f"orders/{order_id}/cancel.json").json()

    assert too_soon.status_code == 400
    assert (canceled["status"], canceled["total_price"], canceled["total_shipping"]) == ("canceled", 0, 0)
    assert [line["status"] for line in canceled["line_items"]] == ["canceled"]
    assert sandbox.api("POST", f"orders/{order_id}/send_to_production.json").status_code == 400


def test_production_begins_once_however_often_it_is_asked_for(sandbox: Sandbox) -> None:
    order_id = sandbox.submit()

    with ThreadPoolExecutor(6) as pool:
        path = f"orders/{order_id}/send_to_production.json"
        statuses = {answer.status_code for answer in pool.map(lambda _: sandbox.api("POST", path), range(6))}

    order = sandbox.state()["orders"][0]
    assert statuses == {200}
    assert (order["status"], order["productions"], order["send_calls"]) == ("in-production", 1, 6)
    assert sandbox.api("POST", f"orders/{order_id}/cancel.json").status_code == 400


def test_two_providers_send_two_parcels(sandbox: Sandbox) -> None:
    order_id = sandbox.submit(line_items=[sandbox.line(), sandbox.line(blueprint=68, quantity=2)])
    sandbox.api("POST", f"orders/{order_id}/send_to_production.json")

    walked = [sandbox.control(f"printify/orders/ILY-1/{step}") for step in ("ship", "deliver", "ship")]

    assert [order["status"] for order in walked] == ["partially-fulfilled", "partially-fulfilled", "fulfilled"]
    parcels = sandbox.api("GET", f"orders/{order_id}.json").json()["shipments"]
    assert [bool(parcel["delivered_at"]) for parcel in parcels] == [True, False]
    assert sandbox.session.get(parcels[0]["url"], timeout=60).ok


def _two_lines(sandbox: Sandbox) -> str:
    order_id = sandbox.submit(line_items=[sandbox.line(), sandbox.line(blueprint=68, quantity=2)])
    sandbox.api("POST", f"orders/{order_id}/send_to_production.json")
    return order_id


def _walk(sandbox: Sandbox, *steps: tuple[str, str]) -> list[tuple[str, int]]:
    """(status, parcels) after each step."""
    orders = [sandbox.control(f"printify/orders/ILY-1/{step}", {"way": way}) for step, way in steps]
    return [(order["status"], len(order["shipments"])) for order in orders]


def test_a_line_is_sent_in_two_parcels_and_fulfilled_with_the_second(sandbox: Sandbox) -> None:
    _two_lines(sandbox)
    walked = _walk(sandbox, ("ship", ""), ("ship", "divided"), ("deliver", ""), ("number", ""))
    assert walked == [*[("partially-fulfilled", n) for n in (1, 2, 2)], ("fulfilled", 3)]


def test_what_one_provider_sent_gets_its_number_later(sandbox: Sandbox) -> None:
    _two_lines(sandbox)
    walked = _walk(sandbox, ("ship", "unnumbered"), ("ship", ""), ("number", ""))
    assert walked == [("partially-fulfilled", 0), ("fulfilled", 1), ("fulfilled", 2)]


def test_a_canceled_line_does_not_keep_the_others(sandbox: Sandbox) -> None:
    order_id = _two_lines(sandbox)
    assert _walk(sandbox, ("cancel-line", ""), ("ship", "")) == [("in-production", 0), ("fulfilled", 1)]
    order = sandbox.api("GET", f"orders/{order_id}.json").json()
    assert [line["status"] for line in order["line_items"]] == ["fulfilled", "canceled"]
    assert "Replace the newest parcel" in sandbox.session.get(sandbox.url, timeout=60).text


def test_a_replaced_parcel_has_another_number(sandbox: Sandbox) -> None:
    order_id = _two_lines(sandbox)
    _walk(sandbox, ("ship", ""))
    [lost] = sandbox.api("GET", f"orders/{order_id}.json").json()["shipments"]
    assert _walk(sandbox, ("replace", ""), ("deliver", "")) == [("partially-fulfilled", 1)] * 2
    [parcel] = sandbox.api("GET", f"orders/{order_id}.json").json()["shipments"]
    assert parcel["number"] != lost["number"]


def test_shipping_adds_up_per_provider_and_offers_what_all_lines_allow(sandbox: Sandbox) -> None:
    def quote(country: str, *lines: dict[str, object]) -> dict[str, int]:
        body = {"line_items": lines, "address_to": {"country": country}}
        answer = sandbox.api("POST", "orders/shipping.json", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    tee, mug = sandbox.line(quantity=2), sandbox.line(blueprint=68)
    alone, other, both = quote("US", tee), quote("US", mug), quote("US", tee, mug)

    assert both["standard"] == alone["standard"] + other["standard"]
    assert quote("CA", tee)["standard"] > alone["standard"]
    assert alone["express"] == alone["priority"]
    assert "priority" not in both


def test_shipping_to_a_country_nobody_serves_is_refused(sandbox: Sandbox) -> None:
    body = {"line_items": [sandbox.line(blueprint=450)], "address_to": {"country": "CA"}}

    assert sandbox.api("POST", "orders/shipping.json", json=body).status_code == 400


def test_an_order_that_cannot_be_made_turns_up_with_issues(sandbox: Sandbox) -> None:
    line = sandbox.line()
    gone = {"variants": [{"id": line["variant_id"], "is_available": False}]}
    sandbox.control(f"printify/products/{line['product_id']}", gone)
    order_id = sandbox.submit(line_items=[line])

    assert sandbox.api("GET", f"orders/{order_id}.json").json()["status"] == "has-issues"


def test_files_in_process_key_and_limits(tmp_path: Path) -> None:
    """One process with other settings, as each start costs two seconds."""
    settings = {"PROCESSING_SECONDS": "2", "RATE_ALL": "40", "RATE_CATALOG": "3", "SPEED": "10"}
    with running(tmp_path, PRINTIFY_API_KEY="token-of-the-shop", **settings) as strict:
        order_id = strict.submit()
        early = strict.api("POST", f"orders/{order_id}/send_to_production.json")
        assert (early.status_code, early.json()) == (
            400,
            {"status": "error", "code": 8502, "message": "Operation failed."},
        )
        stranger = {"Authorization": "Bearer wrong"}
        assert strict.session.get(f"{strict.url}/printify/v1/shops.json", headers=stranger).status_code == 401
        catalog = [strict.api("GET", "v1/catalog/blueprints.json") for _ in range(4)]
        assert [answer.status_code for answer in catalog] == [200, 200, 200, 429]
        assert catalog[0].headers["X-RateLimit-Limit"] == "3"
        assert strict.api("GET", "v1/shops.json").headers["X-RateLimit-Limit"] == "40"
