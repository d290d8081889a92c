"""An order that is paid though all its money has gone back is ended by the next reconciliation, and staff are told."""

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ilytat.integrations import alerts
from ilytat.integrations.models import Alert
from notifications.models import OutgoingEmail
from orders.models import Fulfilment, Order
from payments import cancellation, refunded_orders
from payments.models import Difference, Payment, ReconcileRun, Refund
from tests import factories
from tests.payments.conftest import Till, awaits_production, printing_began
from tests.racing import race


def refund_row(payment: Payment, amount: int, state: str = "succeeded") -> Refund:
    """As two refunds that were processed at once left it: made at Stripe, and the order still paid."""
    count = Refund.objects.count()
    payment.refund_reserved += amount
    payment.save()
    return Refund.objects.create(
        payment=payment, amount=amount, asked_by="eva", state=state, idempotency_key=f"refund-{count}"
    )


def compare() -> list[Difference]:
    run = ReconcileRun.objects.create()
    differences = list(refunded_orders.compare(run, timezone.now()))
    for difference in differences:
        difference.save()
    return differences


@pytest.mark.django_db
@pytest.mark.parametrize("states", [("succeeded", "succeeded"), ("succeeded", "sent"), ("sent", "sent")])
def test_a_paid_order_that_was_refunded_in_parts_is_canceled_before_it_is_printed(
    till: Till, states: tuple[str, str]
) -> None:
    job = awaits_production(till)
    payment = Payment.objects.get()
    refund_row(payment, 1000, states[0])
    refund_row(payment, 1974, states[1])
    [difference] = compare()
    job.refresh_from_db()
    job.order.refresh_from_db()
    assert (job.order.state, job.state) == ("canceled", "canceling")
    assert (difference.kind, difference.explained, difference.order) == ("paid but refunded", False, job.order)
    alert = Alert.objects.get(key=f"paid-but-refunded:{job.order.number}", closed_at=None)
    assert alert.message.endswith("It is canceled now.")
    assert OutgoingEmail.objects.filter(kind="order_canceled").count() == 1
    assert compare() == []


@pytest.mark.django_db
@pytest.mark.parametrize("order_state", ["paid", "attention"])
def test_what_is_printing_already_is_marked_refunded(till: Till, order_state: str) -> None:
    job = printing_began(awaits_production(till))
    Order.objects.update(state=order_state)
    refund_row(Payment.objects.get(), 2974)
    [difference] = compare()
    job.order.refresh_from_db()
    assert (job.order.state, difference.explained) == ("refunded", False)
    assert difference.explanation.endswith("It is refunded now.")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "state", "order_state"),
    [
        (2973, "succeeded", "paid"),
        (2974, "new", "paid"),
        (2974, "attention", "paid"),
        (2974, "failed", "paid"),
        (2974, "succeeded", "canceled"),
        (2974, "succeeded", "refunded"),
    ],
)
def test_an_order_with_money_left_or_ended_already_is_left_alone(
    till: Till, amount: int, state: str, order_state: str
) -> None:
    awaits_production(till)
    Order.objects.update(state=order_state)
    refund_row(Payment.objects.get(), amount, state)
    assert compare() == []
    assert Order.objects.get().state == order_state


@pytest.mark.django_db
def test_a_surplus_payment_that_went_back_ends_no_order(till: Till) -> None:
    order = awaits_production(till).order
    surplus = Payment.objects.create(
        order=order, payment_intent_id="pi_twice", captured=2974, currency="USD", applied=False
    )
    refund_row(surplus, 2974)
    assert compare() == []


@pytest.mark.django_db
def test_staff_are_told_in_the_transaction_that_ends_the_order(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill between the two would end the order without a word."""
    awaits_production(till)
    refund_row(Payment.objects.get(), 2974)

    def crash(*_args: object, **_named: object) -> None:
        raise RuntimeError("the process ends here")

    with monkeypatch.context() as patch:
        patch.setattr(alerts, "open_alert", crash)
        with pytest.raises(RuntimeError), transaction.atomic():
            compare()
    assert Order.objects.get().state == "paid"
    assert len(compare()) == 1


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_the_reconciliation_and_the_refunds_own_event_end_an_order_once() -> None:
    """Eight connections at once, half of each kind: one history row, one email, no deadlock."""
    order = factories.paid_order()
    Fulfilment.objects.create(order=order, external_id=order.number, request={}, release_at=timezone.now())
    payment = Payment.objects.create(
        order=order, payment_intent_id="pi_1", captured=order.total, currency="USD", applied=True
    )
    refund_row(payment, order.total)

    def event() -> None:
        cancellation.close_if_all_is_back(payment, who="stripe")

    acts = [compare, event] * 4

    def act() -> None:
        acts.pop()()

    race(8, act)
    order.refresh_from_db()
    assert (connection.vendor, order.state) == ("postgresql", "canceled")
    assert order.events.filter(what="state", new="canceled").count() == 1
    assert OutgoingEmail.objects.filter(kind="order_canceled").count() == 1
    assert Difference.objects.filter(kind="paid but refunded").count() <= 1
