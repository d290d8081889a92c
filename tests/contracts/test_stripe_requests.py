"""Every request the shop sends to Stripe, against the parameters of the pinned API: an unknown or renamed one fails.

The types are those of the installed library. Stripe's own description lies beside the project only where it is
developed; elsewhere that half is reported as not run.
"""

import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import pytest
import responses
import stripe
from pytest_django.fixtures import Settings
from requests import PreparedRequest
from stripe.params import (
    BalanceRetrieveParams,
    CouponCreateParams,
    CustomerCreateParams,
    CustomerDeleteParams,
    CustomerListParams,
    DisputeRetrieveParams,
    DisputeUpdateParams,
    EventListParams,
    PaymentIntentRetrieveParams,
    RefundCreateParams,
    RefundListParams,
    RefundRetrieveParams,
    WebhookEndpointCreateParams,
    WebhookEndpointDeleteParams,
    WebhookEndpointListParams,
    WebhookEndpointUpdateParams,
)
from stripe.params.checkout import SessionCreateParams, SessionExpireParams, SessionRetrieveParams
from stripe.params.radar import EarlyFraudWarningRetrieveParams

from ilytat.integrations.errors import Refused
from payments import gateway, session_params
from tests import factories
from tests.contracts.parameters import nested, unlike_schema, unlike_type
from tests.needs import SHARED
from tests.payments.conftest import opened

pytestmark = pytest.mark.django_db

SESSION, REFUND, INTENT, DISPUTE, WARNING, CUSTOMER = "cs_test_1", "re_1", "pi_1", "du_1", "issfr_1", "cus_1"
ENDPOINT = "we_1"
HOOK = "https://shop.example/api/webhooks/stripe"
EVENTS = ("checkout.session.completed", "refund.updated")
MOMENT = datetime(2026, 11, 20, tzinfo=UTC)
ROUTES: dict[tuple[str, str], tuple[Any, str]] = {
    # (method, path): (the library's type, the path in Stripe's description)
    ("POST", "/v1/checkout/sessions"): (SessionCreateParams, "/v1/checkout/sessions"),
    ("GET", f"/v1/checkout/sessions/{SESSION}"): (SessionRetrieveParams, "/v1/checkout/sessions/{session}"),
    ("POST", f"/v1/checkout/sessions/{SESSION}/expire"): (
        SessionExpireParams,
        "/v1/checkout/sessions/{session}/expire",
    ),
    ("POST", "/v1/refunds"): (RefundCreateParams, "/v1/refunds"),
    ("GET", "/v1/refunds"): (RefundListParams, "/v1/refunds"),
    ("GET", f"/v1/refunds/{REFUND}"): (RefundRetrieveParams, "/v1/refunds/{refund}"),
    ("POST", "/v1/customers"): (CustomerCreateParams, "/v1/customers"),
    ("GET", "/v1/customers"): (CustomerListParams, "/v1/customers"),
    ("DELETE", f"/v1/customers/{CUSTOMER}"): (CustomerDeleteParams, "/v1/customers/{customer}"),
    ("POST", "/v1/coupons"): (CouponCreateParams, "/v1/coupons"),
    ("GET", f"/v1/disputes/{DISPUTE}"): (DisputeRetrieveParams, "/v1/disputes/{dispute}"),
    ("POST", f"/v1/disputes/{DISPUTE}"): (DisputeUpdateParams, "/v1/disputes/{dispute}"),
    ("GET", f"/v1/radar/early_fraud_warnings/{WARNING}"): (
        EarlyFraudWarningRetrieveParams,
        "/v1/radar/early_fraud_warnings/{early_fraud_warning}",
    ),
    ("GET", f"/v1/payment_intents/{INTENT}"): (PaymentIntentRetrieveParams, "/v1/payment_intents/{intent}"),
    ("GET", "/v1/events"): (EventListParams, "/v1/events"),
    ("GET", "/v1/balance"): (BalanceRetrieveParams, "/v1/balance"),
    ("GET", "/v1/webhook_endpoints"): (WebhookEndpointListParams, "/v1/webhook_endpoints"),
    ("POST", "/v1/webhook_endpoints"): (WebhookEndpointCreateParams, "/v1/webhook_endpoints"),
    ("POST", f"/v1/webhook_endpoints/{ENDPOINT}"): (
        WebhookEndpointUpdateParams,
        "/v1/webhook_endpoints/{webhook_endpoint}",
    ),
    ("DELETE", f"/v1/webhook_endpoints/{ENDPOINT}"): (
        WebhookEndpointDeleteParams,
        "/v1/webhook_endpoints/{webhook_endpoint}",
    ),
}


