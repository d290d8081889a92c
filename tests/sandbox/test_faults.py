"""Each fault really does what it is called, does it as often as it was armed for, and counts."""

import json
import time

import pytest
import requests

from tests.sandbox.process import Sandbox

LIST = "printify.orders.list"
CREATE = "printify.orders.create"


def ask(sandbox: Sandbox) -> requests.Response:
    return sandbox.api("GET", "orders.json")


@pytest.mark.parametrize(("params", "header"), [({"retry_after": 7}, "7"), ({"retry_after": "missing"}, None)])
def test_429_with_and_without_a_wait(sandbox: Sandbox, params: dict[str, object], header: str | None) -> None:
    sandbox.arm(LIST, "429", times=2, **params)

    answers = [ask(sandbox) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers.get("Retry-After") == header
    assert [(fault["times"], fault["fired"]) for fault in sandbox.faults()] == [(0, 2)]
    assert sandbox.state()["calls"][LIST] == 3


def test_429_with_a_date(sandbox: Sandbox) -> None:
    sandbox.arm(LIST, "429", retry_after="http-date", seconds=30)

    assert ask(sandbox).headers["Retry-After"].endswith("GMT")


@pytest.mark.parametrize(
    "kind", ["accept_then_500", "accept_then_cut", "accept_then_hang", "broken_json", "html", "empty"]
)
def test_the_order_is_made_although_nobody_hears_of_it(sandbox: Sandbox, kind: str) -> None:
    sandbox.arm(CREATE, kind, seconds=4)
    order = sandbox.order()

    with pytest.raises((requests.RequestException, ValueError, KeyError)):
        sandbox.api("POST", "orders.json", json=order, timeout=2).json()["id"]

    again = sandbox.api("POST", "orders.json", json=order)
    assert again.status_code == 409
    assert [made["id"] for made in sandbox.state()["orders"]] == [again.json()["order"]["id"]]


@pytest.mark.parametrize("kind", ["500", "502", "503", "401", "hang"])
def test_the_order_is_not_made(sandbox: Sandbox, kind: str) -> None:
    sandbox.arm(CREATE, kind, seconds=0.1)

    try:
        assert sandbox.api("POST", "orders.json", json=sandbox.order()).status_code == int(kind)
    except requests.ConnectionError:
        assert kind == "hang"

    assert sandbox.state()["orders"] == []


def test_bodies_that_no_client_should_trust(sandbox: Sandbox) -> None:
    bodies = {}
    for kind in ("nan", "bom", "deep", "huge"):
        sandbox.arm(LIST, kind, megabytes=3)
        bodies[kind] = ask(sandbox).content

    assert b"NaN" in bodies["nan"]
    assert bodies["bom"].startswith(b"\xef\xbb\xbf{")
    assert len(bodies["huge"]) > 3_000_000
    with pytest.raises(RecursionError):
        json.loads(bodies["deep"])


def test_a_slow_answer_and_one_that_drips(sandbox: Sandbox) -> None:
    for kind in ("slow", "drip"):
        sandbox.arm("printify.shops.list", kind, seconds=0.5, bytes_per_second=100)
        begun = time.monotonic()
        assert sandbox.api("GET", "v1/shops.json").json()[0]["id"] == 1001
        assert time.monotonic() - begun > 0.45


def test_faults_last_until_cleared_and_go_by_pattern(sandbox: Sandbox) -> None:
    sandbox.arm("printify.*", "503", times=None)

    assert {ask(sandbox).status_code for _ in range(3)} == {503}
    assert sandbox.session.delete(f"{sandbox.url}/control/faults").json() == []
    assert ask(sandbox).status_code == 200


def test_an_unknown_kind_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.session.post(f"{sandbox.url}/control/faults", json={"name": LIST, "kind": "gremlins"})

    assert (answer.status_code, sandbox.faults()) == (400, [])
