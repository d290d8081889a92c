"""What a session's true state means for its order, in any sequence and however often (I1 to I3, A5, C1 to C9)."""

import itertools
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import inbox
from ilytat.integrations.models import Alert
from ilytat.pages.money import format_money
from notifications.models import OutgoingEmail
from orders.models import Fulfilment, Order
from payments import gateway, settlement
from payments.models import CheckoutSession, Payment, Refund
from tests import factories
from tests.payments.conftest import (
    INTENT,
    SESSION,
    Said,
    Till,
    expired_session,
    opened,
    paid_session,
    session_of,
    waiting,
)
from tests.racing import race
from tests.results import result_of

pytestmark = pytest.mark.django_db


def _settle(till: Till, session: Said, who: str = "stripe") -> tuple[str, str]:
    """As the webhook, the success page and the reconciler do it: read, then settle in one transaction."""
    till.session(session)
    facts = gateway.session(session["id"])
    with transaction.atomic():
        return result_of(settlement.settle(facts, who=who))


def _state(order: Order) -> str:
    order.refresh_from_db()
    return order.state


def _printings() -> int:
    return Fulfilment.objects.count()


def test_paid_in_full_is_paid_printed_and_confirmed_once(till: Till) -> None:
    order = waiting()
    row = opened(order)
    outcomes = [_settle(till, paid_session(order))[0] for _ in range(3)]
    assert outcomes == ["handled", "duplicate", "duplicate"]
    assert _state(order) == "paid"
    payment = Payment.objects.get()
    assert (payment.payment_intent_id, payment.captured, payment.currency) == (INTENT, 2974, "USD")
    assert (payment.applied, payment.live, payment.fee, payment.refund_reserved) == (True, False, 116, 0)
    assert (_printings(), OutgoingEmail.objects.count(), Refund.objects.count()) == (1, 1, 0)
    row.refresh_from_db()
    assert row.state == "complete"


def test_complete_but_unpaid_waits_for_the_money(till: Till) -> None:
    """A bank debit: the shopper is done, the money is not here (C6)."""
    order = waiting()
    opened(order)
    result = _settle(till, paid_session(order, payment_status="unpaid"))
    assert result == ("handled", "The payment has not arrived yet.")
    assert (_state(order), _printings()) == ("awaiting_payment", 0)
    assert _settle(till, paid_session(order))[0] == "handled"
    assert (_state(order), _printings()) == ("paid", 1)


def test_expired_unpaid_lets_the_order_go(till: Till) -> None:
    order = waiting()
    opened(order)
    assert _settle(till, expired_session(order))[0] == "handled"
    assert _settle(till, expired_session(order)) == ("late", "The order had moved on.")
    assert (_state(order), _printings()) == ("expired", 0)


def test_expired_after_paid_changes_nothing(till: Till) -> None:
    order = waiting()
    opened(order)
    _settle(till, paid_session(order))
    assert _settle(till, expired_session(order))[0] == "late"
    assert (_state(order), _printings()) == ("paid", 1)


def test_paid_after_expired_is_made_all_the_same(till: Till) -> None:
    order = waiting()
    opened(order)
    _settle(till, expired_session(order))
    assert _settle(till, paid_session(order))[0] == "handled"
    assert (_state(order), _printings(), Payment.objects.get().applied) == ("paid", 1, True)


def test_an_old_session_that_expires_leaves_the_newer_one_open(till: Till) -> None:
    order = waiting()
    opened(order, state="expired")
    opened(order, number=2)
    assert _settle(till, expired_session(order)) == ("handled", "A newer session is open.")
    assert _state(order) == "awaiting_payment"


def test_staff_read_a_difference_as_money(till: Till) -> None:
    order = waiting()
    opened(order)
    _settle(till, paid_session(order, amount_total=2973))
    assert Alert.objects.get(key=f"order:{order.number}").message == (
        f"Order {order.number}: Stripe charged items $24.99, shipping $4.75, discount $0.00, tax $0.00, total $29.73."
        " Agreed were items $24.99, shipping $4.75, discount $0.00, tax $0.00, total $29.74."
    )


def test_staff_read_what_was_refunded_before_as_money(till: Till) -> None:
    order = waiting()
    opened(order)
    _settle(till, paid_session(order, refunded=500))
    assert "$5.00 already refunded at Stripe" in Fulfilment.objects.get(order=order).held_because


