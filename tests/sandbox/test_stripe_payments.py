"""What happens to money: outcomes, refunds, disputes and warnings, and the signed events that tell of them."""

import json
from typing import Any

import pytest
import requests
import stripe

from tests.sandbox import till
from tests.sandbox.conftest import Listener
from tests.sandbox.process import Sandbox

EXPANDED: Any = {"expand": ["payment_intent.latest_charge.balance_transaction"]}


def test_a_payment_tells_its_story_signed(keyed: Sandbox, shop_endpoint: Listener) -> None:
    session = till.paid(keyed, client_reference_id="ILY-7")
    told = {"payment_intent.created", "charge.succeeded", "payment_intent.succeeded"}

    shop_endpoint.wait(lambda: till.types(shop_endpoint.received, session.payment_intent.id) > told)

    read = till.client(keyed).v1.checkout.sessions.retrieve(session.id, EXPANDED)
    assert (read.status, read.payment_status, read.url) == ("complete", "paid", None)
    events = till.events(shop_endpoint.received, session.id)
    assert [(event["type"], event["data"]["object"]["client_reference_id"]) for event in events] == [
        ("checkout.session.completed", "ILY-7")
    ]
    charge = session.payment_intent.latest_charge
    assert (charge.amount, charge.metadata.order, charge.shipping.name) == (5399, "ILY-1", "Ada Miller")
    fee = till.client(keyed).v1.balance_transactions.retrieve(charge.balance_transaction)
    assert (fee.fee, fee.net) == (187, 5212)


def test_a_declined_card_leaves_the_session_open(keyed: Sandbox, shop_endpoint: Listener) -> None:
    api = till.client(keyed).v1
    session = api.checkout.sessions.create(till.params())

    error = keyed.control(f"stripe/sessions/{session.id}/decline")["error"]
    shop_endpoint.wait(lambda: "payment_intent.payment_failed" in till.types(shop_endpoint.received, "ILY-1"))

    assert (error["code"], error["decline_code"]) == ("card_declined", "generic_decline")
    still = api.checkout.sessions.retrieve(session.id)
    assert (still.status, still.payment_intent) == ("open", None)
    (intent,) = api.payment_intents.list().data
    assert intent.status == "requires_payment_method"
    keyed.control(f"stripe/sessions/{session.id}/pay")
    assert [one.id for one in api.payment_intents.list().data] == [intent.id]
    assert sorted(one.status for one in api.charges.list().data) == ["failed", "succeeded"]


@pytest.mark.parametrize(
    ("step", "paid", "told"),
    [
        ("settle", "paid", "checkout.session.async_payment_succeeded"),
        ("fail", "unpaid", "checkout.session.async_payment_failed"),
    ],
)
def test_a_delayed_payment_settles_or_fails(
    keyed: Sandbox, shop_endpoint: Listener, step: str, paid: str, told: str
) -> None:
    api = till.client(keyed).v1.checkout.sessions
    session = api.create(till.params())
    keyed.control(f"stripe/sessions/{session.id}/delayed")
    assert (api.retrieve(session.id).status, api.retrieve(session.id).payment_status) == ("complete", "unpaid")

    keyed.control(f"stripe/sessions/{session.id}/{step}")

    shop_endpoint.wait(lambda: till.types(shop_endpoint.received, session.id) == {"checkout.session.completed", told})
    assert api.retrieve(session.id).payment_status == paid
    again = requests.post(f"{keyed.url}/control/stripe/sessions/{session.id}/{step}", json={}, timeout=60)
    assert again.status_code == 409


def test_pressing_twice_pays_once(keyed: Sandbox) -> None:
    session = till.paid(keyed)
    keyed.control(f"stripe/sessions/{session.id}/pay")
    keyed.control(f"stripe/sessions/{session.id}/delayed")

    assert len(keyed.state()["charges"]) == 1


