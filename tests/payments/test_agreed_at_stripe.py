"""What the buyer agreed to on Stripe's page is taken over, for that order alone and only while it may be (A16, D12)."""

import pytest
from pytest_django.fixtures import Settings

from orders.models import Fulfilment, Order
from payments import gateway, settlement
from payments.models import Payment
from tests.payments.conftest import Said, Till, opened, paid_session, waiting
from tests.results import result_of

pytestmark = pytest.mark.django_db


def _settle(till: Till, said: Said) -> tuple[str, str]:
    till.session(said)
    return result_of(settlement.settle(gateway.session(said["id"]), who="test"))


def _with_discount(order: Order, amount: int) -> Said:
    sums = {"amount_discount": amount, "amount_shipping": order.shipping, "amount_tax": 0}
    total = order.subtotal + order.shipping - amount
    return paid_session(order, amount_total=total, total_details=sums)


@pytest.mark.parametrize(
    ("theirs", "ours", "taken_off", "paid"),
    [
        (True, 0, 500, True),
        (True, 0, 0, True),
        (False, 0, 500, False),
        (True, 500, 500, True),
        (True, 500, 600, False),
        (True, 500, 0, False),
    ],
)
def test_stripes_codes_count_where_the_owner_wishes_and_we_gave_none(
    till: Till, settings: Settings, *, theirs: bool, ours: int, taken_off: int, paid: bool
) -> None:
    settings.STRIPE_PROMOTION_CODES = theirs
    order = waiting(discount=ours, total=2974 - ours)
    opened(order)
    outcome, _detail = _settle(till, _with_discount(order, taken_off))
    assert outcome == ("handled" if paid else "attention")
    order.refresh_from_db()
    kept = taken_off if paid else ours
    assert (order.discount, order.total) == (kept, 2974 - kept)


def test_what_one_order_agreed_to_is_not_taken_over_for_another(till: Till, settings: Settings) -> None:
    settings.STRIPE_PROMOTION_CODES = True
    order, other = waiting(), waiting()
    opened(order)
    _settle(till, _with_discount(order, 500))
    other.refresh_from_db()
    assert (other.discount, other.total) == (0, 2974)


@pytest.mark.parametrize("state", ["canceled", "refunded"])
def test_an_order_past_paying_keeps_the_sums_that_were_agreed(till: Till, settings: Settings, state: str) -> None:
    settings.STRIPE_PROMOTION_CODES = True
    order = waiting(state=state)
    opened(order)
    assert _settle(till, _with_discount(order, 500)) == ("handled", "A surplus payment goes back to the buyer.")
    order.refresh_from_db()
    assert (order.state, order.discount, order.total) == (state, 0, 2974)


@pytest.mark.parametrize(("refunded", "why"), [(0, ""), (1, "$0.01 already refunded at Stripe")])
def test_only_what_was_given_back_already_holds_the_printing(till: Till, refunded: int, why: str) -> None:
    order = waiting()
    opened(order)
    _settle(till, paid_session(order, refunded=refunded))
    job = Fulfilment.objects.get()
    assert [hold.detail for hold in job.open_holds] == [why] * bool(why)


@pytest.mark.parametrize("live", [True, False])
def test_a_payment_keeps_its_mode(till: Till, settings: Settings, *, live: bool) -> None:
    settings.STRIPE_LIVE = live
    order = waiting(live=live)
    opened(order)
    _settle(till, paid_session(order, livemode=live))
    assert Payment.objects.get().live is live


def test_a_payment_that_did_not_pay_the_order_does_not_stop_the_one_that_does(till: Till) -> None:
    order = waiting()
    Payment.objects.create(order=order, payment_intent_id="pi_surplus", captured=1, currency="USD", applied=False)
    opened(order)
    assert _settle(till, paid_session(order))[0] == "handled"
