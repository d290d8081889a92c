"""What Printify credits after a claim is booked once, within what it charged, and counts in the margin."""

import pytest
from django.db import IntegrityError, connection, transaction

from orders import claims
from orders.models import Fulfilment, Order
from payments import ledger
from payments.ledger import CreditRefused, book_credit
from payments.models import Payment, PrintifyCredit
from tests import factories
from tests.racing import race


def sold(*, charged: int = 1490) -> Order:
    """Paid with 29.74 less a fee of 1.16; Printify charges as given."""
    order = factories.paid_order(factories.variant())
    Fulfilment.objects.create(
        order=order, external_id=order.number, request={}, release_at=order.placed_at, upstream_cost=charged
    )
    Payment.objects.create(
        order=order, payment_intent_id=f"pi_{order.number}", captured=order.total, currency="USD", fee=116
    )
    return order


def book(order: Order, amount: int, number: int = 1) -> PrintifyCredit:
    return book_credit(order, amount, reference=f"PR-{number}", booked_by="eva", form_token=f"token-{number}")


@pytest.mark.django_db
def test_a_credit_raises_the_margin_of_its_order_to_the_cent() -> None:
    order = sold()
    before = ledger.margin_for_order(order)
    book(order, 475)
    after = ledger.margin_for_order(order)
    assert (before.amount, after.credits, after.amount) == (1368, 475, 1843)
    assert order.events.get(what="Printify credit").why == "$4.75 PR-1"


@pytest.mark.django_db
def test_a_credit_for_a_reprint_counts_in_the_first_orders_margin() -> None:
    order = sold()
    again = claims.make(order, order.lines.all(), who="staff")
    Fulfilment.objects.filter(order=again).update(upstream_cost=1585)
    book(again, 1585)
    assert (ledger.margin_for_order(order).reprints, ledger.margin_for_order(order).credits) == (1585, 1585)
    assert ledger.margin_for_order(order).amount == 1368


@pytest.mark.django_db
def test_the_same_form_books_once() -> None:
    order = sold()
    assert book(order, 475) == book(order, 475)
    assert ledger.credited([order]) == 475


@pytest.mark.django_db
@pytest.mark.parametrize("amount", [0, -1, 1491, 10**12])
def test_a_credit_beyond_what_was_charged_or_booked_is_refused(amount: int) -> None:
    order = sold()
    with pytest.raises(CreditRefused):
        book(order, amount)
    assert not PrintifyCredit.objects.exists()


@pytest.mark.django_db
def test_until_printify_has_said_its_charge_our_costs_are_the_most() -> None:
    order = sold(charged=0)
    with pytest.raises(CreditRefused, match=r"\$15\.75"):
        book(order, 1576)
    assert book(order, 1575).amount == 1575


@pytest.mark.django_db
def test_a_wrong_entry_is_undone_by_a_second_one() -> None:
    order = sold()
    book(order, 475)
    book(order, -475, number=2)
    assert (PrintifyCredit.objects.count(), ledger.credited([order])) == (2, 0)
    with pytest.raises(CreditRefused):
        book(order, -1, number=3)


@pytest.mark.django_db
def test_one_credit_is_not_booked_twice_by_two_people() -> None:
    order = sold()
    book(order, 475)
    with pytest.raises(CreditRefused, match="PR-1"):
        book_credit(order, 475, reference="PR-1", booked_by="ana", form_token="another")
    other = sold()
    book_credit(other, 475, reference="PR-1", booked_by="ana", form_token="third")
    assert ledger.credited([other]) == 475, "one number may stand for two orders"


@pytest.mark.django_db
def test_the_table_itself_refuses_an_empty_or_repeated_entry() -> None:
    order = sold()
    for amount, reference in ((0, "PR-1"), (475, "PR-2"), (1, "PR-2")):
        row = PrintifyCredit(order=order, amount=amount, currency="USD", reference=reference, form_token=f"t{amount}")
        if amount == 475:
            row.save()
            continue
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_of_eight_concurrent_credits_only_one_fits_into_the_charge() -> None:
    order, numbers = sold(), iter(range(8))

    def act() -> bool:
        try:
            book(order, 1000, number=next(numbers))
        except CreditRefused:
            return False
        return True

    assert sorted(race(8, act)) == [False] * 7 + [True]
    assert (connection.vendor, ledger.credited([order])) == ("postgresql", 1000)


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_one_form_submitted_eight_times_at_once_books_once() -> None:
    order = sold()
    assert len({credit.pk for credit in race(8, lambda: book(order, 100))}) == 1
    assert ledger.credited([order]) == 100
