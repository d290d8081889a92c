"""Trouble with messages, over real processes: events many times, a broker that forgets, workers and beats too many."""

import pytest

from tests.chaos.outcome import ends_well
from tests.shopper import Shopper
from tests.stack import Stack


@pytest.mark.sample("always")
def test_every_stripe_event_delivered_five_times_in_parallel(shop: Stack) -> None:
    fault = shop.sandbox.arm("webhooks.stripe", "duplicate", times=None, params={"copies": 5})
    number = Shopper(shop).buy()
    ends_well(shop, number)
    assert shop.sandbox.fired(fault) >= 1
    (twins,) = shop.sql("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM integrations_inboundevent")
    assert twins[0] == twins[1], "one row an event"


def test_every_printify_event_twice_and_in_reverse(shop: Stack) -> None:
    doubled = shop.sandbox.arm("webhooks.printify", "duplicate", times=None, params={"copies": 2})
    turned = shop.sandbox.arm("webhooks.printify", "reorder", times=None)
    ends_well(shop, Shopper(shop).buy())
    assert shop.sandbox.fired(doubled) + shop.sandbox.fired(turned) >= 1


@pytest.mark.sample("servers")
def test_no_webhook_ever_arrives(shop: Stack) -> None:
    """The success page is not opened either: the reconciler finds the money, the poll finds the parcels."""
    for sender in ("stripe", "printify"):
        shop.sandbox.arm(f"webhooks.{sender}", "drop", times=None)
    shopper = Shopper(shop)
    session_id = shopper.to_stripe()
    shopper.pay(session_id)
    shop.manage("reconcile")
    ends_well(shop, shopper.number(session_id))


@pytest.mark.sample("servers")
def test_four_workers_and_two_beats_for_five_orders(shop: Stack) -> None:
    for name in ("worker-2", "worker-3", "worker-4"):
        shop.start_worker(name)
    shop.start_beat("beat-2")
    numbers = [Shopper(shop).buy(nth=i, email=f"buyer{i}@example.com") for i in range(5)]
    ends_well(shop, *numbers)


def test_worker_killed_again_and_again_while_orders_come_in(shop: Stack) -> None:
    numbers = []
    for i in range(4):
        numbers.append(Shopper(shop).buy(nth=i))
        shop.kill_worker()
        shop.start_worker()
    ends_well(shop, *numbers, seconds=90)
