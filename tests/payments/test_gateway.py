"""The edge to Stripe: its errors in our words, its signatures, its objects as facts (D16, D17, H1, H3)."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
import requests
from pytest_django.fixtures import Settings

from ilytat.integrations.errors import KeyRejected, NotConfigured, OutcomeUnknown, Refused, Unavailable
from ilytat.integrations.models import ApiUsage
from payments import gateway
from payments.stripe_objects import CheckoutSessionData
from tests.payloads import payload
from tests.payments.conftest import (
    INTENT,
    SESSION,
    Till,
    event_body,
    paid_session,
    refused,
    session_of,
    signed,
    waiting,
)

pytestmark = pytest.mark.django_db


def _read() -> object:
    return gateway.session(SESSION)


def _create() -> object:
    return gateway.create_session({"mode": "payment"}, key="k-1")


def _refund() -> object:
    return gateway.create_refund(INTENT, 100, reason="duplicate", metadata={"refund": "r-1"}, key="r-1")


ANSWERS: dict[str, tuple[dict[str, Any], type[Exception], type[Exception]]] = {
    # what happened: (the answer, what a read raises, what a write raises)
    "no such thing": (refused(404), Refused, Refused),
    "wrong parameters": (refused(400), Refused, Refused),
    "another request had this key": (refused(400, kind="idempotency_error"), Refused, Refused),
    "key in use this moment": (
        refused(409, kind="idempotency_error", code="idempotency_key_in_use"),
        Unavailable,
        OutcomeUnknown,
    ),
    "wrong key": (refused(401), KeyRejected, KeyRejected),
    "missing permission": (refused(403), KeyRejected, KeyRejected),
    "card": (refused(402, kind="card_error"), Refused, Refused),
    "too many": (refused(429, code="rate_limit"), Unavailable, Unavailable),
    "lock": (refused(429, code="lock_timeout"), Unavailable, Unavailable),
    "500": (refused(500, kind="api_error"), Unavailable, OutcomeUnknown),
    "HTML 502": ({"status": 502, "body": "<html>"}, Unavailable, OutcomeUnknown),
    "HTML 200": ({"status": 200, "body": "<html>"}, Unavailable, OutcomeUnknown),
    "empty 200": ({"status": 200, "body": ""}, Unavailable, OutcomeUnknown),
    "read timeout": ({"body": requests.ReadTimeout()}, Unavailable, OutcomeUnknown),
    "cut": ({"body": requests.ConnectionError("reset")}, Unavailable, OutcomeUnknown),
}


def test_a_rejected_key_is_one_line_in_the_log(till: Till, caplog: pytest.LogCaptureFixture) -> None:
    till.creates(**refused(401))
    with caplog.at_level(logging.INFO), pytest.raises(KeyRejected):
        _create()
    shop = [record.message for record in caplog.records if record.name.startswith(("payments", "ilytat"))]
    assert shop == ["key rejected"]


@pytest.mark.parametrize(("answer", "on_read", "_on_write"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_a_failed_read_means(
    till: Till, answer: dict[str, Any], on_read: type[Exception], _on_write: type[Exception]
) -> None:
    till.mock.add("GET", f"https://api.stripe.com/v1/checkout/sessions/{SESSION}", **answer)
    with pytest.raises(on_read) as error:
        _read()
    assert type(error.value) is on_read


@pytest.mark.parametrize("write", [_create, _refund])
@pytest.mark.parametrize(("answer", "_on_read", "on_write"), ANSWERS.values(), ids=ANSWERS.keys())
def test_what_a_failed_write_means(
    till: Till,
    write: Callable[[], object],
    answer: dict[str, Any],
    _on_read: type[Exception],
    on_write: type[Exception],
) -> None:
    till.creates(**answer)
    till.refunds(**answer)
    with pytest.raises(on_write) as error:
        write()
    assert type(error.value) is on_write


def test_one_repeat_inside_the_request_under_the_same_key(till: Till) -> None:
    till.creates(status=500, json={})
    till.creates(payload("stripe/session"))
    assert gateway.create_session({"mode": "payment"}, key="checkout-1").id == SESSION
    assert till.keys("/checkout/sessions") == ["checkout-1", "checkout-1"]


def test_no_second_repeat_while_a_shopper_waits(till: Till) -> None:
    till.creates(body=requests.ReadTimeout())
    with pytest.raises(OutcomeUnknown):
        _create()
    assert len(till.asked("POST", "/checkout/sessions")) == 2


def test_calls_name_the_pinned_version(till: Till) -> None:
    till.session(payload("stripe/session"))
    _read()
    [call] = till.asked("GET", SESSION)
    assert call.headers["Stripe-Version"] == gateway.API_VERSION == "2026-10-28.endive"


def test_every_answer_is_counted_and_errors_apart(till: Till) -> None:
    till.session(payload("stripe/session"))
    _read()
    till.mock.upsert("GET", f"https://api.stripe.com/v1/checkout/sessions/{SESSION}", **refused(404))
    with pytest.raises(Refused):
        _read()
    assert ApiUsage.objects.values_list("integration", "calls", "errors").get() == ("stripe", 2, 1)


def test_without_a_key_nothing_is_called(settings: Settings, till: Till) -> None:
    gateway._client.cache_clear()
    settings.STRIPE_SECRET_KEY = ""
    try:
        with pytest.raises(NotConfigured):
            _read()
    finally:
        gateway._client.cache_clear()
    assert not till.mock.calls


# --- objects ------------------------------------------------------------------------------------------


def test_an_open_session_as_facts(till: Till) -> None:
    order = waiting(quantity=2)
    till.session(session_of(order))
    assert gateway.session(SESSION) == CheckoutSessionData(
        id=SESSION,
        order=order.number,
        attempt=1,
        status="open",
        payment_status="unpaid",
        live=False,
        currency="USD",
        subtotal=4998,
        discount=0,
        shipping=475,
        tax=0,
        total=5473,
        url=f"https://checkout.stripe.com/c/pay/{SESSION}",
        client_secret="",
        payment_intent="",
        refunded=0,
        fee=None,
    )


def test_a_paid_session_tells_intent_fee_and_what_went_back(till: Till) -> None:
    till.session(paid_session(waiting(), refunded=500))
    facts = gateway.session(SESSION)
    assert facts.paid
    assert (facts.payment_intent, facts.fee, facts.refunded, facts.url) == (INTENT, 116, 500, "")


@pytest.mark.parametrize(
    ("status", "payment_status", "paid"),
    [
        ("complete", "paid", True),
        ("complete", "no_payment_required", True),
        ("complete", "unpaid", False),
        ("open", "unpaid", False),
        ("expired", "unpaid", False),
        ("open", "paid", False),
    ],
)
def test_paid_is_complete_and_paid(till: Till, status: str, payment_status: str, *, paid: bool) -> None:
    till.session(session_of(waiting(), status=status, payment_status=payment_status))
    assert gateway.session(SESSION).paid is paid


def test_a_session_that_is_not_of_this_shop_is_read_without_a_fault(till: Till) -> None:
    """The same account may sell by payment links: those carry no order and no totals of shipping."""
    till.session(
        payload("stripe/session", client_reference_id=None, metadata={}, total_details=None, customer_email=None)
    )
    facts = gateway.session(SESSION)
    assert (facts.order, facts.attempt, facts.shipping) == ("", 0, 0)


@pytest.mark.parametrize("attempt", ["", "two", "-1", "1e3"])
def test_an_odd_attempt_is_none(till: Till, attempt: str) -> None:
    till.session(session_of(waiting(), metadata={"attempt": attempt}))
    assert gateway.session(SESSION).attempt == 0


def test_refunds_of_an_intent_carry_our_keys(till: Till) -> None:
    ours, theirs = payload("stripe/refund"), payload("stripe/refund", id="re_2", metadata={}, status="pending")
    page = {"object": "list", "data": [ours, theirs], "has_more": False, "url": "/v1/refunds"}
    till.mock.add("GET", "https://api.stripe.com/v1/refunds", json=page)
    assert [(x.id, x.status, x.key) for x in gateway.refunds_of(INTENT)] == [
        ("re_3ownRefund0000000001", "succeeded", f"refund-{INTENT}-1"),
        ("re_2", "pending", ""),
    ]


# --- signatures ----------------------------------------------------------------------------------------


def test_a_signed_event_is_believed() -> None:
    body = event_body()
    event = gateway.verify(body, signed(body))
    assert (event.id, event.type, event.live) == ("evt_1ownEvent00000000001", "checkout.session.completed", False)
    assert event.payload == json.loads(body)


FORGERIES: dict[str, Callable[[bytes], tuple[bytes, str]]] = {
    "unsigned": lambda body: (body, ""),
    "garbage": lambda body: (body, "hello"),
    "only the test scheme": lambda body: (body, signed(body).replace("v1=", "v0=")),
    "of another secret": lambda body: (body, signed(body, secret="whsec_other")),
    "of an empty secret": lambda body: (body, signed(body, secret="")),
    "older than five minutes": lambda body: (body, signed(body, age=301)),
    "altered": lambda body: (body.replace(b"completed", b"expired"), signed(body)),
    "not UTF-8": lambda body: (b"\xff" + body, signed(body)),
    "signed, not JSON": lambda _body: (b"hello", signed(b"hello")),
    "signed list": lambda _body: (b"[]", signed(b"[]")),
    "signed number": lambda _body: (b"1", signed(b"1")),
    "signed text": lambda _body: (b'"evt"', signed(b'"evt"')),
    "signed null": lambda _body: (b"null", signed(b"null")),
    "signed depth": lambda _body: (b"[" * 99_999, signed(b"[" * 99_999)),
    "signed nothing": lambda _body: (b"{}", signed(b"{}")),
    "signed without an id": lambda _body: (
        b'{"object": "event", "type": "x"}',
        signed(b'{"object": "event", "type": "x"}'),
    ),
    "signed thin event": lambda _body: (b'{"object": "v2.core.event"}', signed(b'{"object": "v2.core.event"}')),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_what_is_not_a_signed_event_is_forged(forge: Callable[[bytes], tuple[bytes, str]]) -> None:
    with pytest.raises(gateway.Forged):
        gateway.verify(*forge(event_body()))


def test_an_events_id_is_words_whatever_came() -> None:
    body = event_body().replace(b'"evt_', b'7, "x": "evt_', 1)
    assert gateway.verify(body, signed(body)).id == "7"


def test_both_secrets_count_while_one_replaces_the_other(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    body = event_body()
    for secret in settings.STRIPE_WEBHOOK_SECRETS:
        assert gateway.verify(body, signed(body, secret=secret)).type == "checkout.session.completed"
    both = signed(body, secret="whsec_unknown") + "," + signed(body, secret="whsec_old").split(",", 1)[1]
    assert gateway.verify(body, both).type == "checkout.session.completed"
    with pytest.raises(gateway.Forged):
        gateway.verify(body, signed(body, secret="whsec_older"))


def test_without_a_secret_nothing_is_believed(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    body = event_body()
    with pytest.raises(NotConfigured):
        gateway.verify(body, signed(body, secret=""))
