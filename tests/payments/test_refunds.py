"""Money back: never more than was captured, each wish once, under one key (I4, A13, B16, F5)."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.db import IntegrityError, transaction
from django.utils import timezone

from ilytat.integrations import alerts, jobs
from ilytat.integrations.models import Alert
from orders import refunding
from payments import cancellation, refunds
from payments.models import Payment, Refund
from tests import factories
from tests.payloads import payload
from tests.payments.conftest import API, INTENT, Till, form, refused
from tests.racing import race

pytestmark = pytest.mark.django_db


def _payment(captured: int = 2974, **given: Any) -> Payment:
    order = given.pop("order", None) or factories.paid_order()
    values = {"payment_intent_id": INTENT, "currency": "USD"} | given
    return Payment.objects.create(order=order, captured=captured, **values)


def _give(payment: Payment, amount: int, **given: Any) -> Refund:
    values: dict[str, Any] = {"reason": "requested_by_customer", "requested_by": "staff@ilytat.test"}
    return cancellation.request_refund(payment, amount, **values | given)


def _look(refund: Refund) -> Refund:
    Refund.objects.filter(pk=refund.pk).update(next_at=timezone.now(), lease_until=None)
    jobs.work_one(refunds.queue, refund.pk)
    refund.refresh_from_db()
    return refund


def _reserved(payment: Payment) -> int:
    payment.refresh_from_db()
    return payment.refund_reserved


def _listed(till: Till, *found: dict[str, Any]) -> None:
    page = {"object": "list", "data": list(found), "has_more": False, "url": "/v1/refunds"}
    till.mock.upsert("GET", f"{API}/refunds", json=page)


def test_asking_reserves_and_queues_and_calls_nobody(till: Till) -> None:
    payment = _payment()
    refund = _give(payment, 1000, note="too small")
    assert (refund.state, refund.amount, refund.asked_by, refund.note) == (
        "new",
        1000,
        "staff@ilytat.test",
        "too small",
    )
    assert _reserved(payment) == 1000
    assert not till.mock.calls


@pytest.mark.parametrize("amount", [0, -1, 2975, 10**9])
def test_nothing_and_more_than_there_is_are_refused(amount: int) -> None:
    payment = _payment()
    with pytest.raises(refunding.TooMuch):
        _give(payment, amount)
    assert (_reserved(payment), Refund.objects.count()) == (0, 0)


def test_partial_refunds_add_up_to_the_payment_and_no_further() -> None:
    payment = _payment(1000)
    _give(payment, 400)
    _give(payment, 600)
    with pytest.raises(refunding.TooMuch):
        _give(payment, 1)
    assert _reserved(payment) == 1000


def test_the_database_itself_refuses_more_than_was_captured() -> None:
    payment = _payment(1000)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(pk=payment.pk).update(refund_reserved=1001)


@pytest.mark.django_db(transaction=True)
def test_wishes_at_once_never_exceed_the_payment() -> None:
    payment = _payment(1000)

    def wish() -> bool:
        try:
            _give(Payment.objects.get(pk=payment.pk), 400)
        except refunding.TooMuch:
            return False
        return True

    assert sorted(race(4, wish)) == [False, False, True, True]
    assert _reserved(payment) == 800
    assert len(set(Refund.objects.values_list("idempotency_key", flat=True))) == 2


@pytest.mark.django_db(transaction=True)
def test_one_press_that_arrives_many_times_at_once_is_one_wish() -> None:
    payment = _payment(1000)
    made = race(4, lambda: _give(Payment.objects.get(pk=payment.pk), 400, form_token="press-1").pk)
    assert len(set(made)) == Refund.objects.count() == 1
    assert _reserved(payment) == 400


def test_stripe_is_asked_with_the_rows_own_key_and_words(till: Till) -> None:
    refund = _give(_payment(), 1000)
    till.refunds(json=payload("stripe/refund"))
    refund = _look(refund)
    assert (refund.state, refund.stripe_refund_id) == ("succeeded", "re_3ownRefund0000000001")
    [call] = till.asked("POST", "/refunds")
    assert call.headers["Idempotency-Key"] == refund.idempotency_key
    assert form(call) == {
        "payment_intent": INTENT,
        "amount": "1000",
        "reason": "requested_by_customer",
        "metadata[refund]": refund.idempotency_key,
        "metadata[order]": refund.payment.order.number,
    }
    _look(refund)
    assert len(till.asked("POST", "/refunds")) == 1


@pytest.mark.parametrize(
    ("status", "state"),
    [("succeeded", "succeeded"), ("pending", "sent"), ("requires_action", "sent")],
)
def test_what_stripe_says_of_it_is_kept(till: Till, status: str, state: str) -> None:
    payment = _payment()
    till.refunds(json=payload("stripe/refund", status=status))
    assert _look(_give(payment, 1000)).state == state
    assert _reserved(payment) == 1000


@pytest.mark.parametrize("status", ["failed", "canceled", "a-new-word"])
def test_what_failed_can_be_given_back_again_and_staff_are_told(till: Till, status: str) -> None:
    payment = _payment()
    till.refunds(json=payload("stripe/refund", status=status))
    refund = _look(_give(payment, 1000))
    assert (refund.state, _reserved(payment)) == ("failed", 0)
    assert Alert.objects.get(key=f"refund:{refund.pk}").next_step.startswith("Pay the buyer back another way")
    _look(refund)
    assert _reserved(payment) == 0, "released once"


LOST = [{"body": requests.ReadTimeout()}, {"status": 500}, {"status": 200, "body": "<html>"}, refused(409)]


@pytest.mark.parametrize("lost", LOST)
def test_after_a_lost_answer_the_same_key_asks_again(till: Till, lost: dict[str, Any]) -> None:
    refund = _give(_payment(), 1000)
    till.refunds(**lost)
    refund = _look(refund)
    assert refund.state == "new"
    assert "unknown" in refund.last_error
    till.mock.remove("POST", f"{API}/refunds")
    till.refunds(json=payload("stripe/refund"))
    assert _look(refund).state == "succeeded"
    calls = till.asked("POST", "/refunds")
    assert {call.headers["Idempotency-Key"] for call in calls} == {refund.idempotency_key}
    assert len({call.body for call in calls}) == 1


def test_a_key_too_old_for_stripes_memory_is_looked_up_first(till: Till) -> None:
    refund = _give(_payment(), 1000)
    Refund.objects.update(first_try=timezone.now() - timedelta(hours=21))
    other = payload("stripe/refund", id="re_other", metadata={"refund": "somebody else's"})
    _listed(till, other, payload("stripe/refund", metadata={"refund": refund.idempotency_key}))
    refund = _look(refund)
    assert (refund.state, refund.stripe_refund_id) == ("succeeded", "re_3ownRefund0000000001")
    assert not till.asked("POST", "/refunds")


def test_in_a_restored_backup_an_old_wish_is_looked_up_though_it_says_it_was_never_tried(till: Till) -> None:
    refund = _give(_payment(), 1000)
    Refund.objects.update(created_at=timezone.now() - timedelta(hours=21))
    _listed(till, payload("stripe/refund", metadata={"refund": refund.idempotency_key}))
    assert _look(refund).state == "succeeded"
    assert not till.asked("POST", "/refunds")


def test_an_old_try_that_left_nothing_is_made_anew(till: Till) -> None:
    refund = _give(_payment(), 1000)
    Refund.objects.update(first_try=timezone.now() - timedelta(hours=21))
    _listed(till, payload("stripe/refund", id="re_other", metadata={}))
    till.refunds(json=payload("stripe/refund"))
    assert _look(refund).state == "succeeded"


def test_a_young_try_is_not_looked_up(till: Till) -> None:
    refund = _give(_payment(), 1000)
    Refund.objects.update(first_try=timezone.now() - timedelta(hours=19))
    till.refunds(json=payload("stripe/refund"))
    assert _look(refund).state == "succeeded"
    assert not till.asked("GET", "/refunds")


def test_a_refusal_needs_a_person_and_keeps_the_reserve(till: Till) -> None:
    payment = _payment()
    till.refunds(**refused(400, code="charge_already_refunded"))
    refund = _look(_give(payment, 1000))
    assert (refund.state, _reserved(payment)) == ("attention", 1000)
    assert "needs a person" in Alert.objects.get(key=f"refund:{refund.pk}").message


def _try_again(refund: Refund) -> Refund:
    refund.refresh_from_db()
    assert refunds.retry(refund)
    return _look(refund)


def _keys(till: Till) -> list[str]:
    return till.keys("/refunds")


REMEMBERED = [refused(400, code="balance_insufficient"), refused(402, kind="card_error"), refused(404)]


@pytest.mark.parametrize("no", REMEMBERED)
def test_a_new_try_after_a_refusal_goes_under_a_new_key_and_reserves_once(till: Till, no: dict[str, Any]) -> None:
    """Stripe would say no once more to the first key, whatever has changed since."""
    payment = _payment()
    till.refunds(**no)
    till.refunds(json=payload("stripe/refund"))
    refund = _look(_give(payment, 1000))
    assert (refund.state, _reserved(payment)) == ("attention", 1000)
    refund = _try_again(refund)
    name = refund.idempotency_key
    assert (refund.state, _reserved(payment), _keys(till)) == ("succeeded", 1000, [name, f"{name}-2"])
    assert {form(call)["metadata[refund]"] for call in till.asked("POST", "/refunds")} == {name}


OPEN_FATE = [
    (refused(401, kind="authentication_error"), "new"),
    (refused(403, kind="permission_error"), "new"),
    (refused(400, kind="idempotency_error"), "attention"),
]


@pytest.mark.parametrize(("no", "state"), OPEN_FATE)
@pytest.mark.parametrize("lost", LOST)
def test_a_refusal_that_says_nothing_of_a_lost_try_keeps_its_key(
    till: Till, lost: dict[str, Any], no: dict[str, Any], state: str
) -> None:
    refund = _give(_payment(), 1000)
    till.refunds(**lost)
    assert _look(refund).state == "new"
    till.mock.remove("POST", f"{API}/refunds")
    till.refunds(**no)
    assert _look(refund).state == state
    till.mock.remove("POST", f"{API}/refunds")
    till.refunds(json=payload("stripe/refund"))
    alerts.close_alert("provider:stripe")
    refund = _look(refund) if state == "new" else _try_again(refund)
    assert refund.state == "succeeded"
    assert set(_keys(till)) == {refund.idempotency_key}


def test_after_many_lost_answers_a_persons_new_try_asks_under_the_same_key(till: Till) -> None:
    refund = _give(_payment(), 1000)
    till.refunds(status=500)
    _look(refund)
    Refund.objects.update(attempts=Refund.max_attempts)
    assert _look(refund).state == "attention"
    till.mock.remove("POST", f"{API}/refunds")
    till.refunds(json=payload("stripe/refund"))
    assert _try_again(refund).state == "succeeded"
    assert set(_keys(till)) == {refund.idempotency_key}


def test_the_second_key_is_kept_through_lost_answers_and_is_old_by_itself(till: Till) -> None:
    """A refusal at first; then an answer is lost, a day passes, and what was made is found by the row's name."""
    refund = _give(_payment(), 1000)
    till.refunds(**refused(400))
    Refund.objects.update(first_try=timezone.now() - timedelta(hours=21))
    _listed(till)
    assert _look(refund).state == "attention"
    till.mock.remove("POST", f"{API}/refunds")
    till.refunds(status=500)
    assert _try_again(refund).state == "new"
    second = f"{refund.idempotency_key}-2"
    assert set(_keys(till)[1:]) == {second}
    Refund.objects.update(first_try=timezone.now() - timedelta(hours=21))
    _listed(till, payload("stripe/refund", metadata={"refund": refund.idempotency_key}))
    asked = len(_keys(till))
    assert (_look(refund).state, len(_keys(till))) == ("succeeded", asked)


