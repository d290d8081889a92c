"""Every button of the review queue, pressed twice, whatever became of the order: no two of them disagree (K10)."""

import uuid
from collections.abc import Callable
from itertools import product

import pytest
from django.utils import timezone

from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations import jobs
from ilytat.pages.money import format_money
from notifications.models import OutgoingEmail
from orders import claims, lifecycle
from orders.models import Fulfilment, HoldReason, Order
from orders.models.claim import ClaimKind
from payments import cancellation, refunds
from payments.models import Dispute, Payment, Refund
from tests.payloads import payload
from tests.payments.conftest import API, Till, awaits_production

pytestmark = pytest.mark.django_db

BUTTONS = {
    "printing": ("retry", "cancel", "anew", "reprint", "refund", "settled"),
    "holds": ("release", "cancel"),
    "orders": ("accept", "give_back"),
    "claims": ("reprint", "refund"),
    "refunds": ("again", "let-go"),
    "disputes": ("stage", "refund"),
}
SITUATIONS = ("plain", "disputed", "inquired", "lost", "refunded", "shipped", "token ended")


def _row(source: str, job: Fulfilment) -> int:
    """The primary key of what the button is pressed for, made as it would have come about."""
    return ROWS[source](job)


def _in_trouble(job: Fulfilment) -> int:
    Fulfilment.objects.filter(pk=job.pk).update(state="attention", last_error="Printify says no.")
    return job.pk


def _on_hold(job: Fulfilment) -> int:
    job.holds.create(reason=HoldReason.STAFF, placed_by="eva")
    return job.holds.get(reason=HoldReason.STAFF).pk


def _money_differs(job: Fulfilment) -> int:
    Order.objects.filter(pk=job.order_id).update(state="attention")
    return job.order_id


def _claimed(job: Fulfilment) -> int:
    lines = job.order.lines.all()
    claim = claims.receive(job.order, key=uuid.uuid4(), kind=ClaimKind.DAMAGED, lines=lines, words="Torn.", photos=[])
    return claim.pk


def _refund_rests(job: Fulfilment) -> int:
    payment = Payment.objects.get(order=job.order)
    Payment.objects.filter(pk=payment.pk, refund_reserved=0).update(refund_reserved=500)
    refund, _ = Refund.objects.get_or_create(payment=payment, defaults={"amount": 500, "asked_by": "eva"})
    Refund.objects.filter(pk=refund.pk).update(state="attention", stripe_refund_id=None)
    return refund.pk


def _asked_by_the_bank(job: Fulfilment) -> int:
    payment = Payment.objects.get(order=job.order)
    dispute = payment.disputes.first() or _dispute(payment, "warning_needs_response", refundable=True)
    return dispute.pk


ROWS: dict[str, Callable[[Fulfilment], int]] = {
    "printing": _in_trouble,
    "holds": _on_hold,
    "orders": _money_differs,
    "claims": _claimed,
    "refunds": _refund_rests,
    "disputes": _asked_by_the_bank,
}


def _dispute(payment: Payment, status: str, *, refundable: bool = False) -> Dispute:
    return Dispute.objects.create(
        payment=payment,
        stripe_dispute_id="du_1",
        status=status,
        amount=payment.captured,
        currency="USD",
        refundable=refundable,
        closed_at=timezone.now() if status == "lost" else None,
    )


def _put_into(situation: str, job: Fulfilment) -> None:
    payment = Payment.objects.get(order=job.order)
    match situation:
        case "disputed":
            _dispute(payment, "needs_response")
        case "inquired":
            _dispute(payment, "warning_needs_response", refundable=True)
        case "lost":
            _dispute(payment, "lost")
        case "refunded":
            Payment.objects.update(refund_reserved=payment.captured)
            Refund.objects.create(payment=payment, amount=payment.captured, asked_by="eva", state="succeeded")
        case "shipped":
            Fulfilment.objects.update(state="shipped", printify_order_id="p1", sent_at=timezone.now())
        case "token ended":
            Fulfilment.objects.update(last_error="/v1/orders.json: 401")


def test_every_button_that_moves_orders_or_money_is_walked() -> None:
    registered = {name: tuple(ATTENTION_SOURCES[name].actions) for name in BUTTONS}
    assert registered == BUTTONS


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize(("source", "button"), [pair for name in BUTTONS for pair in product([name], BUTTONS[name])])
def test_a_button_pressed_twice_keeps_the_books(till: Till, situation: str, source: str, button: str) -> None:
    till.mock.add("POST", f"{API}/disputes/du_1", json=payload("stripe/dispute", id="du_1"))
    job = awaits_production(till)
    _put_into(situation, job)
    pk = _row(source, job)
    action = ATTENTION_SOURCES[source].actions[button]
    answers = [action.run(pk, "eva") for _press in range(2)]
    assert all(answer and answer[-1] in ".!" for answer in answers), answers
    _books_are_kept(situation, answers)


