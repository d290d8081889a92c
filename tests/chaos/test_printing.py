"""Trouble between us and Printify, over real processes: each story ends with one printed order and one mail of each."""

import pytest

from tests.chaos.outcome import ends_well, upstream
from tests.shopper import Shopper
from tests.stack import Stack

CREATE = "printify.orders.create"
PRODUCE = "printify.orders.send_to_production"


def test_worker_killed_right_after_printify_accepted_the_order(stack: Stack) -> None:
    fault = stack.sandbox.arm(CREATE, "accept_then_hang", params={"seconds": 4})
    number = Shopper(stack).buy()
    stack.wait_for(lambda: upstream(stack, number), what="the draft")
    stack.kill_worker()
    stack.start_worker()
    ends_well(stack, number)
    assert stack.sandbox.fired(fault) == 1


def test_worker_killed_right_after_production_was_accepted(stack: Stack) -> None:
    fault = stack.sandbox.arm(PRODUCE, "accept_then_hang", params={"seconds": 4})
    number = Shopper(stack).buy()
    stack.wait_for(lambda: any(row["productions"] for row in upstream(stack, number)), what="production")
    stack.kill_worker()
    stack.start_worker()
    ends_well(stack, number)
    assert stack.sandbox.fired(fault) == 1


@pytest.mark.parametrize(
    ("step", "kind"),
    [(CREATE, "accept_then_cut"), (CREATE, "accept_then_500"), (CREATE, "broken_json"), (PRODUCE, "accept_then_cut")],
)
def test_accepted_but_the_answer_was_lost(stack: Stack, step: str, kind: str) -> None:
    fault = stack.sandbox.arm(step, kind)
    ends_well(stack, Shopper(stack).buy())
    assert stack.sandbox.fired(fault) == 1


@pytest.mark.parametrize("kind", ["500", "429"])
def test_not_accepted_at_first(stack: Stack, kind: str) -> None:
    fault = stack.sandbox.arm(CREATE, kind, times=2, params={"seconds": 4, "retry_after": 1})
    ends_well(stack, Shopper(stack).buy())
    assert stack.sandbox.fired(fault) == 2
