"""A Stripe that stalls costs a shopper some seconds, and those who only look around nothing (D22)."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from catalog.printify.client import printify
from ilytat.integrations.errors import OutcomeUnknown, Unavailable
from orders.models import Cart
from payments import gateway, web_calls
from tests import factories
from tests.pages import holding, text
from tests.payloads import payload
from tests.payments.conftest import SESSION, Till, pay
from tests.stand_in import Sandbox

pytestmark = pytest.mark.django_db

CREATE = "stripe.checkout.sessions.create"


def in_web_request(work: Callable[[], object]) -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        work()
        return HttpResponse()

    web_calls.WebCallsMiddleware(view)(RequestFactory().get("/"))


def test_a_checkout_at_a_stalled_stripe_ends_soon_then_asks_no_more_and_recovers(
    client: Client, at_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    goods = printify().product_page(1)["data"][0]
    offered = next(row for row in goods["variants"] if row["is_enabled"] and row["is_available"])
    variant = factories.variant(factories.product(printify_id=goods["id"]), variant_id=offered["id"])
    cart = holding(client, factories.cart(variant))
    client.get("/checkout/")
    monkeypatch.setattr(web_calls, "REQUEST_SECONDS", 0.3)
    stall = at_sandbox.arm(CREATE, "hang", times=None, params={"seconds": 3})

    for _ in range(web_calls.SILENCES_MAX + 2):
        answer = pay(client)
        assert answer.status_code == 503
        assert "Payment cannot be started right now. Nothing was charged" in text(answer)

    assert at_sandbox.fired(stall) == web_calls.SILENCES_MAX
    assert cart.lines.count() == 1
    assert client.get(variant.product.get_absolute_url()).status_code == 200

    at_sandbox.clear()
    monkeypatch.setattr(web_calls, "REQUEST_SECONDS", 60)
    web_calls.stripe_breaker.until = 0.0  # the rest is over
    assert pay(client).status_code == 303
    assert web_calls.stripe_breaker.silences == 0


def test_all_calls_of_a_web_request_have_one_deadline(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_calls, "REQUEST_SECONDS", -1)
    with pytest.raises(Unavailable, match="too slowly"):
        in_web_request(lambda: gateway.session(SESSION))
    assert not till.mock.calls


def test_workers_have_no_such_limits(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_calls, "REQUEST_SECONDS", -1)
    for _ in range(web_calls.SILENCES_MAX):
        web_calls.stripe_breaker.record(has_answered=False)
    till.session(payload("stripe/session"))
    assert gateway.session(SESSION).id == SESSION


def test_many_buyers_at_once_are_served_while_stripe_answers() -> None:
    served = []

    def call() -> None:
        with web_calls.limits():
            time.sleep(0.05)
            served.append(True)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(in_web_request, call) for _ in range(40)]:
            done.result()
    assert len(served) == 40


@pytest.mark.parametrize(
    ("silences", "calls_max"), [(0, web_calls.CALLS_AT_ONCE), (1, web_calls.CALLS_AT_ONCE_AFTER_SILENCE)]
)
def test_only_some_threads_of_a_process_wait_for_stripe(
    monkeypatch: pytest.MonkeyPatch, silences: int, calls_max: int
) -> None:
    monkeypatch.setattr(web_calls, "SLOT_SECONDS", 0.0)
    monkeypatch.setattr(web_calls.stripe_breaker, "silences", silences)
    all_wait, answer = threading.Barrier(calls_max + 1), threading.Event()

    def call() -> None:
        with web_calls.limits():
            all_wait.wait()
            answer.wait()

    with ThreadPoolExecutor(calls_max) as threads:
        calls = [threads.submit(in_web_request, call) for _ in range(calls_max)]
        all_wait.wait()
        with pytest.raises(Unavailable, match="too slowly"):
            in_web_request(call)
        answer.set()
        for each in calls:
            each.result()
    assert web_calls._slots.taken == 0


def test_an_answer_that_refuses_is_an_answer(till: Till) -> None:
    till.creates(status=500, json={"error": {"type": "api_error"}})
    for _ in range(web_calls.SILENCES_MAX + 1):
        with pytest.raises(OutcomeUnknown, match="Stripe answered with an error"):
            in_web_request(lambda: gateway.create_session({}, key="k"))


def test_after_a_rest_one_call_finds_out_for_all(cart: Cart, till: Till) -> None:
    breaker = web_calls.stripe_breaker
    till.mock.upsert("GET", f"https://api.stripe.com/v1/checkout/sessions/{SESSION}", body=requests.ReadTimeout())
    for _ in range(web_calls.SILENCES_MAX):
        with pytest.raises(Unavailable, match=r"Stripe did not answer \(no response in time\)\."):
            in_web_request(lambda: gateway.session(SESSION))
    assert not breaker.allows_call()
    breaker.until = 0.0
    assert (breaker.allows_call(), breaker.allows_call()) == (True, False)
    breaker.record(has_answered=False)
    assert not breaker.allows_call()
    breaker.until = 0.0
    assert breaker.allows_call()
    breaker.record(has_answered=True)
    assert (breaker.allows_call(), breaker.allows_call()) == (True, True)
