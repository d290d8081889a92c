"""Money that takes days, or comes to nothing: told to the buyer once, and never to the wrong order (C6, C7, D12)."""

from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations.models import Alert
from notifications.models import OutgoingEmail
from orders.models import Order
from payments import gateway, settlement
from payments.models import CheckoutSession, Coupon, CouponUse, Payment, Refund
from tests.payments.conftest import SESSION, Said, Till, expired_session, opened, paid_session, session_of, waiting
from tests.results import result_of

pytestmark = pytest.mark.django_db
NO_BANK = {"id": "pi_3ownIntent0000000001", "object": "payment_intent", "status": "requires_payment_method"}


def _settle(till: Till, said: Said) -> tuple[str, str]:
    till.session(said)
    return result_of(settlement.settle(gateway.session(said["id"]), who="test"))


def _unpaid(order: Order, **changes: Any) -> Said:
    return paid_session(order, payment_status="unpaid", **changes)


def _said_to(kind: str) -> int:
    return OutgoingEmail.objects.filter(kind=kind).count()


def _happened(order: Order, what: str) -> list[str]:
    return list(order.events.filter(what=what, who="test").values_list("why", flat=True))


def test_money_that_takes_its_time_is_noted_and_told_once(till: Till) -> None:
    order = waiting()
    opened(order)
    assert {_settle(till, _unpaid(order)) for _ in range(2)} == {("handled", "The payment has not arrived yet.")}
    assert _happened(order, "payment pending") == ["the bank takes its time"]
    assert (_said_to("payment_confirming"), CheckoutSession.objects.get().state) == (1, "complete")


def test_a_session_that_is_only_open_tells_nobody_anything(till: Till) -> None:
    order = waiting()
    opened(order, state="creating")
    assert _settle(till, session_of(order)) == ("handled", "The payment has not arrived yet.")
    assert (_happened(order, "payment pending"), OutgoingEmail.objects.count()) == ([], 0)
    assert CheckoutSession.objects.get().state == "open"


@pytest.mark.parametrize("state", ["canceled", "refunded", "attention"])
def test_slow_money_for_an_order_that_moved_on_is_not_announced(till: Till, state: str) -> None:
    order = waiting(state=state)
    opened(order)
    _settle(till, _unpaid(order))
    assert OutgoingEmail.objects.count() == 0


def test_a_banks_no_leaves_the_full_time_for_another_way_to_pay(till: Till, settings: Settings) -> None:
    settings.SESSION_MINUTES = 60
    order = waiting()
    row = opened(order, expires_at=timezone.now())
    other = opened(waiting(), stripe_session_id="cs_test_another", expires_at=timezone.now())
    result = _settle(till, _unpaid(order, payment_intent=NO_BANK))
    assert result == ("handled", "The payment failed; the buyer may try again.")
    row.refresh_from_db()
    assert 59 < (row.expires_at - timezone.now()).total_seconds() / 60 <= 60
    assert row.state == "failed"
    assert _happened(order, "payment failed") == [SESSION]
    assert other.expires_at == CheckoutSession.objects.get(pk=other.pk).expires_at


@pytest.mark.parametrize("state", ["paid", "expired", "canceled"])
def test_a_banks_no_for_an_order_that_moved_on_is_told_to_nobody(till: Till, state: str) -> None:
    order = waiting(state=state)
    opened(order)
    assert _settle(till, _unpaid(order, payment_intent=NO_BANK)) == ("late", "The order had moved on.")
    assert (_happened(order, "payment failed"), OutgoingEmail.objects.count()) == ([], 0)


def test_news_of_one_session_leaves_every_other_as_it_is(till: Till) -> None:
    order = waiting()
    opened(order)
    other = opened(waiting(), stripe_session_id="cs_test_another")
    _settle(till, expired_session(order))
    other.refresh_from_db()
    assert other.state == "open"


def test_nothing_paid_and_no_discount_is_for_a_person_to_look_at(till: Till) -> None:
    order = waiting()
    Order.objects.filter(pk=order.pk).update(subtotal=0, shipping=0, total=0)
    order.refresh_from_db()
    opened(order)
    free: Said = {"payment_status": "no_payment_required", "payment_intent": None}
    assert _settle(till, paid_session(order, **free)) == ("attention", "Nothing was paid, and no discount explains it.")
    order.refresh_from_db()
    assert (order.state, Payment.objects.count()) == ("attention", 0)


def test_an_order_that_a_discount_pays_for_needs_no_payment(till: Till) -> None:
    order = waiting()
    Order.objects.filter(pk=order.pk).update(shipping=0, discount=2499, total=0)
    order.refresh_from_db()
    opened(order)
    sums = {"amount_discount": 2499, "amount_shipping": 0, "amount_tax": 0}
    free: Said = {"payment_status": "no_payment_required", "payment_intent": None, "total_details": sums}
    assert _settle(till, paid_session(order, **free))[0] == "handled"
    order.refresh_from_db()
    assert (order.state, Payment.objects.count()) == ("paid", 0)


def test_a_second_payment_is_given_back_whole_and_staff_learn_of_it(till: Till) -> None:
    order = waiting()
    opened(order)
    opened(order, number=2, state="expired")
    _settle(till, paid_session(order))
    assert _settle(till, paid_session(order, number=2)) == ("handled", "A surplus payment goes back to the buyer.")
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason, refund.asked_by, refund.note) == (
        order.total,
        "duplicate",
        "test",
        "paid a second time",
    )
    surplus = refund.payment.payment_intent_id
    assert _happened(order, "surplus payment") == [f"{surplus} goes back"]
    assert order.number in Alert.objects.get(key=f"surplus:{surplus}").message


def test_a_session_nobody_here_made_is_written_down_with_its_order(till: Till) -> None:
    """A reminder of Stripe's opened it anew: its payment must be found again by its id."""
    order = waiting(state="expired")
    opened(order, state="expired")
    assert _settle(till, paid_session(order, number=2, metadata={"order": order.number}))[0] == "handled"
    made = CheckoutSession.objects.get(attempt=2)
    assert (made.order, made.state, made.stripe_session_id) == (order, "complete", f"{SESSION[:-1]}2")
    assert made.idempotency_key == f"recovered-{made.stripe_session_id}"


def test_paid_after_all_counts_the_use_of_its_code_again_and_no_other(till: Till) -> None:
    coupon = Coupon.objects.create(code="spring", value=20)
    order = waiting(state="expired", discount=500, total=2474)
    other = waiting()
    for each in (order, other):
        CouponUse.objects.create(coupon=coupon, order=each, email=each.email, amount=500, released_at=timezone.now())
    opened(order, state="expired")
    sums = {"amount_discount": 500, "amount_shipping": 475, "amount_tax": 0}
    assert _settle(till, paid_session(order, total_details=sums))[0] == "handled"
    coupon.refresh_from_db()
    assert coupon.used == 1
    assert CouponUse.objects.get(released_at=None).order == order
