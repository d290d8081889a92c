"""The printing of an order, held, released, tried again and moved on: forward only (A10, C4, C5, I7)."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.conf import settings as shop
from django.utils import timezone

from ilytat.integrations import alerts
from ilytat.integrations.models import Alert
from orders import attention, lifecycle
from orders import cart as carts
from orders.addresses import Address
from orders.lifecycle import CheckoutDetails
from orders.models import Cart, Fulfilment, HoldReason, Order
from orders.states import FULFILMENT_RANK, FulfilmentState
from tests import factories
from tests.orders.conftest import again, changed, created, paid, printing

pytestmark = pytest.mark.django_db

CHICAGO = Address("Ana Ruiz", "233 S Wacker Dr", "", "Chicago", "IL", "60606", "US")


def _agreement(cart: Cart, **given: Any) -> CheckoutDetails:
    values: dict[str, Any] = {
        "cart": carts.view(cart),
        "email": "ana@example.com",
        "address": CHICAGO,
        "method": "standard",
        "shipping": 475,
        "arrives_from": date(2026, 12, 1),
        "arrives_until": date(2026, 12, 4),
        "language": "en",
    }
    return CheckoutDetails(**{**values, **given})


def _order_in(state: str) -> Order:
    return factories.order(factories.variant(), state=state)


# --- placing ----------------------------------------------------------------------------------------


# --- fulfilments -------------------------------------------------------------------------------------

RANKED = sorted(FULFILMENT_RANK, key=lambda state: FULFILMENT_RANK[state])


@pytest.mark.parametrize("old", RANKED)
@pytest.mark.parametrize("new", RANKED)
def test_a_fulfilment_only_goes_forward(old: FulfilmentState, new: FulfilmentState) -> None:
    job = changed(created(), state=old)
    forward = FULFILMENT_RANK[old] < FULFILMENT_RANK[new]
    assert lifecycle.advance(job, new, who="test") is forward
    assert again(job).state == (new if forward else old)
    assert job.order.events.filter(what="fulfilment").count() == int(forward)


def test_a_canceled_fulfilment_stays_canceled() -> None:
    job = changed(created(), state=FulfilmentState.CANCELED)
    assert not lifecycle.advance(job, FulfilmentState.SHIPPED, who="poll")


def test_news_from_printify_ends_attention() -> None:
    job = changed(printing(), state=FulfilmentState.ATTENTION)
    assert lifecycle.advance(job, FulfilmentState.SHIPPED, who="webhook")
    assert again(job).state == "shipped"


@pytest.mark.parametrize(
    ("make", "stoppable"),
    [
        (paid, True),
        (created, True),
        (lambda: changed(created(), sent_at=timezone.now()), False),
        (printing, False),
        (lambda: changed(paid(), state="attention"), True),
        (lambda: changed(printing(), state="attention"), False),
        (lambda: changed(created(), state="canceled"), False),
    ],
    ids=["new", "created", "being sent", "in production", "attention before", "attention after", "canceled"],
)
def test_a_hold_stops_what_has_not_been_sent(make: Callable[[], Fulfilment], stoppable: bool) -> None:  # noqa: FBT001 (parametrised)
    job = make()
    assert lifecycle.hold(job, HoldReason.DISPUTE, who="stripe", why="dispute") is stoppable
    assert not lifecycle.hold(job, HoldReason.DISPUTE, who="stripe", why="dispute"), "held already"
    is_written = stoppable or job.state in {"created", "attention"}  # should production not begin, it is found
    assert bool(again(job).open_holds) is is_written
    assert job.order.events.filter(what="held").count() == int(is_written)


def test_a_held_row_is_nobodys_work_until_it_is_released() -> None:
    job = paid()
    lifecycle.hold(job, HoldReason.STAFF, who="staff", why="wait")
    assert Fulfilment.claim(job.pk) is None
    hold = job.holds.get()
    assert lifecycle.release(hold, who="staff")
    assert not lifecycle.release(hold, who="staff")
    assert again(job).open_holds == []
    assert Fulfilment.claim(job.pk)


@pytest.mark.parametrize(
    ("known", "state"),
    [
        ({}, "new"),
        ({"printify_order_id": "p1"}, "created"),
        ({"printify_order_id": "p1", "sent_at": timezone.now()}, "created"),  # whether it prints is Printify's to say
    ],
    ids=["nothing", "a draft", "a draft asked for"],
)
def test_after_attention_it_goes_on_from_what_is_known(known: dict[str, Any], state: str) -> None:
    job = changed(paid(), state="attention", attempts=41, **known)
    alerts.open_alert(f"fulfilment:{job.external_id}", "stuck")
    assert lifecycle.retry(job, who="staff")
    job = again(job)
    assert (job.state, job.attempts) == (state, 0)
    assert Alert.objects.get().closed_at
    assert Fulfilment.due().exists()


def test_a_held_order_that_leaves_attention_is_still_held() -> None:
    """It left attention by itself: Printify's news, or staff who pressed before the hold came."""
    job = changed(paid(), state="attention")
    lifecycle.hold(job, HoldReason.DISPUTE, who="stripe", why="dispute")
    changed(job, state="new")
    assert not Fulfilment.due().exists()