def _books_are_kept(situation: str, answers: list[str]) -> None:
    payment = Payment.objects.get()
    order, given = payment.order, Refund.objects.exclude(state="failed")
    promised = sum(refund.amount for refund in given)
    assert payment.refund_reserved == promised <= payment.captured
    if situation == "disputed":
        assert (order.state in {"paid", "attention"}, _emails("order_canceled")) == (True, []), answers
    if situation in {"disputed", "lost"}:
        assert not given.exclude(state="attention").filter(amount=payment.captured).exists(), answers
    assert Order.objects.filter(reprint_of=order).count() <= 1, "printed again once"
    for email in _emails("order_canceled"):
        sums = {format_money(refund.amount, "USD") for refund in given}
        assert email.context["refund"] in sums or email.context["nothing"] in {
            "refunded before",
            "items refunded before",
            "taken by bank",
        }
    for email in _emails("claim_answered"):
        assert email.context["decision"] != "refund" or email.context["amount"]


def _emails(kind: str) -> list[OutgoingEmail]:
    return list(OutgoingEmail.objects.filter(kind=kind))


def test_refund_it_instead_makes_another_refund_after_the_first_one_failed(till: Till) -> None:
    job = awaits_production(till)
    pk = _asked_by_the_bank(job)
    press = ATTENTION_SOURCES["disputes"].actions["refund"]
    assert press.run(pk, "eva") == "$29.74 is going back."
    first = Refund.objects.get()
    Refund.objects.update(state="attention")
    assert press.run(pk, "eva").startswith("Nothing was changed"), "pressed twice"
    assert ATTENTION_SOURCES["refunds"].actions["let-go"].run(first.pk, "eva")
    assert press.run(pk, "eva") == "$29.74 is going back."
    assert (Refund.objects.count(), Payment.objects.get().refund_reserved) == (2, 2974)


def test_a_refund_that_was_promised_before_a_dispute_was_lost_is_not_asked_for(till: Till) -> None:
    awaits_production(till)
    payment = Payment.objects.get()
    promised = cancellation.request_refund(payment, 2974, reason="duplicate", requested_by="eva")
    _dispute(payment, "lost")
    jobs.work_one(refunds.queue, promised.pk)
    promised.refresh_from_db()
    assert promised.state == "attention"
    assert not till.asked("POST", "/refunds")


def test_accepting_an_order_that_was_delivered_prints_nothing_and_keeps_the_day_it_was_paid(till: Till) -> None:
    job = awaits_production(till)
    paid_at = Order.objects.get(pk=job.order_id).paid_at
    Fulfilment.objects.update(state="delivered", printify_order_id="p1", sent_at=timezone.now())
    _money_differs(job)
    accept = ATTENTION_SOURCES["orders"].actions["accept"]
    assert accept.run(job.order_id, "eva") == "Accepted. It was already printed; nothing is printed again."
    assert Order.objects.get(pk=job.order_id).paid_at == paid_at


# --- Holds ------------------------------------------------------------------------------------------------


def test_releasing_one_hold_leaves_the_others_standing(till: Till) -> None:
    job = awaits_production(till)
    _dispute(Payment.objects.get(), "needs_response")
    lifecycle.hold_for_concerns(job, who="stripe")
    lifecycle.hold(job, HoldReason.REVIEW, who="stripe", reference="pi_1")
    release = ATTENTION_SOURCES["holds"].actions["release"]
    review, dispute = job.holds.get(reason="review"), job.holds.get(reason="dispute")
    for hold in (dispute, review):
        assert release.run(hold.pk, "eva").startswith("Not released. A bank disputes this payment")
    Dispute.objects.update(status="won")
    assert "Still on hold: Payment disputed" in release.run(review.pk, "eva")
    assert not Fulfilment.due().exists()
    assert release.run(dispute.pk, "eva") == "Released. Printing continues."
    assert Fulfilment.due().exists()


def test_an_order_is_not_accepted_over_an_open_dispute(till: Till) -> None:
    job = awaits_production(till)
    order, payment = job.order, Payment.objects.get()
    job.delete()
    _money_differs(job)
    _dispute(payment, "needs_response")
    accept = ATTENTION_SOURCES["orders"].actions["accept"]
    assert accept.run(order.pk, "eva").startswith("Not accepted. A bank disputes this payment")
    order.refresh_from_db()
    assert (order.state, Fulfilment.objects.count()) == ("attention", 0)


def test_an_accepted_order_is_held_for_an_inquiry_that_came_before(till: Till) -> None:
    job = awaits_production(till)
    order, payment = job.order, Payment.objects.get()
    job.delete()
    Order.objects.filter(pk=order.pk).update(state="attention", cart=None)
    OutgoingEmail.objects.all().delete()
    _dispute(payment, "warning_needs_response", refundable=True)
    answer = ATTENTION_SOURCES["orders"].actions["accept"].run(order.pk, "eva")
    assert answer.startswith("Accepted. Printing is on hold: Payment disputed")
    assert [hold.reason for hold in Fulfilment.objects.get().open_holds] == [HoldReason.DISPUTE]
