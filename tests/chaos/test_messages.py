"""Trouble with messages, over real processes: events many times, a broker that forgets, workers and beats too many."""

from tests.chaos.outcome import ends_well
from tests.shopper import Shopper
from tests.stack import Stack


def test_every_stripe_event_delivered_five_times_in_parallel(stack: Stack) -> None:
    fault = stack.sandbox.arm("webhooks.stripe", "duplicate", times=None, params={"copies": 5})
    number = Shopper(stack).buy()
    ends_well(stack, number)
    assert stack.sandbox.fired(fault) >= 1
    (twins,) = stack.sql("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM integrations_inboundevent")
    assert twins[0] == twins[1], "one row an event"


def test_every_printify_event_twice_and_in_reverse(stack: Stack) -> None:
    doubled = stack.sandbox.arm("webhooks.printify", "duplicate", times=None, params={"copies": 2})
    turned = stack.sandbox.arm("webhooks.printify", "reorder", times=None)
    ends_well(stack, Shopper(stack).buy())
    assert stack.sandbox.fired(doubled) + stack.sandbox.fired(turned) >= 1


def test_broker_loses_all_its_messages(stack: Stack) -> None:
    stack.stop("worker")
    stack.stop("beat")
    number = Shopper(stack).buy()
    stack.flush_broker()
    stack.start_beat()
    stack.start_worker()
    ends_well(stack, number)


def test_no_webhook_ever_arrives(stack: Stack) -> None:
    """The success page is not opened either: the reconciler finds the money, the poll finds the parcels."""
    for sender in ("stripe", "printify"):
        stack.sandbox.arm(f"webhooks.{sender}", "drop", times=None)
    shopper = Shopper(stack)
    session_id = shopper.to_stripe()
    shopper.pay(session_id)
    stack.manage("reconcile")
    ends_well(stack, shopper.number(session_id))


def test_three_workers_and_two_beats_for_five_orders(stack: Stack) -> None:
    for name in ("worker-2", "worker-3"):
        stack.start_worker(name)
    stack.start_beat("beat-2")
    numbers = [Shopper(stack).buy(nth=i, email=f"buyer{i}@example.com") for i in range(5)]
    ends_well(stack, *numbers)


def test_worker_killed_again_and_again_while_orders_come_in(stack: Stack) -> None:
    numbers = []
    for i in range(4):
        numbers.append(Shopper(stack).buy(nth=i))
        stack.kill_worker()
        stack.start_worker()
    ends_well(stack, *numbers, seconds=90)


def test_web_killed_while_stripe_delivers(stack: Stack) -> None:
    """Stripe tries again what was not answered."""
    shopper = Shopper(stack)
    session_id = shopper.to_stripe()
    stack.kill("web")
    shopper.pay(session_id)
    stack.start_web()
    ends_well(stack, shopper.number(session_id))
