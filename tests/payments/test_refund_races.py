"""Refunds and cancelations that meet on two connections: each sees the other, and none waits in a circle (K3)."""

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from ilytat.integrations import jobs
from ilytat.integrations.inbox import NotYetKnown
from orders import changes
from orders.lifecycle import ProductionStarted
from orders.models import Order
from orders.registry import queue as printing
from payments import refunds
from payments.models import Payment, Refund
from payments.stripe_objects import RefundFacts
from tests.orders.conftest import Upstream, created
from tests.payloads import payload
from tests.payments.conftest import API, Till, awaits_production
from tests.payments.test_cancellation import canceled_emails, refund, states
from tests.racing import Rival, overtake, pause_after

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.django_db(transaction=True)]


def _facts(amount: int) -> RefundFacts:
    intent = Payment.objects.get().payment_intent_id
    return RefundFacts(id="re_news", status="succeeded", amount=amount, payment_intent=intent)


def test_two_partial_refunds_that_finish_at_once_cancel_the_order(till: Till) -> None:
    job = awaits_production(till)
    payment = Payment.objects.get()
    # Reserved before the order's state was looked at in the same transaction.
    Payment.objects.update(refund_reserved=2974)
    rows = [
        Refund.objects.create(payment=payment, amount=amount, asked_by="eva", idempotency_key=f"refund-{amount}")
        for amount in (1000, 1974)
    ]
    till.mock.add("POST", f"{API}/refunds", json=payload("stripe/refund", id="re_1", amount=1000))
    till.mock.add("POST", f"{API}/refunds", json=payload("stripe/refund", id="re_2", amount=1974))
    rivals: list[Rival[None]] = []

    def let_the_rival_in() -> None:
        rivals.append(Rival(lambda: jobs.work_one(refunds.queue, rows[1].pk)))
        assert rivals[0].waits(), "both would sum without the other's refund"

    with pause_after('UPDATE "payments_refund" SET "state"', let_the_rival_in):
        jobs.work_one(refunds.queue, rows[0].pk)
    rivals[0].result()
    assert set(Refund.objects.values_list("state", flat=True)) == {"succeeded"}
    assert states(job) == ("canceled", "canceling")


def test_a_refund_that_a_worker_claims_meanwhile_does_not_give_way_to_the_dashboards(till: Till) -> None:
    """The worker may be asking Stripe already: its money stays reserved, and the news waits."""
    awaits_production(till)
    ours = refund(2000)
    with transaction.atomic(), pause_after('FROM "payments_refund"', lambda: _claimed_elsewhere(ours)):
        with pytest.raises(NotYetKnown):
            refunds.apply(_facts(2000))
        transaction.set_rollback(True)
    ours.refresh_from_db()
    assert (ours.state, Payment.objects.get().refund_reserved) == ("new", 2000)


def _claimed_elsewhere(ours: Refund) -> None:
    if Refund.objects.get(pk=ours.pk).lease_until is None:
        assert Rival(lambda: Refund.claim(ours.pk)).result()


def test_a_cancel_beside_a_partial_refund_gives_the_buyer_the_rest(till: Till) -> None:
    job = awaits_production(till)
    order = Order.objects.get(pk=job.order_id)
    has_waited, back = overtake(lambda: refund(1000), lambda: changes.cancel(order))
    assert (has_waited, back) == (True, 1974)
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [1000, 1974]
    assert canceled_emails() == ["$19.74"]


def test_news_of_a_refund_and_a_cancel_take_their_locks_in_one_sequence(till: Till) -> None:
    """The news pauses after its first lock of money; a cancel at the same time must not have the order by then."""
    job = awaits_production(till)
    order = Order.objects.get(pk=job.order_id)
    facts = _facts(1000)
    rivals: list[Rival[int]] = []

    def let_the_rival_in() -> None:
        rivals.append(Rival(lambda: changes.cancel(order)))
        assert rivals[0].waits()

    with transaction.atomic(), pause_after('UPDATE "payments_payment"', let_the_rival_in):
        refunds.apply(facts)
    with pytest.raises(ProductionStarted):  # the part that went back at Stripe holds the order
        rivals[0].result()
    assert states(job)[0] == "paid"


def test_a_full_refund_and_the_workers_last_look_exclude_each_other(upstream: Upstream, settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    job = created()
    payment = Payment.objects.create(order=job.order, payment_intent_id="pi_1", captured=2974, currency="USD")
    upstream.order("on-hold")
    upstream.answers_production()
    has_waited, _ = overtake(lambda: refund(2974, payment), lambda: jobs.work_one(printing, job.pk))
    assert has_waited
    assert upstream.asked("POST", "/send_to_production.json") == []
    assert states(job) == ("canceled", "canceling")
