"""One way to cancel; a refund of everything stops the printing in the same transaction (C4, K3, K4, K10)."""

import pytest
import requests
from django.db import transaction
from pytest_django.fixtures import Settings

from ilytat.integrations import jobs
from ilytat.integrations.models import Alert
from notifications.models import OutgoingEmail
from orders import changes, lifecycle, refunding
from orders.models import Fulfilment, HoldReason, Order
from orders.registry import queue as printing
from orders.revision import TooLate
from payments import cancellation, refund_updates, refunds
from payments.facts import RefundFacts
from payments.models import Dispute, Payment, Refund
from tests.orders.conftest import ORDER_ID, SHOP, Upstream, changed, created
from tests.payloads import payload
from tests.payments.conftest import API, Till, awaits_production, printing_began
from tests.racing import Rival, overtake, pause_after

pytestmark = pytest.mark.django_db
RACE = [pytest.mark.needs("postgresql"), pytest.mark.django_db(transaction=True)]


def _refund(amount: int, payment: Payment | None = None) -> Refund:
    return cancellation.request_refund(
        payment or Payment.objects.get(), amount, reason="requested_by_customer", requested_by="eva"
    )


def _states(job: Fulfilment) -> tuple[str, str]:
    job = Fulfilment.objects.select_related("order").get(pk=job.pk)
    return job.order.state, job.state


def _canceled_emails() -> list[str]:
    return [email.context["refund"] for email in OutgoingEmail.objects.filter(kind="order_canceled")]


# --- Full refunds -----------------------------------------------------------------------------------------


def test_a_full_refund_within_the_grace_period_cancels_before_stripe_is_asked(till: Till) -> None:
    job = awaits_production(till)
    refund = _refund(2974)
    assert (refund.state, _states(job)) == ("new", ("canceled", "canceling"))
    assert _canceled_emails() == ["$29.74"]


def test_the_partial_refund_that_takes_the_rest_cancels(till: Till) -> None:
    job = awaits_production(till)
    _refund(1000)
    assert _states(job) == ("paid", "new")
    _refund(1974)
    assert _states(job) == ("canceled", "canceling")
    assert _canceled_emails() == ["$19.74"]


def test_a_full_refund_after_printing_began_tells_staff_at_once(till: Till) -> None:
    job = printing_began(awaits_production(till))
    _refund(2974)
    assert _states(job) == ("paid", "in_production")
    assert "its printing has begun" in Alert.objects.get(key=f"refunded-printing:{job.order.number}").message
    assert _canceled_emails() == []


@pytest.mark.parametrize("state", ["shipped", "delivered"])
def test_a_full_refund_of_what_has_left_is_no_alarm(till: Till, state: str) -> None:
    changed(printing_began(awaits_production(till)), state=state)
    _refund(2974)
    assert not Alert.objects.exists()


