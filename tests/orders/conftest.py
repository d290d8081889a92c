"""Printify's answers over `responses`, and orders that stand somewhere on the way."""

from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import responses
from django.utils import timezone

from ilytat.integrations import jobs
from orders import lifecycle
from orders.models import Fulfilment, HoldReason, Order
from orders.registry import queue
from orders.states import FulfilmentState
from tests import factories
from tests.payloads import payload

SHOP = "https://api.printify.com/v1/shops/1001"
ORDER_ID = "6712f0c2a1b2c3d4e5f60718"
OTHER_ID = "6712f0c2a1b2c3d4e5f60799"


class Upstream:
    """Printify as this test wants it. What was not announced is refused, as by a network that is down."""

    def __init__(self, mock: responses.RequestsMock) -> None:
        self.mock = mock

    def order(self, status: str = "on-hold", *, order_id: str = ORDER_ID, **changes: Any) -> dict[str, Any]:
        """From now on, GET answers with this order."""
        found = payload("printify/order", id=order_id, status=status, **changes)
        self.mock.upsert("GET", f"{SHOP}/orders/{order_id}.json", json=found)
        return found

    def listed(self, *orders: dict[str, Any]) -> None:
        page = payload("printify/order_page", data=list(orders), total=len(orders))
        self.mock.upsert("GET", f"{SHOP}/orders.json", json=page)

    def creates(self, order_id: str = ORDER_ID) -> None:
        self.mock.add("POST", f"{SHOP}/orders.json", json={"id": order_id})

    def answers_create(self, **answer: Any) -> None:
        """One answer, in the order of the calls: status, json, body (an exception is raised), headers."""
        self.mock.add("POST", f"{SHOP}/orders.json", **answer)

    def answers_production(self, order_id: str = ORDER_ID, **answer: Any) -> None:
        given = answer or {"json": {"id": order_id}}
        self.mock.add("POST", f"{SHOP}/orders/{order_id}/send_to_production.json", **given)

    def asked(self, method: str, ending: str) -> list[requests.PreparedRequest]:
        """The calls made to this route, oldest first."""
        calls = [call.request for call in self.mock.calls]
        return [x for x in calls if x.method == method and str(x.url).split("?", 1)[0].endswith(ending)]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Upstream(mock)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's quick repeats of a read do not wait."""
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=lambda _seconds: None))


def paid(*, ready: bool = True, **given: Any) -> Fulfilment:
    """A paid order's fulfilment. `ready`: its grace period is over."""
    order = factories.order(factories.variant(), **given)
    assert lifecycle.mark_paid(order, who="test")
    fulfilment = Fulfilment.objects.select_related("order").get(order=order)
    if ready:
        fulfilment = changed(fulfilment, release_at=timezone.now() - timedelta(seconds=1))
    return fulfilment


def created(order_id: str = ORDER_ID, *, ready: bool = True, **given: Any) -> Fulfilment:
    """Its draft lies at Printify."""
    return changed(paid(ready=ready, **given), state=FulfilmentState.CREATED, printify_order_id=order_id)


def printing(order_id: str = ORDER_ID, **given: Any) -> Fulfilment:
    return changed(created(order_id, **given), state=FulfilmentState.IN_PRODUCTION, sent_at=timezone.now())


def changed(fulfilment: Fulfilment, **columns: Any) -> Fulfilment:
    Fulfilment.objects.filter(pk=fulfilment.pk).update(**columns)
    return again(fulfilment)


def held(fulfilment: Fulfilment, reason: HoldReason = HoldReason.STAFF) -> Fulfilment:
    """On hold, even where `lifecycle.hold` would say that it is too late."""
    fulfilment.holds.create(reason=reason, placed_by="test")
    return again(fulfilment)


def again(fulfilment: Fulfilment) -> Fulfilment:
    return Fulfilment.objects.select_related("order").get(pk=fulfilment.pk)


def look(fulfilment: Fulfilment) -> Fulfilment:
    """A worker's look at the row, now, whenever it is due."""
    Fulfilment.objects.filter(pk=fulfilment.pk).update(next_at=timezone.now(), lease_until=None)
    jobs.work_one(queue, fulfilment.pk)
    return again(fulfilment)


def fate(order: Order) -> tuple[str, str]:
    """Where order and fulfilment stand."""
    order.refresh_from_db()
    return order.state, Fulfilment.objects.get(order=order).state
