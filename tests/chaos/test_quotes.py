"""Shipping quotes while Printify is away."""

import pytest

from tests.chaos.outcome import agreed_quote, column, ends_well, order_state, upstream
from tests.shopper import Shopper
from tests.stack import Stack


@pytest.mark.sample("always")
def test_a_guest_pays_while_printify_is_down_and_one_draft_exists_after_recovery(shop: Stack) -> None:
    fault = shop.sandbox.arm("printify.*", "503", times=None)
    number = Shopper(shop).buy()
    shop.wait_for(lambda: order_state(shop, number) == "paid", what="the payment to be booked")
    agreed = agreed_quote(shop, number)
    assert agreed["estimated"]
    assert agreed["amount"] == agreed["base"] + agreed["surcharge"]
    attempts = "SELECT external_id, attempts FROM orders_fulfilment"
    shop.wait_for(lambda: column(shop, attempts, number)[0] > 0, what="an attempt at printing to fail")
    assert upstream(shop, number) == []
    assert shop.sandbox.fired(fault) > 1
    shop.sandbox.clear()
    ends_well(shop, number)
