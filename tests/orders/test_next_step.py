"""What staff are told of an order's next step, for each state it can be in."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from orders import lifecycle, tracking
from orders.models import Fulfilment
from orders.states import FulfilmentState, OrderState
from tests import factories
from tests.orders.conftest import changed, created, held, paid
from tests.pages import text

pytestmark = pytest.mark.django_db


def told(job: Fulfilment) -> str:
    return tracking.next_step(job.order, job)


def test_a_draft_says_when_printing_begins() -> None:
    later = changed(created(), release_at=timezone.now() + timedelta(hours=1))
    assert told(later).startswith("Production is requested at ")
    assert told(changed(later, release_at=timezone.now())).startswith(
        "Production is requested within a minute. Until then"
    )


def test_a_held_order_waits_for_a_person() -> None:
    assert "On hold" in told(held(paid()))


@pytest.mark.parametrize("state", sorted(FulfilmentState))
def test_every_state_of_printing_has_its_sentence(state: str) -> None:
    job = created()
    job.state = state
    assert told(job).endswith(".")


@pytest.mark.parametrize("state", sorted(set(OrderState) - {OrderState.PAID}))
def test_every_state_of_an_order_without_printing_has_its_sentence(state: str) -> None:
    order = factories.order(factories.variant(), state=state)
    assert tracking.next_step(order, None).endswith(".")


def test_the_order_page_tells_lines_money_and_the_timeline_newest_first(admin_client: Client) -> None:
    order = created().order
    for words in ("She called.", "He called."):
        lifecycle.note(order, who="ana", what="note", why=words)
    page = text(admin_client.get(f"/admin/orders/order/{order.pk}/change/"))
    assert "Production is requested" in page
    assert "Total" in page
    assert "$29.74" in page
    assert page.index("He called.") < page.index("She called.")
    assert "$29.74" in text(admin_client.get("/admin/orders/order/"))


def test_the_printing_page_tells_the_same_and_leads_to_the_order(admin_client: Client) -> None:
    job = changed(created(), upstream_cost=1519)
    page = text(admin_client.get(f"/admin/orders/fulfilment/{job.pk}/change/"))
    assert "Production is requested" in page
    assert f"Order {job.order.number}: all buttons" in page
    assert "$15.19" in page
