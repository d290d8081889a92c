"""Stripe's door: what it did not sign leaves no trace; what it did is kept once, then worked on (A4, C3, C5, H1)."""

from typing import Any

import pytest
import requests
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from ilytat.integrations import inbox
from ilytat.integrations.models import Alert, InboundEvent
from orders.models import Fulfilment
from payments.models import Payment
from tests.payments.conftest import (
    API,
    SESSION,
    Till,
    event_body,
    expired_session,
    handle,
    kept,
    opened,
    paid_session,
    refused,
    session_of,
    signed,
    waiting,
)
from tests.racing import race
from tests.results import result_of

pytestmark = pytest.mark.django_db
URL = "/api/webhooks/stripe"


def _post(body: bytes, signature: str | None = None, *, path: str = URL) -> HttpResponse:
    given = signed(body) if signature is None else signature
    made: HttpResponse = Client(enforce_csrf_checks=True).post(  # type: ignore[assignment]  # the stubs know only the test client's own class
        path, body, content_type="application/json", headers={"Stripe-Signature": given}
    )
    return made


# --- the door ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [URL, URL + "/"])
def test_a_signed_event_is_kept_and_answered_before_any_work(till: Till, path: str) -> None:
    assert _post(event_body(), path=path).status_code == 200
    row = InboundEvent.objects.get()
    assert (row.source, row.type, row.state) == ("stripe", "checkout.session.completed", "new")
    assert not till.mock.calls


@pytest.mark.parametrize(
    "signature",
    ["", "t=1,v1=00", signed(event_body(), secret="whsec_other"), signed(event_body(), age=301), signed(b"{}")],
    ids=["none", "garbage", "another secret", "stale", "another body"],
)
def test_what_stripe_did_not_sign_for_us_leaves_no_trace(signature: str) -> None:
    assert _post(event_body(), signature).status_code == 400
    assert not InboundEvent.objects.exists()


def test_an_event_of_a_connected_account_is_answered_and_not_kept() -> None:
    assert _post(event_body(account="acct_1Other")).status_code == 200
    assert not InboundEvent.objects.exists()


def test_an_event_of_another_api_version_is_kept_and_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    assert _post(event_body(api_version="2020-08-27")).status_code == 200
    assert InboundEvent.objects.exists()
    assert "set the endpoint's to" in caplog.text
    caplog.clear()
    _post(event_body(id="evt_2"))
    assert not caplog.text


def test_a_session_that_names_no_order_is_of_something_else_this_account_sells(till: Till) -> None:
    till.session(session_of(waiting(), client_reference_id=None))
    event = handle(kept(event_body()))
    assert (event.state, *result_of(event)) == ("done", "ignored", "The session was not made by this shop.")


def test_without_a_secret_the_door_is_shut(settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert _post(event_body(), "t=1,v1=0").status_code == 503
    assert not InboundEvent.objects.exists()


def test_only_posts_come_in() -> None:
    assert Client().get(URL).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_deliveries_at_once_are_kept_once_and_all_answered() -> None:
    body = event_body()
    assert race(4, lambda: _post(body).status_code) == [200] * 4
    assert InboundEvent.objects.count() == 1


def test_an_event_of_the_other_mode_is_answered_and_dropped() -> None:
    """A live event at a test shop, or the reverse: nobody's money here (H4)."""
    assert _post(event_body(livemode=True)).status_code == 200
    assert not InboundEvent.objects.exists()


def test_a_type_we_do_not_know_is_kept_and_ignored() -> None:
    assert _post(event_body("invoice.paid")).status_code == 200
    row = InboundEvent.objects.get()
    assert (row.state, *result_of(row)) == ("ignored", "ignored", "The shop does not act on events of this type.")


def test_no_signature_and_no_header_is_ever_stored() -> None:
    _post(event_body())
    assert "v1=" not in str(InboundEvent.objects.values())


# --- sessions ------------------------------------------------------------------------------------------

TYPES = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
]


@pytest.mark.parametrize("type_", TYPES)
def test_the_session_as_it_stands_counts_not_the_event(till: Till, type_: str) -> None:
    order = waiting()
    opened(order)
    till.session(paid_session(order))
    event = handle(kept(event_body(type_, session_of(order))))
    assert (event.state, event.outcome) == ("done", "handled")
    order.refresh_from_db()
    assert order.state == "paid"


def test_a_repeat_of_the_news_in_other_events_changes_nothing(till: Till) -> None:
    order = waiting()
    opened(order)
    till.session(paid_session(order))
    for number, type_ in enumerate([*TYPES, *TYPES]):
        assert handle(kept(event_body(type_, id=f"evt_{number}"))).state == "done"
    assert Fulfilment.objects.count() == Payment.objects.count() == 1


@pytest.mark.parametrize("answer", [{"status": 500}, {"body": requests.ReadTimeout()}, refused(429)])
def test_stripe_being_down_keeps_the_event_for_later(till: Till, answer: dict[str, Any]) -> None:
    order = waiting()
    opened(order)
    till.mock.add("GET", f"{API}/checkout/sessions/{SESSION}", **answer)
    event = handle(kept(event_body()))
    assert (event.state, event.attempts) == ("new", 1)
    till.session(expired_session(order))
    assert handle(event).state == "done"


def test_a_session_of_no_order_waits_and_then_asks_for_a_person(till: Till) -> None:
    till.session(session_of(waiting(), client_reference_id="NOSUCH"))
    event = kept(event_body())
    for _ in range(inbox.UNKNOWN_OBJECT_TRIES - 1):
        event = handle(event)
        assert event.state == "new"
    event = handle(event)
    assert event.state == "attention"
    assert "NOSUCH" in event.last_error
    assert Alert.objects.get().message, "staff are told, not only the table"
    event.refresh_from_db()
    assert (event.outcome, "Still unknown" in event.detail) == ("failed", True)


def test_staff_find_events_by_what_became_of_them(admin_client: Client) -> None:
    _post(event_body("invoice.paid"))
    path = "/admin/integrations/inboundevent/?outcome__exact="
    assert "invoice.paid" in admin_client.get(path + "ignored").content.decode()
    assert "0 inbound events" in admin_client.get(path + "failed").content.decode()


def test_an_event_that_is_faster_than_our_own_transaction_finds_the_order_later(till: Till) -> None:
    order = waiting()
    till.session(paid_session(order))
    number, order.number = order.number, "LATER"
    order.save()
    event = handle(kept(event_body()))
    assert event.state == "new"
    order.number = number
    order.save()
    assert handle(event).outcome == "handled"
