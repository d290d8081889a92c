"""Trouble between us and Printify, over real processes: each story ends with one printed order and one mail of each."""

import pytest

from tests.chaos.outcome import ends_well
from tests.shopper import Shopper
from tests.stack import Stack

CREATE = "printify.orders.create"
PRODUCE = "printify.orders.send_to_production"


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        pytest.param(CREATE, "accept_then_cut", marks=pytest.mark.sample("servers")),
        (CREATE, "accept_then_500"),
        (CREATE, "broken_json"),
        (PRODUCE, "accept_then_cut"),
    ],
)
def test_accepted_but_the_answer_was_lost(shop: Stack, step: str, kind: str) -> None:
    fault = shop.sandbox.arm(step, kind)
    ends_well(shop, Shopper(shop).buy())
    assert shop.sandbox.fired(fault) == 1


@pytest.mark.parametrize("kind", [pytest.param("500", marks=pytest.mark.sample("servers")), "429"])
def test_not_accepted_at_first(shop: Stack, kind: str) -> None:
    fault = shop.sandbox.arm(CREATE, kind, times=2, params={"seconds": 4, "retry_after": 1})
    ends_well(shop, Shopper(shop).buy())
    assert shop.sandbox.fired(fault) == 2
