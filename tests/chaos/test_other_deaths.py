"""Deaths beside the way of an order: money going back (B16) and half a synchronisation (B17)."""

import pytest

from tests.chaos.failpoint import Failpoint
from tests.chaos.outcome import column, ends_well, refund_states, request_refund
from tests.shopper import Shopper
from tests.stack import Stack

RESERVED = "SELECT o.number, p.refund_reserved FROM payments_payment p JOIN orders_order o ON o.id = p.order_id"
SHOWN = "SELECT COUNT(*) FROM catalog_product WHERE visible AND NOT hidden"
# Nobody waits eight minutes for a dead run to be declared dead: its heartbeat was long ago.
LONG_AGO = (
    "from datetime import timedelta; from django.db.models import F; from catalog.models import SyncRun;"
    "from ilytat.integrations.models import Lease; ago = timedelta(hours=1);"
    "Lease.objects.filter(name='catalogue sync').update(beat_at=F('beat_at') - ago);"
    "SyncRun.objects.filter(state='running').update(started_at=F('started_at') - ago)"
)


@pytest.mark.parametrize(
    ("when", "made"),
    [
        pytest.param("before", 0, id="B16 row committed, Stripe not asked"),
        pytest.param("after", 1, id="B16 refunded, not saved", marks=pytest.mark.sample("servers")),
    ],
)
def test_a_worker_dies_around_a_refund(shop: Stack, when: str, made: int) -> None:
    number = Shopper(shop).buy()
    ends_well(shop, number)
    shop.kill_worker()
    point = Failpoint("payments.gateway:create_refund", "before" if when == "before" else "after")
    shop.start_worker(point=point)
    request_refund(shop, number, 700)
    shop.died("worker", point)
    assert len(_refunds(shop, number)) == made
    assert refund_states(shop, number) == ["new"]
    shop.start_worker()
    shop.wait_for(lambda: refund_states(shop, number) == ["succeeded"], what="the refund")
    assert _refunds(shop, number) == [700]
    assert column(shop, RESERVED, number) == [700]


def _refunds(shop: Stack, number: str) -> list[int]:
    """The amounts that Stripe gave back for the order."""
    state = shop.sandbox.state()
    intents = {row["payment_intent"] for row in state["sessions"] if row["client_reference_id"] == number}
    return [row["amount"] for row in state["refunds"] if row["payment_intent"] in intents]


@pytest.mark.sample("servers")
def test_a_synchronisation_dies_halfway(shop: Stack) -> None:
    """B17: the catalogue stays as it was, and the next run starts afresh."""
    before = shop.sql(SHOWN)
    point = Failpoint("catalog.sync.runner:_keep_page", "after")
    shop.start_command("half a sync", "refresh_catalog", "--no-images", point=point)
    shop.died("half a sync", point)
    assert shop.sql(SHOWN) == before
    assert shop.sql("SELECT COUNT(*) FROM catalog_syncrun WHERE state = 'running'") == [(1,)]
    shop.manage("shell", "-v0", "-c", LONG_AGO)
    shop.manage("refresh_catalog", "--no-images")
    assert shop.sql("SELECT state FROM catalog_syncrun ORDER BY id DESC LIMIT 2") == [("success",), ("failed",)]
    assert shop.sql(SHOWN) == before
