"""How every story of trouble must end, seen from outside: at the sandbox and in the shop's own rows."""

from collections import Counter
from typing import Any

from tests.stack import Stack

PATIENCE = 60.0


def ends_well(stack: Stack, *numbers: str, seconds: float = PATIENCE) -> None:
    """Each order is printed exactly once, shipped and delivered; one mail of each kind; nothing else was made."""
    stack.wait_for(lambda: all(_producing(stack, number) for number in numbers), seconds, "production")
    for number in numbers:
        stack.sandbox.post(f"/control/printify/orders/{number}/ship")
        stack.sandbox.post(f"/control/printify/orders/{number}/deliver")
    stack.wait_for(lambda: all(len(mails(stack, number)) >= 3 for number in numbers), seconds, "three mails an order")
    _nothing_twice(stack, numbers)


def upstream(stack: Stack, number: str) -> list[dict[str, Any]]:
    return [row for row in stack.sandbox.state()["orders"] if row["shop_order_id"] == number]


def _producing(stack: Stack, number: str) -> bool:
    return any(row["productions"] for row in upstream(stack, number))


def mails(stack: Stack, number: str) -> list[str]:
    """The subjects of the buyer's mails about an order, as the provider accepted them."""
    return [row["subject"] for row in stack.sandbox.state()["mails"] if number in row["subject"]]


def _nothing_twice(stack: Stack, numbers: tuple[str, ...]) -> None:
    state = stack.sandbox.state()
    drafts = Counter(row["shop_order_id"] for row in state["orders"])
    assert drafts == Counter(numbers), "one order at Printify for each of ours"
    assert {row["shop_order_id"]: row["productions"] for row in state["orders"]} == dict.fromkeys(numbers, 1)
    assert all(Counter(mails(stack, number)).most_common(1)[0][1] == 1 for number in numbers), "no mail twice"
    assert all(len(mails(stack, number)) == 3 for number in numbers)
    states = stack.sql("SELECT state FROM orders_fulfilment")
    assert [row[0] for row in states] == ["delivered"] * len(numbers)
    assert stack.sql("SELECT COUNT(*) FROM payments_payment")[0][0] == len(numbers)
