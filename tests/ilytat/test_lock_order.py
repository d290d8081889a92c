"""The watch over the sequence of row locks sees what PostgreSQL locks."""

import pytest

from tests.lock_order import LockWatch

PAYMENT = 'UPDATE "payments_payment" SET "fee" = 1'
FULFILLMENT = (
    'SELECT "orders_fulfilment"."id" FROM "orders_fulfilment" WHERE EXISTS(SELECT 1 FROM "orders_hold") '
    "FOR NO KEY UPDATE"
)
ORDER = 'SELECT "orders_order"."id" FROM "orders_order" WHERE "orders_order"."id" = 1 FOR NO KEY UPDATE'


@pytest.mark.parametrize(
    ("statements", "violations"),
    [
        ([ORDER, FULFILLMENT, PAYMENT], 0),
        ([FULFILLMENT, ORDER], 1),
        ([PAYMENT, FULFILLMENT], 1),
        ([ORDER, PAYMENT, ORDER], 0),
    ],
    ids=["in sequence", "order after fulfillment", "fulfillment after payment", "held already"],
)
def test_a_lock_out_of_sequence_is_reported(statements: list[str], violations: int) -> None:
    watch = LockWatch()
    watch.enter()
    for sql in statements:
        watch(lambda *_: None, sql, None, False, None)
    watch.leave()
    assert len(watch.violations) == violations
