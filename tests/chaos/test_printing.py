"""Trouble between us and Printify, over real processes: each story ends with one printed order and one mail of each."""

import pytest

from tests.chaos.outcome import column, ends_well, printed_once, printing, refund_states, request_refund
from tests.shopper import Shopper, words
from tests.stack import KEYS, Stack

CREATE = "printify.orders.create"
PRODUCE = "printify.orders.send_to_production"
STAFF = KEYS["STAFF_ALERTS_TO"]
# What beat sends every five minutes and every minute, twice each.
CHECK_AND_TELL = """
from ilytat.health import HEALTH_CHECKS
from ilytat.integrations.health import run_checks
from notifications.staff_alerts import tell_open
for _ in range(2):
    run_checks(HEALTH_CHECKS)
    tell_open()
"""


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


@pytest.mark.sample("servers")
def test_orders_in_five_states_wait_for_a_new_token_and_resume(shop: Stack) -> None:
    """K7: an ended token is one alert and one staff email, not a problem of each order."""
    orders = _orders_in_five_states(shop)
    pages, rows = _order_pages(shop, orders), _states(shop, orders)
    assert list(rows.values()) == [["in_production"], ["shipped"], ["in_production"], ["created"], ["new"]]
    staff_emails = _staff_emails(shop)

    shop.sandbox.arm("printify.*", "401", times=None)
    shop.wait_for(lambda: _printify_alerts(shop) == ["provider:printify"], what="the incident")
    calls = _order_calls(shop)
    shop.manage("shell", "-v0", "-c", CHECK_AND_TELL)
    shop.wait_for(lambda: _staff_emails(shop) > staff_emails, what="the staff email")
    assert _staff_emails(shop) == staff_emails + 1
    assert _printify_alerts(shop) == ["provider:printify"]
    assert _order_calls(shop) == calls, "orders wait without asking"
    assert _states(shop, orders) == rows
    assert _order_pages(shop, orders) == pages, "buyers see nothing of it"
    assert refund_states(shop, orders[2]) == ["new"]

    shop.sandbox.clear()
    shop.manage("shell", "-v0", "-c", CHECK_AND_TELL)
    assert _printify_alerts(shop) == []
    printed_once(shop, *orders)
    shop.wait_for(lambda: refund_states(shop, orders[2]) == ["succeeded"], what="the refund")
    shop.sandbox.post(f"/control/printify/orders/{orders[1]}/deliver")
    shop.wait_for(lambda: printing(shop, orders[1]) == ["delivered"], what="the delivery of the shipped order")
    ends_well(shop, *orders[:1], *orders[2:])
    assert _staff_emails(shop) == staff_emails + 1


def _orders_in_five_states(shop: Stack) -> list[str]:
    """In production, shipped, with a refund queued, created, new. The last three are held there by other faults."""
    produced = [Shopper(shop).buy() for _ in range(3)]
    shop.wait_for(lambda: all(printing(shop, number) == ["in_production"] for number in produced), what="production")
    shop.sandbox.post(f"/control/printify/orders/{produced[1]}/ship")
    shop.wait_for(lambda: printing(shop, produced[1]) == ["shipped"], what="the shipment")
    shop.sandbox.arm("stripe.refunds.create", "503", times=None)
    request_refund(shop, produced[2], 700)
    shop.sandbox.arm(PRODUCE, "503", times=None)
    created = Shopper(shop).buy()
    shop.wait_for(lambda: printing(shop, created) == ["created"], what="the draft")
    fault = shop.sandbox.arm(CREATE, "503", times=None)
    new = Shopper(shop).buy()
    shop.wait_for(lambda: shop.sandbox.fired(fault) > 0, what="an attempt to create the draft")
    return [*produced, created, new]


def _states(shop: Stack, numbers: list[str]) -> dict[str, list[str]]:
    return {number: printing(shop, number) for number in numbers}


def _order_pages(shop: Stack, numbers: list[str]) -> list[str]:
    tokens = [column(shop, "SELECT number, token FROM orders_order", number)[0] for number in numbers]
    return [words(shop.get(f"/orders/{token}/").text.partition("<main")[2]) for token in tokens]


def _printify_alerts(shop: Stack) -> list[str]:
    """The keys of the open alerts about Printify or an order."""
    keys = [key for (key,) in shop.sql("SELECT key FROM integrations_alert WHERE closed_at IS NULL")]
    return [key for key in keys if "printify" in key or key.startswith(("fulfilment:", "order:", "refund:"))]


def _staff_emails(shop: Stack) -> int:
    return sum(STAFF in str(mail["to"]) for mail in shop.sandbox.mails())


def _order_calls(shop: Stack) -> int:
    calls = shop.sandbox.state()["calls"]
    return sum(count for name, count in calls.items() if name.startswith("printify.orders."))
