"""What payments bring before staff: what happened, what it costs, and the ways out of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations.attention import Row
from ilytat.integrations.models import Alert
from payments import cancellation, disputes
from payments.models import Dispute, Payment, Refund
from tests.payloads import payload
from tests.payments.conftest import API, Till, awaits_production, event_body, handle, kept, refused

pytestmark = pytest.mark.django_db


def _rows(name: str) -> list[Row]:
    source = ATTENTION_SOURCES[name]
    return list(source.rows())


def _press(name: str, way: str, pk: int) -> str:
    source = ATTENTION_SOURCES[name]
    return source.actions[way].run(pk, "eva")


def _disputed(till: Till, **changes: Any) -> Dispute:
    awaits_production(till)
    found = till.dispute(**changes)
    handle(kept(event_body("charge.dispute.created", {"id": found["id"]}, id="evt_dispute")))
    return Dispute.objects.get()


def test_a_refund_that_rests_says_why_and_what_has_not_gone_back(till: Till) -> None:
    job = awaits_production(till)
    refund = cancellation.request_refund(Payment.objects.get(), 1000, reason="duplicate", requested_by="staff")
    assert _rows("refunds") == [], "nothing waits while it is under way"
    Refund.objects.update(state="attention", last_error="Stripe refused the request (404). Stripe says: No.")
    [row] = _rows("refunds")
    assert (row.pk, row.why, row.costs, row.actions) == (
        refund.pk,
        "Stripe refused the request (404). Stripe says: No.",
        "$10.00 has not gone back.",
        ("again", "let-go"),
    )
    assert job.order.number in row.what
    assert row.url.endswith(f"/order/{job.order_id}/")


@pytest.mark.parametrize("way", ["again", "let-go"])
def test_a_second_press_is_told_that_it_was_dealt_with(till: Till, way: str) -> None:
    awaits_production(till)
    refund = cancellation.request_refund(Payment.objects.get(), 1000, reason="duplicate", requested_by="staff")
    Refund.objects.update(state="attention")
    assert "dealt with" not in _press("refunds", way, refund.pk)
    assert _press("refunds", way, refund.pk) == "It was dealt with already."


def test_a_dispute_says_what_is_at_stake_and_until_when(till: Till) -> None:
    dispute = _disputed(till)
    [row] = _rows("disputes")
    assert (row.pk, row.costs, row.actions) == (dispute.pk, "$29.74 and Stripe's fee are at stake.", ("stage",))
    assert dispute.due_by
    assert f"Answer until {dispute.due_by:%d %b %Y}" in row.why
    Dispute.objects.update(status="under_review")
    assert _rows("disputes") == [], "the bank looks at it: nothing is to be done"


def test_the_answer_is_staged_from_there_and_a_refusal_is_said(till: Till) -> None:
    dispute = _disputed(till)
    url = f"{API}/disputes/{dispute.stripe_dispute_id}"
    till.mock.add("POST", url, **refused(400))
    assert _press("disputes", "stage", dispute.pk).startswith("Not staged: Stripe refused the request")
    dispute.refresh_from_db()
    assert dispute.staged_at is None
    till.mock.remove("POST", url)
    till.mock.add("POST", url, json=payload("stripe/dispute"))
    assert "unsent" in _press("disputes", "stage", dispute.pk)
    dispute.refresh_from_db()
    assert dispute.staged_at


@pytest.mark.parametrize("status", ["needs_response", "warning_needs_response", "arbitration"])
def test_a_dispute_stands_there_once_with_its_own_ways_out(till: Till, status: str) -> None:
    dispute = _disputed(till, status=status)
    Dispute.objects.update(due_by=timezone.now() + timedelta(days=1), status="needs_response")
    assert disputes.remind() == 1
    Dispute.objects.update(status=status)
    assert Alert.objects.filter(closed_at=None).count() == 2, "both are mailed"
    assert [row.pk for row in _rows("disputes")] == [dispute.pk]
    assert _rows("incidents") == []


def test_what_was_answered_is_no_incident_any_more_and_the_outcome_is_one(till: Till) -> None:
    dispute = _disputed(till)
    for number, status in enumerate(("under_review", "won")):
        till.dispute(status=status)
        handle(kept(event_body("charge.dispute.updated", {"id": dispute.stripe_dispute_id}, id=f"evt_{number}")))
        assert not Alert.objects.filter(key__startswith="dispute:", closed_at=None).exists()
    assert _rows("disputes") == []
    [row] = _rows("incidents")
    assert (row.what.endswith("is won."), row.actions) == (True, ("close",))


def test_an_inquiry_can_be_ended_by_a_refund_once(till: Till) -> None:
    dispute = _disputed(till, status="warning_needs_response", is_charge_refundable=True)
    [row] = _rows("disputes")
    assert row.actions == ("stage", "refund")
    assert _press("disputes", "refund", dispute.pk) == "$29.74 is going back."
    assert _press("disputes", "refund", dispute.pk).startswith("Nothing was changed"), "pressed twice"
    assert list(Refund.objects.values_list("amount", flat=True)) == [2974]
    assert _rows("disputes")[0].actions == ("stage",)


def test_a_chargeback_is_not_refunded_as_well(till: Till) -> None:
    dispute = _disputed(till)
    assert "too late" in _press("disputes", "refund", dispute.pk)
    assert not Refund.objects.exists()