DIFFERENCES: dict[str, dict[str, Any]] = {
    "less": {"amount_total": 2973},
    "more": {"amount_total": 2975},
    "another currency": {"currency": "cad"},
    "cheaper goods": {"amount_subtotal": 1},
    "other shipping": {"total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}},
    "a discount nobody gave": {"total_details": {"amount_discount": 5, "amount_shipping": 475, "amount_tax": 0}},
    "a tax nobody asked for": {"total_details": {"amount_discount": 0, "amount_shipping": 475, "amount_tax": 9}},
    "nothing to pay": {"amount_total": 0, "payment_status": "no_payment_required"},
}


@pytest.mark.parametrize("difference", DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_money_that_is_not_exactly_the_deal_prints_nothing(till: Till, difference: dict[str, Any]) -> None:
    order = waiting()
    opened(order)
    session = paid_session(order, **difference)
    assert _settle(till, session)[0] == "attention"
    _settle(till, session)
    assert (_state(order), _printings(), OutgoingEmail.objects.filter(kind="order_confirmed").count()) == (
        "attention",
        0,
        0,
    )
    [payment] = Payment.objects.all()
    assert (payment.captured, payment.applied) == (session["amount_total"], True), "it is kept: it must go back"
    assert Alert.objects.get(key=f"order:{order.number}").count == 1


def test_stripes_tax_belongs_to_the_deal_when_stripe_computes_it(till: Till, settings: Settings) -> None:
    settings.STRIPE_AUTOMATIC_TAX = True
    order = waiting()
    opened(order)
    details = {"amount_discount": 0, "amount_shipping": 475, "amount_tax": 200}
    assert _settle(till, paid_session(order, total_details=details, amount_total=3174))[0] == "handled"
    assert Payment.objects.get().captured == 3174


def test_a_second_payment_goes_back_by_itself(till: Till) -> None:
    order = waiting()
    opened(order)
    opened(order, number=2, state="expired")
    _settle(till, paid_session(order))
    assert _settle(till, paid_session(order, number=2)) == ("handled", "A surplus payment goes back to the buyer.")
    assert _settle(till, paid_session(order, number=2))[0] == "duplicate"
    kept, surplus = Payment.objects.order_by("pk")
    assert (kept.applied, kept.refund_reserved) == (True, 0)
    assert (surplus.applied, surplus.refund_reserved) == (False, 2974)
    refund = Refund.objects.get()
    assert (refund.payment, refund.amount, refund.reason, refund.state) == (surplus, 2974, "duplicate", "new")
    assert (_state(order), _printings()) == ("paid", 1)


def test_a_second_payment_of_another_amount_goes_back_and_stops_nothing(till: Till) -> None:
    order = waiting()
    opened(order)
    opened(order, number=2, state="expired")
    _settle(till, paid_session(order))
    assert _settle(till, paid_session(order, number=2, amount_total=9999)) == (
        "handled",
        "A surplus payment goes back to the buyer.",
    )
    assert (_state(order), Refund.objects.get().amount) == ("paid", 9999)


def test_money_for_an_order_that_waits_for_a_person_decides_nothing(till: Till) -> None:
    order = waiting()
    opened(order)
    opened(order, number=2, state="expired")
    _settle(till, paid_session(order, amount_total=1))
    assert _settle(till, paid_session(order, number=2)) == ("handled", "A surplus payment goes back to the buyer.")
    assert (_state(order), _printings()) == ("attention", 0)
    assert [p.applied for p in Payment.objects.order_by("pk")] == [True, False]


def test_money_for_a_canceled_order_goes_back(till: Till) -> None:
    order = waiting(state="canceled")
    opened(order)
    assert _settle(till, paid_session(order)) == ("handled", "A surplus payment goes back to the buyer.")
    assert (_state(order), _printings(), Refund.objects.get().amount) == ("canceled", 0, 2974)


@pytest.mark.parametrize("amount", [2974, 1])
def test_money_for_an_erased_order_goes_back_and_nothing_is_printed(till: Till, amount: int) -> None:
    """Stripe's recovery link works for a month: longer than the order, whose address is gone, was kept."""
    order = waiting(state="expired", erased_at=timezone.now(), email="x@erased.invalid", name="", address1="")
    opened(order, state="expired")
    assert _settle(till, paid_session(order, number=2, amount_total=amount))[0] == "handled"
    assert _settle(till, paid_session(order, number=2, amount_total=amount))[0] == "duplicate"
    assert (_state(order), _printings(), OutgoingEmail.objects.count()) == ("expired", 0, 0)
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason, refund.state) == (amount, "requested_by_customer", "new")
    alert = Alert.objects.get(closed_at=None)
    assert (alert.key, "erased" in alert.message) == (f"surplus:{refund.payment.payment_intent_id}", True)


@pytest.mark.parametrize("refunded", [1, 2974])
def test_what_was_refunded_before_we_heard_is_not_printed(till: Till, refunded: int) -> None:
    """A refund in the dashboard may be faster than the webhook of the payment (C3)."""
    order = waiting()
    opened(order)
    assert _settle(till, paid_session(order, refunded=refunded))[0] == "handled"
    job = Fulfilment.objects.get()
    assert [hold.detail for hold in job.open_holds] == [f"{format_money(refunded, 'USD')} already refunded at Stripe"]
    assert not Fulfilment.due().exists()


@pytest.mark.parametrize(("live", "shop"), [(True, False), (False, True)])
def test_the_other_mode_is_another_world(till: Till, settings: Settings, *, live: bool, shop: bool) -> None:
    settings.STRIPE_LIVE = shop
    order = waiting(live=shop)
    opened(order)
    assert _settle(till, paid_session(order, livemode=live)) == (
        "ignored",
        "The session is of the other mode (live or test).",
    )
    assert (_state(order), Payment.objects.count()) == ("awaiting_payment", 0)


def test_an_order_of_test_days_is_not_paid_by_a_live_session(till: Till, settings: Settings) -> None:
    settings.STRIPE_LIVE = True
    order = waiting(live=False)
    opened(order)
    assert _settle(till, paid_session(order, livemode=True)) == (
        "ignored",
        "The session is of the other mode (live or test).",
    )


def test_a_session_of_no_order_is_not_known_yet(till: Till) -> None:
    with pytest.raises(inbox.NotYetKnown):
        _settle(till, session_of(waiting(), client_reference_id="NOSUCH"))


def test_a_session_whose_id_never_reached_us_is_found_by_its_order(till: Till) -> None:
    """Stripe made it, its answer was lost, the shopper paid (B2)."""
    order = waiting()
    row = opened(order, stripe_session_id=None, url="", state="creating")
    assert _settle(till, paid_session(order))[0] == "handled"
    row.refresh_from_db()
    assert (row.stripe_session_id, row.state) == (SESSION, "complete")


def test_an_older_sessions_news_is_not_taken_for_the_one_that_is_being_made(till: Till) -> None:
    """Attempt 1 was paid at the last moment while attempt 2 waits for Stripe's answer: two ids, two rows."""
    order = waiting()
    old = opened(order, state="expired")
    new = opened(order, number=2, stripe_session_id=None, url="", state="creating")
    assert _settle(till, paid_session(order))[0] == "handled"
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.stripe_session_id, new.state) == ("complete", None, "creating")


