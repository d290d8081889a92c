"""Where an order stands, said to its buyer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Fulfilment, Order
from orders.tracking import progress
from tests import factories
from tests.orders.conftest import changed, created, paid, printing

pytestmark = pytest.mark.django_db


def _now(order: Order) -> str:
    """The step that is going on, or 'over' when all are done."""
    steps = progress(order)["steps"]
    positions = [step.position for step in steps]
    at = positions.index("current") if "current" in positions else len(steps)
    assert positions == ["done"] * at + (["current"] + ["todo"] * (len(steps) - at - 1) if at < len(steps) else [])
    return steps[at].name if at < len(steps) else "over"


@pytest.mark.parametrize("state", ["awaiting_payment", "expired", "canceled", "attention"])
def test_an_unpaid_order_has_its_first_step_before_it(state: str) -> None:
    order = factories.order(factories.variant(), state=state)
    shown = progress(order)
    assert (_now(order), shown["fulfilment"], shown["parcels"], shown["cancel_until"]) == ("Paid", None, [], None)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (paid, "Preparing"),
        (created, "Preparing"),
        (printing, "In production"),
        (lambda: changed(printing(), state="shipped"), "Shipped"),
        (lambda: changed(printing(), state="delivered"), "over"),
        (lambda: changed(paid(), state="attention"), "Preparing"),
        (lambda: changed(printing(), state="attention"), "In production"),
    ],
    ids=["new", "created", "in production", "shipped", "delivered", "stuck before", "stuck after"],
)
def test_the_current_step_follows_the_printing(make: Callable[[], Fulfilment], name: str) -> None:
    assert _now(make().order) == name


def test_it_can_be_changed_until_the_grace_period_ends() -> None:
    job = paid(ready=False)
    assert progress(job.order)["cancel_until"] == job.release_at
    changed(job, release_at=timezone.now() - timedelta(seconds=1))
    assert progress(job.order)["cancel_until"] is None


def test_it_cannot_be_changed_once_it_was_sent() -> None:
    job = changed(created(ready=False), sent_at=timezone.now())
    assert progress(job.order)["cancel_until"] is None


def test_it_cannot_be_changed_once_it_is_printing_whoever_started_that() -> None:
    job = changed(created(ready=False), state="in_production")
    assert progress(job.order)["cancel_until"] is None
