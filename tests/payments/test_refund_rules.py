"""The small print of giving money back: which press, which dispute, which payment, and whom each step tells (F5)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ilytat.integrations import alerts, jobs
from ilytat.integrations.models import Alert
from notifications.models import OutgoingEmail
from orders import lifecycle, refunding
from orders.allocation import DELIVERY
from orders.lifecycle import ProductionStarted
from orders.models import Order
from payments import cancellation, refunds, reserve
from payments.models import Coupon, CouponUse, Dispute, Payment, Refund
from tests import factories
from tests.payloads import payload
from tests.payments.conftest import INTENT, Till, form

pytestmark = pytest.mark.django_db


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    calls: list[tuple[str, str]] = []
    monkeypatch.setattr(jobs, "wake", lambda queue, lane: calls.append((queue, lane)))
    return calls


def _payment(order: Order | None = None, **given: Any) -> Payment:
    values: dict[str, Any] = {"payment_intent_id": INTENT, "captured": 2974, "currency": "USD"}
    return Payment.objects.create(order=order or factories.paid_order(), **values | given)


def _give(payment: Payment, amount: int = 100, **given: Any) -> Refund:
    return cancellation.request_refund(
        payment, amount, **{"reason": "requested_by_customer", "requested_by": "staff"} | given
    )


def _look(refund: Refund) -> Refund:
    Refund.objects.filter(pk=refund.pk).update(next_at=timezone.now(), lease_until=None)
    jobs.work_one(refunds.queue, refund.pk)
    refund.refresh_from_db()
    return refund


def _reserved(payment: Payment) -> int:
    payment.refresh_from_db()
    return payment.refund_reserved


# --- asking ------------------------------------------------------------------------------------------------


def test_each_press_is_one_wish_and_another_press_another(woken: list[tuple[str, str]]) -> None:
    payment = _payment()
    first, again, other = (_give(payment, form_token=press) for press in ("one", "one", "two"))
    assert first == again != other
    assert (_reserved(payment), len(woken)) == (200, 2)
    assert woken[0] == ("refunds", "fulfilment")


def test_wishes_without_a_press_are_as_many_as_they_are() -> None:
    payment = _payment()
    assert _give(payment) != _give(payment)
    assert _reserved(payment) == 200


def test_a_wish_keeps_what_it_is_for_and_who_asked() -> None:
    payment = _payment()
    line = factories.order_line(payment.order, factories.variant())
    wanted = {line.pk: 2, DELIVERY: 1}
    refund = _give(payment, reason="duplicate", requested_by="x" * 130, note="torn", lines=wanted, form_token="p")
    kept = Refund.objects.get(pk=refund.pk)
    assert (kept.reason, kept.asked_by, kept.note, kept.press) == ("duplicate", "x" * 120, "torn", "p")
    assert list(kept.lines.values_list("line", "quantity")) == [(None, 1), (line.pk, 2)]


@pytest.mark.parametrize(
    ("status", "refundable", "blocked"),
    [
        ("needs_response", False, True),
        ("under_review", False, True),
        ("a_new_word", False, True),
        ("won", False, False),
        ("warning_closed", False, False),
        ("prevented", False, False),
        ("warning_needs_response", True, False),
        ("needs_response", True, False),
    ],
)
def test_what_the_bank_has_taken_is_not_given_back_as_well(status: str, *, refundable: bool, blocked: bool) -> None:
    payment, other = _payment(), _payment(payment_intent_id="pi_other")
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status=status, amount=2974, refundable=refundable)
    assert (reserve.is_disputed(payment), reserve.is_disputed(other)) == (blocked, False)
    if blocked:
        with pytest.raises(refunding.Disputed):
            _give(payment)
    else:
        _give(payment)
    assert (_reserved(payment), Refund.objects.count()) == ((0, 0) if blocked else (100, 1))


# --- canceling ---------------------------------------------------------------------------------------------


def _to_print(**given: Any) -> Order:
    order = factories.order(factories.variant(), **given)
    assert lifecycle.mark_paid(order, who="test")
    OutgoingEmail.objects.all().delete()
    return order


def test_a_canceled_order_gives_back_what_is_left_of_the_payment_that_paid_it() -> None:
    order = _to_print()
    surplus = _payment(order, payment_intent_id="pi_2", applied=False)
    paid, other = _payment(order, refund_reserved=1000), _payment(payment_intent_id="pi_3")
    assert cancellation.cancel(order, by="shop", who="staff", why="sold out at the printer") == 1974
    refund = Refund.objects.get()
    assert (refund.payment, refund.amount) == (paid, 1974)
    assert (refund.asked_by, refund.note, refund.reason) == (
        "staff",
        "sold out at the printer",
        "requested_by_customer",
    )
    assert (_reserved(surplus), _reserved(other)) == (0, 0)
    order.refresh_from_db()
    assert order.state == "canceled"
    assert order.events.filter(new="canceled", who="staff", why="sold out at the printer").exists()
    assert OutgoingEmail.objects.get().context["refund"] == "$19.74"


@pytest.mark.parametrize("given", [None, {"refund_reserved": 2974}, {"applied": False}])
def test_an_order_with_nothing_left_to_give_is_canceled_without_a_refund(given: dict[str, Any] | None) -> None:
    order = _to_print()
    if given:
        _payment(order, **given)
    assert cancellation.cancel(order, by="shop", who="staff", why="sold out") == 0
    assert (Refund.objects.count(), OutgoingEmail.objects.get().kind) == (0, "order_canceled")


def test_what_is_printed_is_not_canceled_and_nobody_is_told() -> None:
    order = _to_print()
    order.fulfilment.sent_at = timezone.now()
    order.fulfilment.save()
    _payment(order)
    with pytest.raises(ProductionStarted):
        cancellation.cancel(order, by="shop", who="staff", why="sold out")
    assert (Refund.objects.count(), OutgoingEmail.objects.count()) == (0, 0)


def test_a_disputed_payment_leaves_the_order_as_it_was() -> None:
    order = _to_print()
    coupon = Coupon.objects.create(code="spring", value=20, used=1)
    use = CouponUse.objects.create(coupon=coupon, order=order, email=order.email, amount=500)
    payment = _payment(order)
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="needs_response", amount=2974)
    with pytest.raises(refunding.Disputed):
        cancellation.cancel(order, by="shop", who="staff", why="sold out")
    order.refresh_from_db()
    use.refresh_from_db()
    assert (order.state, use.released_at, OutgoingEmail.objects.count()) == ("paid", None, 0)


# --- asking Stripe -----------------------------------------------------------------------------------------


def test_the_buyer_is_told_and_the_banks_reference_kept(till: Till) -> None:
    card = {"type": "card", "card": {"reference": "r" * 70, "type": "refund"}}
    till.refunds(json=payload("stripe/refund", destination_details=card))
    refund = _look(_give(_payment()))
    assert (refund.state, refund.reference) == ("succeeded", "r" * 60)
    assert OutgoingEmail.objects.filter(kind="refund_sent").count() == 1


def test_the_first_try_is_remembered_and_not_moved_by_later_ones(till: Till) -> None:
    refund = _give(_payment())
    till.refunds(status=500)
    first = _look(refund).first_try
    assert first
    assert _look(refund).first_try == first
    assert form(till.asked("POST", "/refunds")[0])["metadata[refund]"] == refund.idempotency_key


def test_a_refund_disputed_meanwhile_is_not_sent(till: Till) -> None:
    payment = _payment()
    refund = _give(payment)
    Dispute.objects.create(payment=payment, stripe_dispute_id="du_1", status="needs_response", amount=2974)
    assert _look(refund).state == "attention"
    assert "pay twice" in refund.last_error
    assert not till.mock.calls


# --- at rest -----------------------------------------------------------------------------------------------


def _at_rest(**given: Any) -> Refund:
    refund = _give(_payment(**{"payment_intent_id": f"pi_{Payment.objects.count()}"} | given))
    Refund.objects.filter(pk=refund.pk).update(
        state="attention", attempts=9, next_at=timezone.now() + timedelta(days=1)
    )
    alerts.open_alert(refunds.alert_key(refund), "needs a person")
    refund.refresh_from_db()
    return refund


def _alarmed(refund: Refund) -> bool:
    return Alert.objects.filter(key=refunds.alert_key(refund), closed_at=None).exists()


def test_trying_again_moves_one_refund_alone_and_wakes_a_worker(woken: list[tuple[str, str]]) -> None:
    mine, other = _at_rest(), _at_rest()
    woken.clear()
    assert [refunds.retry(mine) for _ in range(2)] == [True, False]
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.state, mine.attempts, other.state) == ("new", 0, "attention")
    assert mine.next_at <= timezone.now()
    assert (_alarmed(mine), _alarmed(other)) == (False, True)
    assert woken == [("refunds", "fulfilment")]


def test_letting_go_frees_the_reserve_of_one_refund_once() -> None:
    mine, other = _at_rest(), _at_rest()
    assert [refunds.abandon(mine) for _ in range(2)] == [True, False]
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.state, other.state) == ("failed", "attention")
    assert (_reserved(mine.payment), _reserved(other.payment)) == (0, 100)
    assert (_alarmed(mine), _alarmed(other)) == (False, True)


@pytest.mark.parametrize("act", [refunds.retry, refunds.abandon])
@pytest.mark.parametrize("columns", [{"stripe_refund_id": "re_1"}, {"state": "new"}, {"state": "sent"}])
def test_what_stripe_has_or_a_worker_may_have_is_not_touched(act: Any, columns: dict[str, str]) -> None:
    refund = _at_rest()
    Refund.objects.filter(pk=refund.pk).update(**columns)
    assert act(refund) is False
    assert (_reserved(refund.payment), _alarmed(refund)) == (100, True)


def test_staff_are_told_by_alert_and_mail_what_to_do() -> None:
    refund = _at_rest()
    Alert.objects.all().delete()
    refund.last_error = "No such charge."
    refunds.on_attention(refund)
    alert = Alert.objects.get(key=refunds.alert_key(refund))
    assert refund.payment.order.number in alert.message
    assert "No such charge." in alert.message
    assert "try again" in alert.next_step
    assert OutgoingEmail.objects.filter(kind="refund_failed").count() == 1
