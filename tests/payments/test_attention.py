"""What payments bring before staff: what happened, what it costs, and the ways out of it."""

import pytest

from ilytat.integrations import attention
from ilytat.integrations.attention import Row
from payments import refunds
from payments.models import Dispute, Payment, Refund
from tests.payloads import payload
from tests.payments.conftest import API, Till, awaits_production, event_body, handle, kept, refused

pytestmark = pytest.mark.django_db


def _rows(name: str) -> list[Row]:
    source = attention.source(name)
    assert source
    return list(source.rows())


def _press(name: str, way: str, pk: int) -> str:
    source = attention.source(name)
    assert source
    return source.ways[way].run(pk, "eva")


def _disputed(till: Till) -> Dispute:
    awaits_production(till)
    found = till.dispute()
    handle(kept(event_body("charge.dispute.created", {"id": found["id"]}, id="evt_dispute")))
    return Dispute.objects.get()


def test_a_refund_that_rests_says_why_and_what_has_not_gone_back(till: Till) -> None:
    job = awaits_production(till)
    refund = refunds.give_back(Payment.objects.get(), 1000, reason="duplicate", asked_by="staff")
    assert _rows("refunds") == [], "nothing waits while it is under way"
    Refund.objects.update(state="attention", last_error="Stripe: No.")
    [row] = _rows("refunds")
    assert (row.pk, row.why, row.costs, row.ways) == (
        refund.pk,
        "Stripe: No.",
        "$10.00 has not gone back.",
        ("again", "let-go"),
    )
    assert job.order.number in row.what
    assert row.url.endswith(f"/order/{job.order_id}/")


@pytest.mark.parametrize("way", ["again", "let-go"])
def test_a_second_press_is_told_that_it_was_dealt_with(till: Till, way: str) -> None:
    awaits_production(till)
    refund = refunds.give_back(Payment.objects.get(), 1000, reason="duplicate", asked_by="staff")
    Refund.objects.update(state="attention")
    assert "dealt with" not in _press("refunds", way, refund.pk)
    assert _press("refunds", way, refund.pk) == "It was dealt with already."


def test_a_dispute_says_what_is_at_stake_and_until_when(till: Till) -> None:
    dispute = _disputed(till)
    [row] = _rows("disputes")
    assert (row.pk, row.costs, row.ways) == (dispute.pk, "$29.74 and Stripe's fee are at stake.", ("stage",))
    assert dispute.due_by
    assert f"Answer until {dispute.due_by:%d %b %Y}" in row.why
    Dispute.objects.update(status="under_review")
    assert _rows("disputes") == [], "the bank looks at it: nothing is to be done"


def test_the_answer_is_staged_from_there_and_a_refusal_is_said(till: Till) -> None:
    dispute = _disputed(till)
    url = f"{API}/disputes/{dispute.stripe_dispute_id}"
    till.mock.add("POST", url, **refused(400))
    assert _press("disputes", "stage", dispute.pk).startswith("Not staged: Stripe: ")
    dispute.refresh_from_db()
    assert dispute.staged_at is None
    till.mock.remove("POST", url)
    till.mock.add("POST", url, json=payload("stripe/dispute"))
    assert "unsent" in _press("disputes", "stage", dispute.pk)
    dispute.refresh_from_db()
    assert dispute.staged_at