def test_a_lost_older_session_finds_its_own_row(till: Till) -> None:
    order = waiting()
    old = opened(order, stripe_session_id=None, url="", state="expired")
    new = opened(order, number=2, stripe_session_id=None, url="", state="creating")
    assert _settle(till, paid_session(order))[0] == "handled"
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.stripe_session_id, old.state, new.stripe_session_id) == (SESSION, "complete", None)


NEWS = ["paid", "expired", "unpaid", "second"]


@pytest.mark.parametrize("news", [p for n in (2, 3, 4) for p in itertools.permutations(NEWS, n)], ids=".".join)
def test_whatever_the_sequence_one_payment_is_kept_and_one_printing_queued(till: Till, news: tuple[str, ...]) -> None:
    order = waiting()
    opened(order)
    opened(order, number=2, state="expired")
    said = {
        "paid": paid_session(order),
        "expired": expired_session(order),
        "unpaid": paid_session(order, payment_status="unpaid"),
        "second": paid_session(order, number=2),
    }
    for name in (*news, *news):
        _settle(till, said[name])
    money = {"paid", "second"} & set(news)
    confirmed = OutgoingEmail.objects.filter(kind="order_confirmed")
    assert _printings() == confirmed.count() == int(bool(money))
    assert Payment.objects.filter(applied=True).count() == int(bool(money))
    assert Refund.objects.count() == max(len(money) - 1, 0)
    assert (_state(order) == "paid") is bool(money)


@pytest.mark.django_db(transaction=True)
def test_success_page_and_webhook_at_once_print_once(till: Till) -> None:
    order = waiting()
    opened(order)
    till.session(paid_session(order))
    facts = gateway.session(SESSION)

    def settle() -> str:
        with transaction.atomic():
            return settlement.settle(facts, who="racer").outcome

    assert sorted(race(4, settle)) == 3 * ["duplicate"] + ["handled"]
    assert (_state(order), _printings(), OutgoingEmail.objects.count()) == ("paid", 1, 1)
    assert Payment.objects.get().refund_reserved == 0


@pytest.mark.django_db(transaction=True)
def test_two_payments_at_once_keep_one_and_give_one_back(till: Till) -> None:
    order = waiting()
    opened(order)
    opened(order, number=2, state="expired")
    both = []
    for number, changes in ((1, {}), (2, {"amount_total": 9999})):
        said = till.session(paid_session(order, number=number, **changes))
        both.append(gateway.session(said["id"]))
    turns = iter(both)

    def settle() -> str:
        with transaction.atomic():
            return settlement.settle(next(turns), who="racer").outcome

    race(2, settle)
    assert Payment.objects.count() == 2, "both are in the ledger"
    assert Payment.objects.filter(applied=True).count() == 1
    assert CheckoutSession.objects.filter(state="complete").count() == 2
    if _state(order) == "paid":
        assert (_printings(), Refund.objects.get().amount) == (1, 9999)
    else:
        assert (_printings(), Refund.objects.get().amount) == (0, 2974)


def test_an_order_without_a_cart_is_settled_like_any_other(till: Till) -> None:
    order = waiting(cart=None)
    opened(order)
    assert _settle(till, paid_session(order))[0] == "handled"


def test_the_cart_loses_what_was_paid_for(till: Till) -> None:
    variant = factories.variant()
    order = factories.order(variant, cart=factories.cart(variant, quantity=3))
    opened(order)
    _settle(till, paid_session(order))
    assert order.cart
    assert order.cart.lines.get().quantity == 2
