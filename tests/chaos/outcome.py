"""How every story of trouble must end, seen from outside: at the sandbox and in the shop's own rows."""

import json
from collections import Counter
from typing import Any

from notifications.outbox import message_id
from tests.stack import Stack

PATIENCE = 60.0
MAILS = 3  # confirmed, shipped, delivered
REQUEST_REFUND = (
    "from payments.models import Payment; from payments.cancellation import request_refund;"
    "payment = Payment.objects.get(order__number={number!r});"
    "request_refund(payment, {amount}, reason='requested_by_customer', requested_by='staff')"
)
REFUNDS = """
    SELECT o.number, r.state FROM payments_refund r
    JOIN payments_payment p ON p.id = r.payment_id JOIN orders_order o ON o.id = p.order_id
"""


def ends_well(stack: Stack, *numbers: str, seconds: float = PATIENCE) -> None:
    """Each order is printed exactly once, shipped and delivered; one mail of each kind; nothing else was made.

    Only a mail that a death caught in its hand-over (`Stack.cut_off`) may have left twice, and under the same id.
    """
    printed_once(stack, *numbers, seconds=seconds)
    for number in numbers:
        stack.sandbox.post(f"/control/printify/orders/{number}/ship")
        stack.sandbox.post(f"/control/printify/orders/{number}/deliver")
    stack.wait_for(lambda: all(_told(stack, number) for number in numbers), seconds, "delivered, and told so")
    for number in numbers:
        _once(stack, number)
        _mails(stack, number)
    nothing_unasked(stack)


def printed_once(stack: Stack, *numbers: str, seconds: float = PATIENCE) -> None:
    stack.wait_for(lambda: all(_producing(stack, number) for number in numbers), seconds, "production")
    for number in numbers:
        (draft,) = upstream(stack, number)
        assert draft["productions"] == 1, f"{number} was printed {draft['productions']} times"


def upstream(stack: Stack, number: str) -> list[dict[str, Any]]:
    return [row for row in stack.sandbox.state()["orders"] if row["shop_order_id"] == number]


def mails(stack: Stack, number: str) -> list[str]:
    """The subjects of the buyer's mails about an order, as the provider accepted them."""
    return [mail["subject"] for mail in _accepted(stack, number)]


def _accepted(stack: Stack, number: str) -> list[dict[str, Any]]:
    return [mail for mail in stack.sandbox.mails() if number in mail["subject"]]


def column(stack: Stack, query: str, number: str) -> list[Any]:
    """What `query` gives in its second column for the order in its first."""
    return [value for key, value in stack.sql(query) if key == number]


def printing(stack: Stack, number: str) -> list[Any]:
    return column(stack, "SELECT external_id, state FROM orders_fulfilment", number)


def order_state(stack: Stack, number: str) -> str:
    (state,) = column(stack, "SELECT number, state FROM orders_order", number)
    return str(state)


def request_refund(stack: Stack, number: str, amount: int) -> None:
    """Queue a refund of `amount` cents, as staff do."""
    stack.manage("shell", "-v0", "-c", REQUEST_REFUND.format(number=number, amount=amount))


def refund_states(stack: Stack, number: str) -> list[Any]:
    return column(stack, REFUNDS, number)


def nothing_unasked(stack: Stack) -> None:
    """Nothing exists at Printify but the paid orders, and nobody waits for a person."""
    paid = {number for (number,) in stack.sql("SELECT number FROM orders_order WHERE state = 'paid'")}
    drafts = Counter(row["shop_order_id"] for row in stack.sandbox.state()["orders"])
    assert drafts == Counter(paid), "one order at Printify for each of ours"
    for table in ("orders_fulfilment", "payments_refund", "notifications_outgoingemail", "integrations_inboundevent"):
        rows = stack.sql(f"SELECT id, last_error FROM {table} WHERE state = 'attention'")  # noqa: S608 (our own names)
        assert not rows, f"{table}: {rows}"


def _producing(stack: Stack, number: str) -> bool:
    return any(row["productions"] for row in upstream(stack, number))


def _told(stack: Stack, number: str) -> bool:
    return printing(stack, number) == ["delivered"] and set(_outbox(stack, number)) == {"sent"}


def _outbox(stack: Stack, number: str) -> list[Any]:
    return column(stack, "SELECT reference, state FROM notifications_outgoingemail", number)


def _once(stack: Stack, number: str) -> None:
    (draft,) = upstream(stack, number)
    assert draft["productions"] == 1, "printed exactly once"
    payments = "SELECT o.number, p.captured FROM payments_payment p JOIN orders_order o ON o.id = p.order_id"
    assert len(column(stack, payments, number)) == 1, "one payment is kept"


def _mails(stack: Stack, number: str) -> None:
    found = Counter(mail["headers"]["Message-ID"] for mail in _accepted(stack, number))
    assert len(found) == len(_outbox(stack, number)) >= MAILS, "every mail left, and no other"
    cut_off = {_identity(message_id(key)) for key in stack.cut_off}
    again = [one for one, times in found.items() if times > 1 and _identity(one) not in cut_off]
    assert not again, f"no mail twice: {again}"


def _identity(written: str) -> str:
    """Without the domain, which is the stack's own setting."""
    return written.partition("@")[0]


def agreed_quote(shop: Stack, number: str) -> dict[str, Any]:
    (agreed,) = column(shop, "SELECT number, quote FROM orders_order", number)
    stored: dict[str, Any] = json.loads(agreed) if isinstance(agreed, str) else agreed  # SQLite stores text
    return stored
