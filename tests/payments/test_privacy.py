"""Erasing while money may still move: pages are closed first, and whichever comes first is what both keep to."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection, transaction

from ilytat.accounts import privacy as wishes
from ilytat.accounts.models import Erasure
from notifications.models import OutgoingEmail
from orders.models import Fulfilment, Order
from payments import gateway, settlement
from payments.models import CheckoutSession, Refund
from tests.addresses import BUYER
from tests.payments.conftest import SESSION, Till, expired_session, opened, paid_session, refused, waiting

pytestmark = pytest.mark.django_db
EMAIL = BUYER["email"]


def test_an_open_payment_page_is_closed_and_the_order_erased_at_once(till: Till) -> None:
    order = waiting()
    opened(order)
    till.expires(json=expired_session(order), session_id=f"{SESSION[:-1]}1")
    assert wishes.ask(EMAIL).state == "done"
    order.refresh_from_db()
    assert (order.state, order.name, order.erased_at is not None) == ("expired", "", True)
    assert CheckoutSession.objects.get().url == ""


def test_a_page_that_was_paid_in_time_makes_the_erasure_wait_for_the_parcel(till: Till) -> None:
    order = waiting()
    opened(order)
    till.expires(session_id=f"{SESSION[:-1]}1", **refused())
    till.session(paid_session(order))
    wish = wishes.ask(EMAIL)
    order.refresh_from_db()
    assert (wish.state, order.state, order.name) == ("new", "paid", BUYER["name"])
    assert order.number in wish.reason


def test_while_stripe_is_away_the_erasure_is_tried_again_and_nothing_is_gone(till: Till) -> None:
    order = waiting()
    opened(order)
    till.expires(session_id=f"{SESSION[:-1]}1", status=500, json={})
    wish = wishes.ask(EMAIL)
    assert (wish.state, wish.reason) == ("new", "")
    assert "Stripe" in wish.last_error
    order.refresh_from_db()
    assert (order.state, order.name) == ("awaiting_payment", BUYER["name"])


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("paid_first", [True, False])
def test_an_erasure_and_a_payment_at_once_never_print_without_an_address(till: Till, *, paid_first: bool) -> None:
    """Two connections: the second one waits for the first one's lock, then sees what it did."""
    order = waiting(state="expired")
    opened(order, state="expired")
    till.session(paid_session(order, number=2))
    facts = gateway.session(f"{SESSION[:-1]}2")
    holding, waits = Event(), Event()

    def first() -> None:
        try:
            with transaction.atomic():
                _settle(facts) if paid_first else _erase()
                holding.set()
                waits.wait(timeout=60)
        finally:
            connection.close()

    def second() -> None:
        try:
            _erase() if paid_first else _settle(facts)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        holder = pool.submit(first)
        assert holding.wait(timeout=60)
        rival = pool.submit(second)
        while not rival.done() and not _somebody_waits_for_a_lock():
            pass
        waits.set()
        holder.result(timeout=60)
        rival.result(timeout=60)

    order.refresh_from_db()
    if paid_first:
        assert (order.state, order.name, Refund.objects.count()) == ("paid", BUYER["name"], 0)
        assert Fulfilment.objects.get().request["address_to"]["address1"] == BUYER["address1"]
        assert Erasure.objects.get().state == "new"
    else:
        assert (order.state, order.name, Refund.objects.count()) == ("expired", "", 1)
        assert (Fulfilment.objects.count(), OutgoingEmail.objects.count()) == (0, 0)


def _settle(facts: object) -> None:
    with transaction.atomic():
        settlement.settle(facts, who="test")  # type: ignore[arg-type]  # as the gateway gave it


def _erase() -> None:
    wishes.ask(EMAIL)


def _somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_late_news_of_an_erased_order_brings_no_name_back(till: Till) -> None:
    order = waiting(state="expired")
    opened(order, state="expired")
    wishes.ask(EMAIL)
    till.session(expired_session(order))
    with transaction.atomic():
        settlement.settle(gateway.session(f"{SESSION[:-1]}1"), who="stripe")
    assert Order.objects.get().name == ""
    assert not OutgoingEmail.objects.exclude(state="erased").exists()
