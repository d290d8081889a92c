"""Stripe's objects read as facts: whatever is missing or null has a plain value, and no word is lost (D16)."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from payments import stripe_objects
from tests.payloads import payload


def _read(kind: str, **changes: Any) -> Any:
    return json.loads(json.dumps(payload(f"stripe/{kind}", **changes)), object_hook=lambda x: SimpleNamespace(**x))


def _session(**changes: Any) -> stripe_objects.CheckoutSessionData:
    return stripe_objects.session(_read("session", **changes))


def test_what_a_session_leaves_open_is_nothing() -> None:
    empty = dict.fromkeys(
        (
            "amount_subtotal",
            "amount_total",
            "client_reference_id",
            "client_secret",
            "consent",
            "currency",
            "metadata",
            "payment_intent",
            "status",
            "total_details",
            "url",
        )
    )
    found = _session(**empty, payment_status="unpaid")
    assert (found.order, found.attempt, found.status, found.currency, found.url) == ("", 0, "", "", "")
    assert (found.subtotal, found.discount, found.shipping, found.tax, found.total) == (0, 0, 0, 0, 0)
    assert (found.payment_intent, found.client_secret, found.intent_status) == ("", "", "")
    assert (found.refunded, found.fee, found.promotions, dict(found.taxes)) == (0, None, False, {})


def test_sums_that_are_null_are_nothing() -> None:
    found = _session(total_details={"amount_discount": None, "amount_shipping": None, "amount_tax": None})
    assert (found.discount, found.shipping, found.tax) == (0, 0, 0)


def test_every_sum_of_a_session_keeps_its_place() -> None:
    sums = {"amount_discount": 3, "amount_shipping": 4, "amount_tax": 5}
    found = _session(amount_subtotal=1, amount_total=2, total_details=sums, currency="cad", livemode=True)
    assert (found.subtotal, found.total, found.discount, found.shipping, found.tax) == (1, 2, 3, 4, 5)
    assert (found.currency, found.live) == ("CAD", True)


@pytest.mark.parametrize(("noted", "attempt"), [("2", 2), ("", 0), ("x", 0), ("-1", 0)])
def test_the_attempt_is_the_one_it_names(noted: str, attempt: int) -> None:
    assert _session(metadata={"attempt": noted}).attempt == attempt


def test_a_payment_is_known_by_its_id_expanded_or_not() -> None:
    assert _session(payment_intent="pi_1").payment_intent == "pi_1"
    charge = {"amount_refunded": 7, "balance_transaction": {"fee": 116}}
    found = _session(payment_intent={"id": "pi_1", "status": "succeeded", "latest_charge": charge})
    assert (found.payment_intent, found.intent_status, found.refunded, found.fee) == ("pi_1", "succeeded", 7, 116)


@pytest.mark.parametrize("charge", [None, "ch_1", {"amount_refunded": None, "balance_transaction": "txn_1"}])
def test_a_charge_that_is_not_told_has_no_fee_and_gave_nothing_back(charge: Any) -> None:
    found = _session(payment_intent={"id": "pi_1", "status": "processing", "latest_charge": charge})
    assert (found.refunded, found.fee) == (0, None)


@pytest.mark.parametrize(("said", "agreed"), [("opt_in", True), ("opt_out", False), (None, False)])
def test_only_a_yes_is_a_yes(said: str | None, *, agreed: bool) -> None:
    assert _session(consent={"promotions": said}).promotions is agreed


def test_the_tax_of_each_of_our_lines_and_of_no_other() -> None:
    rows = [
        SimpleNamespace(metadata=SimpleNamespace(line="7"), amount_tax=33),
        SimpleNamespace(metadata=SimpleNamespace(line="8"), amount_tax=None),
        SimpleNamespace(metadata=SimpleNamespace(line="x"), amount_tax=1),
        SimpleNamespace(metadata=None, amount_tax=1),
    ]
    assert stripe_objects.session(_read("session"), rows).taxes == {7: 33, 8: 0}


@pytest.mark.parametrize(
    ("status", "payment", "intent", "paid", "failed"),
    [
        ("complete", "paid", "succeeded", True, False),
        ("complete", "no_payment_required", "", True, False),
        ("complete", "paid", "canceled", True, False),
        ("complete", "unpaid", "processing", False, False),
        ("complete", "unpaid", "requires_payment_method", False, True),
        ("complete", "unpaid", "canceled", False, True),
        ("open", "unpaid", "requires_payment_method", False, False),
        ("open", "paid", "succeeded", False, False),
        ("expired", "unpaid", "canceled", False, False),
    ],
)
def test_paid_and_failed(status: str, payment: str, intent: str, *, paid: bool, failed: bool) -> None:
    intended = {"id": "pi_1", "status": intent}
    found = _session(status=status, payment_status=payment, payment_intent=intended)
    assert (found.paid, found.failed) == (paid, failed)


def test_a_refund_says_why_and_where_it_is() -> None:
    card = {"type": "card", "card": {"reference": "arn-1"}}
    found = stripe_objects.refund(_read("refund", destination_details=card, failure_reason="expired_card"))
    assert (found.reason, found.failure, found.reference) == ("requested_by_customer", "expired_card", "arn-1")
    bare = stripe_objects.refund(
        _read("refund", destination_details=None, metadata=None, reason=None, payment_intent=None)
    )
    assert (bare.key, bare.reason, bare.failure, bare.reference, bare.payment_intent) == ("", "", "", "", "")


def test_a_dispute_says_by_when_and_what_it_took() -> None:
    moved = [{"net": -2974, "fee": 1500}, {"net": 500, "fee": 0}]
    details = {"due_by": 1795900000, "submission_count": 2}
    found = stripe_objects.dispute(_read("dispute", balance_transactions=moved, evidence_details=details))
    assert (found.net, found.fee, found.submissions, found.currency) == (-2474, 1500, 2, "USD")
    assert found.due_by == datetime.fromtimestamp(1795900000, UTC)


@pytest.mark.parametrize("evidence", [None, {"due_by": None, "submission_count": None}])
def test_an_inquiry_that_took_nothing_has_no_figures(evidence: Any) -> None:
    found = stripe_objects.dispute(_read("dispute", balance_transactions=None, evidence_details=evidence))
    assert (found.net, found.fee, found.submissions, found.due_by) == (0, 0, 0, None)


def test_a_fee_that_came_back_is_none() -> None:
    found = stripe_objects.dispute(_read("dispute", balance_transactions=[{"net": 1500, "fee": -1500}]))
    assert (found.net, found.fee) == (1500, 0)
