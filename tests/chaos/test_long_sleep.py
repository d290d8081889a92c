"""B20: a worker freezes beyond its lease, another does its work, and it wakes. Its writes are refused."""

import pytest

from tests.chaos.failpoint import Failpoint
from tests.chaos.outcome import ends_well, printed_once, upstream
from tests.shopper import Shopper
from tests.stack import Stack

PRINTIFY = "catalog.printify.client:Printify"


@pytest.mark.parametrize(
    ("method", "when", "drafts"),
    [
        pytest.param("create_order", "before", 0, id="before the draft"),
        pytest.param("create_order", "after", 1, id="after the draft", marks=pytest.mark.sample("servers")),
        pytest.param("send_to_production", "before", 1, id="before production"),
    ],
)
def test_a_frozen_worker_wakes_after_another_did_its_work(shop: Stack, method: str, when: str, drafts: int) -> None:
    point = Failpoint(f"{PRINTIFY}.{method}", "before" if when == "before" else "after", deed="stop")
    shop.kill_worker()
    # A pool would end its frozen child itself: here nothing but the lease protects the row.
    shop.start_worker("sleeper", point, pool="solo")
    number = Shopper(shop).buy()
    shop.wait_for(lambda: shop.struck("sleeper", point), what="the worker to freeze")
    assert len(upstream(shop, number)) == drafts
    shop.start_worker()
    printed_once(shop, number)
    shop.wake("sleeper")
    log = shop.running["sleeper"].log
    shop.wait_for(lambda: "lease lost" in log.read_text(), what="its write to be refused")
    ends_well(shop, number)