@pytest.mark.parametrize("state", ["new", "attention"])
def test_a_held_order_is_not_retried_and_its_alert_stays_open(state: str) -> None:
    job = changed(paid(), state=state)
    lifecycle.hold(job, HoldReason.COST, who="fulfilment", cost=9000)
    alerts.open_alert(f"fulfilment:{job.external_id}", "It costs more than was paid.")
    assert not lifecycle.retry(job, who="staff")
    assert (again(job).state, Alert.objects.get().closed_at) == (state, None)
    assert not job.order.events.filter(what="retried").exists()


def test_canceling_at_printify_is_retried_although_the_order_was_held() -> None:
    job = created()
    lifecycle.hold(job, HoldReason.FRAUD_WARNING, who="stripe")
    lifecycle.cancel(job.order, who="staff")
    job = changed(again(job), state="attention")
    assert lifecycle.retry(job, who="staff")
    assert again(job).state == "canceling"


def test_a_hold_is_not_shown_once_it_can_stop_nothing() -> None:
    job = created()
    lifecycle.hold(job, HoldReason.FRAUD_WARNING, who="stripe")
    lifecycle.cancel(job.order, who="staff")
    assert again(job).open_holds == []


def _written_while_requested() -> Fulfilment:
    return changed(created(), sent_at=timezone.now())


def _held_by_staff() -> Fulfilment:
    job = created()
    lifecycle.hold(job, HoldReason.STAFF, who="eva")
    return job


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (created, "On hold: nothing is printed until it is released."),
        (_held_by_staff, "It is already on hold by staff."),
        (_written_while_requested, "Put on hold, but production was already requested."),
        (printing, "Too late: it can no longer be put on hold."),
    ],
    ids=["in time", "twice", "production requested", "printing"],
)
def test_staff_read_what_holding_did(make: Callable[[], Fulfilment], answer: str) -> None:
    assert attention.hold(make(), who="eva").startswith(answer)


def test_releasing_what_needs_attention_says_that_it_still_does() -> None:
    job = changed(created(), state="attention")
    lifecycle.hold(job, HoldReason.STAFF, who="eva")
    assert attention.release(job.holds.get(), who="eva").startswith("Released. It still needs attention")


def test_pressing_retry_while_a_worker_is_on_it_changes_nothing_for_the_worker() -> None:
    job = paid()
    mine = Fulfilment.claim(job.pk)
    assert mine
    assert lifecycle.retry(job, who="staff")
    assert lifecycle.retry(job, who="staff")
    assert Fulfilment.claim(job.pk) is None
    mine.ensure_leased(margin=shop.LEASE_SECONDS / 2)


@pytest.mark.parametrize("state", ["delivered", "canceled"])
def test_what_is_over_is_not_retried(state: str) -> None:
    assert not lifecycle.retry(changed(created(), state=state), who="staff")


# --- Alerts -------------------------------------------------------------------------------------------------


def _needs_a_person() -> Fulfilment:
    job = changed(created(), state=FulfilmentState.ATTENTION)
    alerts.open_alert(f"fulfilment:{job.external_id}", "It needs a person.")
    return job


ENDS: dict[str, Callable[[Fulfilment], object]] = {
    "it is delivered": lambda job: lifecycle.advance(job, FulfilmentState.DELIVERED, who="webhook"),
    "it is canceled": lambda job: lifecycle.cancel(job.order, who="buyer"),
    "it is submitted under another id": lambda job: lifecycle.revise(job.order, who="eva", what="submitted anew"),
    "it is closed by hand": lambda job: lifecycle.close_manually(job, who="eva"),
    "it is tried again": lambda job: lifecycle.retry(job, who="eva"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_the_alert_closes_whatever_ends_what_it_is_about(end: Callable[[Fulfilment], object]) -> None:
    end(_needs_a_person())
    assert Alert.objects.get().closed_at


def test_releasing_a_hold_for_its_cost_closes_the_alert_about_it() -> None:
    job = created()
    lifecycle.hold(job, HoldReason.COST, who="fulfilment", cost=9000)
    alerts.open_alert(f"fulfilment:{job.external_id}", "It costs more than was paid.")
    lifecycle.release(job.holds.get(), who="eva")
    assert Alert.objects.get().closed_at


def test_the_alert_about_an_orders_money_closes_when_the_order_leaves_attention() -> None:
    job = paid()
    lifecycle.flag_for_attention(job.order, who="stripe", why="the money differs")
    lifecycle.cancel(job.order, who="eva")
    assert Alert.objects.get(key=f"order:{job.order.number}").closed_at