def test_a_worker_that_dies_right_after_a_refusal_asks_once_more_by_itself(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the spent key and the rest in attention: nothing was made, so nothing is made twice."""
    payment = _payment()
    refund = _give(payment, 1000)
    till.refunds(**refused(400))
    till.refunds(json=payload("stripe/refund"))

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Refund, "needs_attention", die)
    with pytest.raises(KeyboardInterrupt):
        _look(refund)
    monkeypatch.undo()
    assert _look(refund).state == "succeeded"
    assert (_keys(till), _reserved(payment)) == ([refund.idempotency_key, f"{refund.idempotency_key}-2"], 1000)


def test_two_wishes_have_two_keys() -> None:
    payment = _payment()
    assert _give(payment, 1).idempotency_key != _give(payment, 1).idempotency_key


def test_an_order_of_two_payments_gives_back_each_on_its_own() -> None:
    order = factories.paid_order()
    kept = _payment(1000, order=order)
    surplus = _payment(500, order=order, applied=False, payment_intent_id="pi_2")
    _give(surplus, 500, reason="duplicate")
    assert (_reserved(kept), _reserved(surplus)) == (0, 500)


def test_one_order_has_one_payment_that_pays_for_it() -> None:
    order = factories.paid_order()
    _payment(order=order)
    with pytest.raises(IntegrityError), transaction.atomic():
        _payment(order=order, payment_intent_id="pi_2")


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_ask_stripe_once(till: Till) -> None:
    refund = _give(_payment(), 1000)
    till.refunds(json=payload("stripe/refund"))
    race(3, lambda: jobs.work_one(refunds.queue, refund.pk))
    assert len(till.asked("POST", "/refunds")) == 1