def _session(settings: Settings, ui_mode: str, *, tax: bool) -> None:
    """A wide order: two lines, every optional part of the address, the longest title."""
    settings.STRIPE_UI_MODE, settings.STRIPE_AUTOMATIC_TAX = ui_mode, tax
    wide = factories.product(upstream_title="T" * 200)
    order = factories.order(
        factories.variant(wide), factories.variant(), address2="Apt 4", phone="+13125550100", language="es"
    )
    row = opened(order, stripe_session_id=None, state="creating")
    gateway.create_session(session_params.params(order, row, "cus_1" if tax else ""), key=row.idempotency_key)


def _customer() -> None:
    order = factories.order(address2="Apt 4", phone="+13125550100", language="es")
    gateway.create_customer(session_params.customer(order), key="customer-T1")


def _refund(reason: str) -> object:
    return gateway.create_refund(INTENT, 100, reason=reason, metadata={"refund": "r-1", "order": "T1"}, key="r-1")


CALLS: dict[str, Callable[[Settings], object]] = {
    "a hosted session": lambda s: _session(s, "hosted_page", tax=False),
    "a hosted session with tax": lambda s: _session(s, "hosted_page", tax=True),
    "a session for elements": lambda s: _session(s, "elements", tax=False),
    "a session for elements with tax": lambda s: _session(s, "elements", tax=True),
    "whom the tax is for": lambda _: _customer(),
    "a customer that is to go": lambda _: gateway.delete_customer(CUSTOMER),
    "customers of an address": lambda _: gateway.customers_of("ana@example.com", "T1"),
    "reading a session": lambda _: gateway.session(SESSION),
    "expiring a session": lambda _: gateway.expire_session(SESSION),
    "reading the balance": lambda _: gateway.key_is_live(),
    "reading a refund": lambda _: gateway.refund(REFUND),
    "looking for refunds": lambda _: gateway.refunds_of(INTENT),
    "a discount": lambda _: gateway.create_coupon("order-T1", 500, "USD", key="coupon-T1"),
    "a dispute": lambda _: gateway.dispute(DISPUTE),
    "evidence": lambda _: gateway.stage_evidence(DISPUTE, {"customer_name": "Ana", "shipping_carrier": "usps"}),
    "a fraud warning": lambda _: gateway.warning(WARNING),
    "what Stripe kept": lambda _: gateway.fee_of(INTENT),
    "events of the last days": lambda _: list(gateway.events_since(MOMENT, ["refund.created", "refund.failed"])),
    "a refund": lambda _: _refund("requested_by_customer"),
    "a refund of a surplus": lambda _: _refund("duplicate"),
    "a refund of a fraud": lambda _: _refund("fraudulent"),
    "listing endpoints": lambda _: gateway.webhook_endpoints(),
    "a new endpoint": lambda _: gateway.create_webhook_endpoint(HOOK, EVENTS),
    "events of an endpoint": lambda _: gateway.update_webhook_endpoint(ENDPOINT, HOOK, EVENTS),
    "an endpoint that is to go": lambda _: gateway.delete_webhook_endpoint(ENDPOINT),
}


@pytest.fixture
def line() -> Iterator[responses.RequestsMock]:
    """Takes down what is said and answers nothing useful: what is asked for is all that matters here."""
    no = {"error": {"type": "invalid_request_error", "message": "Heard."}}
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in ("GET", "POST", "DELETE"):
            mock.add(method, re.compile(r"https://api\.stripe\.com/.*"), status=400, json=no)
        yield mock


