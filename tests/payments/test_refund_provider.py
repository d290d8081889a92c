"""Money back as `orders` asks for it: never more than was paid or is left, for a reprint what the first order paid."""

import pytest

from orders import claims, lifecycle, refunding
from orders.models import Order
from payments.models import Dispute, Payment, Refund
from tests import factories

pytestmark = pytest.mark.django_db


def _paid(*, quantity: int = 2) -> Order:
    """Two of 24.99 and delivery: 54.73."""
    order = factories.order(factories.variant(), quantity=quantity)
    lifecycle.mark_paid(order, who="test")
    Payment.objects.create(order=order, payment_intent_id="pi_1", captured=order.total, currency="USD")
    return order


def _give(order: Order, amount: int | None = None, lines: dict[int, int] | None = None) -> int:
    return refunding.request_refund(order, amount, who="buyer", note="claim", lines=lines)


def test_without_an_amount_all_that_is_left_goes_back_once() -> None:
    order = _paid()
    assert (_give(order, 473), _give(order)) == (473, 5000)
    with pytest.raises(refunding.TooMuch):
        _give(order)
    assert list(Refund.objects.values_list("amount", flat=True)) == [473, 5000]


def test_never_more_than_is_left() -> None:
    assert _give(_paid(), 10**6) == 5473


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_is_refused(amount: int) -> None:
    with pytest.raises(refunding.TooMuch):
        _give(_paid(), amount)
    assert not Refund.objects.exists()


def test_what_it_was_for_is_remembered() -> None:
    order = _paid()
    line = order.lines.get()
    assert refunding.given(order) == {}
    _give(order, 2499, {line.pk: 1})
    assert refunding.given(order) == {line.pk: 1}
    Refund.objects.update(state="failed")
    assert refunding.given(order) == {}, "what failed was not given"


def test_a_reprint_that_cannot_be_made_gives_back_what_was_paid_for_its_things() -> None:
    order = _paid()
    again = claims.make(order, order.lines.all(), who="staff")
    assert _give(again) == 4998
    assert Refund.objects.get().payment.order == order


def test_an_order_that_was_never_paid_gives_nothing_back() -> None:
    with pytest.raises(refunding.TooMuch):
        _give(factories.order(factories.variant()))


def test_without_a_provider_nothing_pretends_to_be_refunded(monkeypatch: pytest.MonkeyPatch) -> None:
    order = _paid()
    monkeypatch.setattr(refunding, "_providers", [])
    for ask in (refunding.left, refunding.given, refunding.concerns, _give):
        with pytest.raises(RuntimeError, match="No refund provider"):
            ask(order)
    with pytest.raises(RuntimeError, match="No refund provider"):
        refunding.cancel(order, by="buyer", who="buyer", why="canceled by the buyer")


def test_a_disputed_payment_is_refused() -> None:
    order = _paid()
    Dispute.objects.create(
        payment=Payment.objects.get(), stripe_dispute_id="du_1", status="needs_response", amount=order.total
    )
    with pytest.raises(refunding.Disputed):
        _give(order)
    assert not Refund.objects.exists()
