"""Two payments of one order that arrive at the same moment are settled one after the other (I2, C3, F9)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from ilytat.integrations.errors import Result
from orders.models import Fulfilment, Order
from payments import gateway, settlement
from payments.models import Payment, Refund
from payments.stripe_objects import CheckoutSessionData
from tests.payments.conftest import Till, opened, paid_session, waiting

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.django_db(transaction=True)]
PATIENCE = 60.0  # seconds; only a test that fails takes them
OTHER_AMOUNT = 9999


class Rivals:
    """Two workers in `settle`. Each stops once it saw that the order has no payment yet: the first until the second
    saw the same or waits for the order's row, the second until the first has committed.
    """

    def __init__(self) -> None:
        self.first_has_looked, self.first_may_go, self.first_is_done = (threading.Event() for _ in range(3))
        self.second_has_looked, self.second_is_done = threading.Event(), threading.Event()
        self.second_pid = 0

    def look(self, total: int) -> None:
        """Called where `settle` compares the amounts, which it does right after it looked for earlier payments."""
        if total == OTHER_AMOUNT:
            self.second_has_looked.set()
            assert self.first_is_done.wait(PATIENCE)
        else:
            self.first_has_looked.set()
            assert self.first_may_go.wait(PATIENCE)

    def settle_first(self, facts: CheckoutSessionData) -> Result:
        try:
            with transaction.atomic():
                return settlement.settle(facts, who="first")
        finally:
            self.first_is_done.set()
            connection.close()

    def settle_second(self, facts: CheckoutSessionData) -> Result:
        try:
            connection.ensure_connection()
            self.second_pid = connection.connection.info.backend_pid
            with transaction.atomic():
                return settlement.settle(facts, who="second")
        finally:
            self.second_is_done.set()
            connection.close()

    def wait_for_the_second(self) -> None:
        """Return when it has looked, has ended, or waits for a lock."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and not (self.second_has_looked.is_set() or self.second_is_done.is_set()):
            with connection.cursor() as cursor:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [self.second_pid])
                if cursor.fetchone()[0]:
                    return


def test_a_payment_that_arrives_while_another_is_settled_is_kept_in_the_ledger_and_refunded(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = waiting()
    opened(order)
    opened(order, number=2, state="expired")
    agreed = gateway.session(till.session(paid_session(order))["id"])
    other = gateway.session(till.session(paid_session(order, number=2, amount_total=OTHER_AMOUNT))["id"])
    rivals, compare = Rivals(), settlement.find_mismatch

    def stop_and_compare(of: Order, facts: CheckoutSessionData) -> str:
        rivals.look(facts.total)
        return compare(of, facts)

    monkeypatch.setattr(settlement, "find_mismatch", stop_and_compare)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(rivals.settle_first, agreed)
        assert rivals.first_has_looked.wait(PATIENCE)
        second = pool.submit(rivals.settle_second, other)
        rivals.wait_for_the_second()
        rivals.first_may_go.set()
        assert [result.outcome for result in (first.result(), second.result())] == ["handled", "handled"]

    order.refresh_from_db()
    assert (order.state, Fulfilment.objects.count()) == ("paid", 1)
    assert sorted(Payment.objects.values_list("captured", "applied")) == [(order.total, True), (OTHER_AMOUNT, False)]
    assert Refund.objects.get().amount == OTHER_AMOUNT