def _said(line: responses.RequestsMock, call: Callable[[Settings], object], settings: Settings) -> PreparedRequest:
    with suppress(Refused):
        call(settings)
    [heard] = line.calls
    return heard.request


def _parameters(request: PreparedRequest) -> dict[str, Any]:
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
    return nested(body or urlsplit(str(request.url)).query)


def _route(request: PreparedRequest) -> tuple[Any, str]:
    place = (str(request.method), urlsplit(str(request.url)).path)
    assert place in ROUTES, f"{place} is new: name its parameters here"
    return ROUTES[place]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_the_library_knows_every_parameter(
    line: responses.RequestsMock, settings: Settings, call: Callable[[Settings], object]
) -> None:
    request = _said(line, call, settings)
    assert unlike_type(_parameters(request), _route(request)[0], path="params") == []


@cache
def _description() -> Any:
    return json.loads((SHARED / "stripe" / "openapi-2026-10-28.endive.json").read_text())


def _schema(request: PreparedRequest) -> dict[str, Any]:
    known = _description()["paths"][_route(request)[1]][str(request.method).lower()]
    if request.method == "GET":
        rows = [row for row in known["parameters"] if row["in"] == "query"]
        return {"properties": {row["name"]: row["schema"] for row in rows}, "additionalProperties": False}
    found: dict[str, Any] = known["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    return found


@pytest.mark.needs("shared")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_stripes_own_description_knows_every_parameter(
    line: responses.RequestsMock, settings: Settings, call: Callable[[Settings], object]
) -> None:
    request = _said(line, call, settings)
    assert unlike_schema(_parameters(request), _schema(request), "params") == []


def test_every_call_of_the_gateway_is_judged(line: responses.RequestsMock, settings: Settings) -> None:
    """A new way of talking to Stripe must come with its line in CALLS."""
    named = {source for call in CALLS.values() for source in re.findall(r"gateway\.(\w+)\(", inspect.getsource(call))}
    named |= {"create_session", "create_customer", "create_refund"}  # behind a function above
    talking = {name for name, made in vars(gateway).items() if "_client().v1" in _source(made) and name[0] != "_"}
    assert talking <= named


def _source(made: object) -> str:
    return inspect.getsource(made) if inspect.isfunction(made) and made.__module__ == gateway.__name__ else ""


def test_the_version_is_the_one_the_library_was_made_for() -> None:
    """Another version of the library speaks another version of the API: its types would judge something else."""
    assert stripe.api_version == gateway.API_VERSION


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"payment_method_types": {"0": "card"}}, "params.payment_method_types is unknown"),
    ({"ui_mode": "hosted"}, "params.ui_mode is 'hosted'"),
    ({"ui_mode": "embedded"}, "params.ui_mode is 'embedded'"),
    ({"line_items": {"0": {"price_data": {"currency": "usd", "amount": "5"}}}}, ".amount is unknown"),
    ({"line_items": {"0": {"price_data": {"unit_amount": "5"}}}}, ".currency is missing"),
    ({"line_items": {"0": {"quantity": "two"}}}, "not int"),
    ({"line_items": {"a": {}}}, "is not a list"),
    ({"adaptive_pricing": {"enabled": "False"}}, "not bool"),
    ({"adaptive_pricing": "false"}, "is not a group"),
    ({"shipping_options": {"0": {"shipping_rate_data": {"type": "free", "display_name": "x"}}}}, "'free'"),
    ({"payment_intent_data": {"shipping": {"address": {"zip": "60606"}, "name": "x"}}}, ".zip is unknown"),
]


@pytest.mark.parametrize(("parameters", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_wrong_parameter_is_noticed(parameters: dict[str, Any], words: str) -> None:
    assert any(words in found for found in unlike_type(parameters, SessionCreateParams, path="params"))


@pytest.mark.needs("shared")
@pytest.mark.parametrize(("parameters", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_wrong_parameter_is_noticed_by_the_description_too(parameters: dict[str, Any], words: str) -> None:
    known = _description()["paths"]["/v1/checkout/sessions"]["post"]
    schema = known["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    assert unlike_schema(parameters, schema, "params")