def test_a_full_refund_while_production_is_asked_for_in_vain_stops_the_next_try(
    upstream: Upstream, settings: Settings
) -> None:
    """The worker has marked the row, staff refund everything, and Printify answers that it did nothing."""
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    job = created()
    payment = Payment.objects.create(order=job.order, payment_intent_id="pi_1", captured=2974, currency="USD")
    upstream.order("on-hold")

    def answer(_request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        _refund(2974, payment)
        raise requests.ConnectTimeout

    upstream.mock.add_callback("POST", f"{SHOP}/orders/{ORDER_ID}/send_to_production.json", answer)
    for _look in range(2):
        Fulfilment.objects.update(next_at=job.release_at, lease_until=None)
        jobs.work_one(printing, job.pk)
    assert len(upstream.asked("POST", "/send_to_production.json")) == 1
    assert Fulfilment.objects.get().sent_at is None
    assert [hold.reason for hold in Fulfilment.objects.get().open_holds] == [HoldReason.REFUND]


def test_production_asked_for_without_an_answer_is_not_asked_for_again_once_all_is_refunded(
    upstream: Upstream, settings: Settings
) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False
    job = created()
    changed(job, sent_at=job.release_at)
    payment = Payment.objects.create(order=job.order, payment_intent_id="pi_1", captured=2974, currency="USD")
    _refund(2974, payment)
    upstream.order("on-hold")
    jobs.work_one(printing, job.pk)
    assert upstream.asked("POST", "/send_to_production.json") == []
    assert _states(job) == ("paid", "attention")


class TestRacesOfRefunds:
    pytestmark = RACE

    def test_two_partial_refunds_that_finish_at_once_cancel_the_order(self, till: Till) -> None:
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
        assert _states(job) == ("canceled", "canceling")

    def test_a_cancel_beside_a_partial_refund_gives_the_buyer_the_rest(self, till: Till) -> None:
        job = awaits_production(till)
        order = Order.objects.get(pk=job.order_id)
        has_waited, back = overtake(lambda: _refund(1000), lambda: changes.cancel(order))
        assert (has_waited, back) == (True, 1974)
        assert sorted(Refund.objects.values_list("amount", flat=True)) == [1000, 1974]
        assert _canceled_emails() == ["$19.74"]

    def test_news_of_a_refund_and_a_cancel_take_their_locks_in_one_sequence(self, till: Till) -> None:
        """The news pauses after its first lock of money; a cancel at the same time must not have the order by then."""
        job = awaits_production(till)
        order = Order.objects.get(pk=job.order_id)
        facts = _facts(1000)
        rivals: list[Rival[int]] = []

        def let_the_rival_in() -> None:
            rivals.append(Rival(lambda: changes.cancel(order)))
            assert rivals[0].waits()

        with transaction.atomic(), pause_after('UPDATE "payments_payment"', let_the_rival_in):
            refund_updates.book(facts)
        with pytest.raises(TooLate):  # the part that went back at Stripe holds the order
            rivals[0].result()
        assert _states(job)[0] == "paid"

    def test_a_full_refund_and_the_workers_last_look_exclude_each_other(
        self, upstream: Upstream, settings: Settings
    ) -> None:
        settings.PRINTIFY_PRINTS_FOR_REAL = False
        job = created()
        payment = Payment.objects.create(order=job.order, payment_intent_id="pi_1", captured=2974, currency="USD")
        upstream.order("on-hold")
        upstream.answers_production()
        has_waited, _ = overtake(lambda: _refund(2974, payment), lambda: jobs.work_one(printing, job.pk))
        assert has_waited
        assert upstream.asked("POST", "/send_to_production.json") == []
        assert _states(job) == ("canceled", "canceling")


def _facts(amount: int) -> RefundFacts:
    intent = Payment.objects.get().payment_intent_id
    return RefundFacts(id="re_news", status="succeeded", amount=amount, payment_intent=intent)


# --- Canceling --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["buyer", "shop"])
def test_a_disputed_payment_is_never_canceled_over(till: Till, by: refunding.By) -> None:
    job = awaits_production(till)
    payment = Payment.objects.get()
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="needs_response", amount=2974)
    with pytest.raises(refunding.Disputed):
        cancellation.cancel(job.order, by=by, who="eva", why="wanted")
    assert (_states(job), _canceled_emails(), Refund.objects.count()) == (("paid", "new"), [], 0)


def test_after_a_lost_dispute_it_is_canceled_and_the_email_says_where_the_money_went(till: Till) -> None:
    job = awaits_production(till)
    payment = Payment.objects.get()
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="lost", amount=2974, currency="USD")
    assert cancellation.cancel(job.order, by="shop", who="eva", why="lost") == 0
    email = OutgoingEmail.objects.get(kind="order_canceled")
    assert (email.context["refund"], email.context["nothing"]) == ("", "taken by bank")


def test_what_a_bank_took_of_a_payment_is_not_refunded_again(till: Till) -> None:
    awaits_production(till)
    payment = Payment.objects.get()
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="lost", amount=2000, currency="USD")
    with pytest.raises(refunding.TooMuch):
        _refund(975)
    assert _refund(974).amount == 974


def test_a_buyers_cancel_leaves_an_order_on_hold_alone(till: Till) -> None:
    job = awaits_production(till)
    lifecycle.hold(job, HoldReason.STAFF, who="eva")
    with pytest.raises(TooLate):
        changes.cancel(job.order)
    assert (_states(job), Refund.objects.count()) == (("paid", "new"), 0)
