"""What staff's first page and the health check say of orders and of today's money (H10, H11)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from orders import attention
from payments import attention as money
from payments.models import Payment, Refund
from tests import factories
from tests.orders.conftest import ORDER_ID, changed, held, paid

pytestmark = pytest.mark.django_db


def _job(**columns: Any) -> None:
    changed(paid(ready=False), **columns)


def test_orders_under_way_are_counted_by_how_they_stand() -> None:
    for columns in ({}, {"state": "created", "printify_order_id": ORDER_ID}, {"state": "canceled"}):
        _job(**columns)
    held(paid(ready=False))
    _job(state="in_production", printify_order_id="p1")
    _job(state="shipped", printify_order_id="p2")
    tile = attention.under_way()
    assert (tile.figure, tile.tone) == ("4", "busy")
    assert tile.detail == "2 wait for printing; 1 held; 1 printing; 1 on their way"
    _job(state="attention")
    tile = attention.under_way()
    assert (tile.figure, tile.tone) == ("5", "bad")
    assert "1 need you" in str(tile.detail)


def test_without_orders_nothing_waits() -> None:
    tile = attention.under_way()
    assert (tile.figure, tile.detail, tile.tone) == ("0", "nothing waits", "good")


@pytest.mark.parametrize(
    ("columns", "late", "state"),
    [({}, 14, "ok"), ({}, 16, "down"), ({"state": "attention"}, 16, "warn"), ({"state": "shipped"}, 16, "down")],
)
def test_what_is_due_for_a_quarter_of_an_hour_is_an_alarm(columns: dict[str, Any], late: int, state: str) -> None:
    due = timezone.now() - timedelta(minutes=late)
    _job(**columns | {"next_at": due, "printify_order_id": ORDER_ID})
    assert attention.fulfilments_move().state == state


def test_with_nothing_late_all_is_well() -> None:
    assert attention.fulfilments_move().state == "ok"


# --- money -------------------------------------------------------------------------------------------------


def _payment(captured: int, **given: Any) -> Payment:
    order = factories.paid_order()
    number = f"pi_{Payment.objects.count()}"
    return Payment.objects.create(
        order=order, payment_intent_id=number, **{"captured": captured, "currency": "USD"} | given
    )


def test_todays_money_is_of_today_this_mode_and_the_shops_currency(settings: Settings) -> None:
    settings.STRIPE_LIVE = False
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    _payment(1000, at=midnight)
    paid_now = _payment(500)
    _payment(300, at=midnight - timedelta(seconds=1))
    _payment(70, at=midnight - timedelta(days=1, seconds=1))
    _payment(7, live=True)
    _payment(9, currency="CAD")
    for amount, state in ((200, "succeeded"), (40, "new"), (8, "failed")):
        Refund.objects.create(payment=paid_now, amount=amount, state=state, idempotency_key=str(amount))
    tile = money.money_today()
    assert tile.figure == "$15.00"
    assert tile.detail == "2 payments; $2.40 given back; yesterday $3.00"


def test_a_day_without_money_says_nothing_of_refunds() -> None:
    tile = money.money_today()
    assert (tile.figure, tile.detail) == ("$0.00", "0 payments; yesterday $0.00")