def test_refunds_in_parts_and_no_more_than_was_paid(keyed: Sandbox, shop_endpoint: Listener) -> None:
    api = till.client(keyed).v1.refunds
    intent = till.paid(keyed).payment_intent.id

    part, again = (
        api.create({"payment_intent": intent, "amount": 2000, "metadata": {"refund": "7"}}, {"idempotency_key": "r7"})
        for _ in range(2)
    )
    assert part.id == again.id
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.create({"payment_intent": intent, "amount": 3400})
    assert refusal.value.param == "amount"
    rest = api.create({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.create({"payment_intent": intent})
    assert refusal.value.code == "charge_already_refunded"

    assert [(one.amount, one.status) for one in api.list({"payment_intent": intent}).data] == [
        (3399, "succeeded"),
        (2000, "succeeded"),
    ]
    shop_endpoint.wait(lambda: till.types(shop_endpoint.received, rest.id) == {"refund.created"})
    shop_endpoint.wait(lambda: till.types(shop_endpoint.received, part.id) == {"refund.created"})
    (event,) = till.events(shop_endpoint.received, part.id)
    assert event["request"]["idempotency_key"] == "r7"


def test_refunds_can_wait_and_can_fail_later(keyed: Sandbox, shop_endpoint: Listener) -> None:
    api = till.client(keyed).v1
    intent = till.paid(keyed).payment_intent.id
    keyed.control("stripe/switches", {"refunds": "pending"})

    refund = api.refunds.create({"payment_intent": intent, "amount": 500})
    assert (refund.status, refund.pending_reason) == ("pending", "insufficient_funds")
    keyed.control(f"stripe/refunds/{refund.id}/succeed")
    keyed.control(f"stripe/refunds/{refund.id}/fail")

    told = {"refund.created", "refund.updated", "refund.failed"}
    shop_endpoint.wait(lambda: till.types(shop_endpoint.received, refund.id) == told)
    assert api.refunds.retrieve(refund.id).failure_reason == "lost_or_stolen_card"
    assert api.charges.list().data[0].amount_refunded == 0


def test_the_dashboard_refunds_and_the_bank_warns(keyed: Sandbox, shop_endpoint: Listener) -> None:
    api = till.client(keyed).v1
    intent = till.paid(keyed).payment_intent.id
    keyed.control(f"stripe/payment_intents/{intent}/fraud_warning")
    (warning,) = api.radar.early_fraud_warnings.list({"payment_intent": intent}).data
    assert warning.actionable

    keyed.control(f"stripe/payment_intents/{intent}/refund", {"amount": 5399})

    told = {
        "refund.created",
        "charge.refunded",
        "radar.early_fraud_warning.created",
        "radar.early_fraud_warning.updated",
    }
    shop_endpoint.wait(lambda: till.types(shop_endpoint.received, intent) > told)
    assert not api.radar.early_fraud_warnings.list().data[0].actionable


@pytest.mark.parametrize(("end", "closing"), [("won", {"charge.dispute.funds_reinstated"}), ("lost", set())])
def test_a_chargeback_is_answered_and_closed(
    keyed: Sandbox, shop_endpoint: Listener, end: str, closing: set[str]
) -> None:
    api = till.client(keyed).v1
    intent = till.paid(keyed).payment_intent.id
    made = keyed.control(f"stripe/payment_intents/{intent}/dispute", {"amount": 5000})
    assert (made["amount"], made["status"], made["balance_transactions"][0]["net"]) == (5000, "needs_response", -6500)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        api.refunds.create({"payment_intent": intent})
    assert refusal.value.code == "charge_disputed"

    staged = api.disputes.update(made["id"], {"evidence": {"customer_name": "Ada"}, "submit": False})
    assert (staged.status, staged.evidence_details.submission_count) == ("needs_response", 0)
    assert api.disputes.update(made["id"], {"submit": True}).status == "under_review"
    keyed.control(f"stripe/payment_intents/{intent}/dispute_{end}")

    told = {
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
    }
    shop_endpoint.wait(lambda: till.types(shop_endpoint.received, made["id"]) >= told | closing)
    assert api.disputes.retrieve(made["id"]).status == end


def test_an_inquiry_takes_no_money(keyed: Sandbox) -> None:
    intent = till.paid(keyed).payment_intent.id
    asked = keyed.control(f"stripe/payment_intents/{intent}/inquiry")
    assert (asked["status"], asked["balance_transactions"], asked["is_charge_refundable"]) == (
        "warning_needs_response",
        [],
        True,
    )

    till.client(keyed).v1.refunds.create({"payment_intent": intent})
    assert keyed.control(f"stripe/payment_intents/{intent}/dispute_closed")["status"] == "warning_closed"


def test_a_shop_registers_its_endpoint_and_finds_what_it_missed(keyed: Sandbox, listener: Listener) -> None:
    api = till.client(keyed).v1
    wanted: list[str] = ["checkout.session.completed"]
    made = api.webhook_endpoints.create({"url": listener.url, "enabled_events": wanted})  # type: ignore[typeddict-item] # a list of plain strings
    assert made.secret == till.SECRET
    assert "secret" not in api.webhook_endpoints.list().data[0]
    listener.statuses += [500, 200]
    keyed.arm("webhooks.stripe", "drop", times=None)
    missed = till.paid(keyed)
    keyed.arm("webhooks.stripe", "drop", times=1)
    keyed.session.delete(f"{keyed.url}/control/faults", timeout=60)
    session = till.paid(keyed)

    listener.wait(lambda: len(listener.received) == 2)

    bodies = [json.loads(body) for _, body in listener.received]
    assert {(one["type"], one["data"]["object"]["id"]) for one in bodies} == {(wanted[0], session.id)}
    signatures = {headers["Stripe-Signature"] for headers, _ in listener.received}
    assert all(signature.startswith("t=") for signature in signatures)
    owed = api.events.list({"delivery_success": False, "types": [wanted[0]]}).data
    assert [event.data.object["id"] for event in owed] == [missed.id]
