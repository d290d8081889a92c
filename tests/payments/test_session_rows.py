"""Which order and which attempt a session belongs to, however little of it reached us (B1, B2, C9)."""

from typing import Any

import pytest
from pytest_django.fixtures import Settings

from orders.models import Order
from payments import gateway, settlement
from payments.models import CheckoutSession, Payment
from tests import factories
from tests.payments.conftest import SESSION, Said, Till, opened, paid_session, session_of, waiting
from tests.results import result_of

pytestmark = pytest.mark.django_db
OTHER = f"{SESSION}x"


def _settle(till: Till, said: Said) -> tuple[str, str]:
    till.session(said)
    return result_of(settlement.settle(gateway.session(said["id"]), who="test"))


def _rows(order: Order) -> list[tuple[int, str | None, str]]:
    return list(order.sessions.order_by("attempt").values_list("attempt", "stripe_session_id", "state"))


def _lost(order: Order, **given: Any) -> CheckoutSession:
    return opened(order, stripe_session_id=None, url="", state="creating", **given)


@pytest.mark.parametrize(
    ("session", "order", "shop", "counts"),
    [(True, True, True, True), (False, False, True, False), (True, False, True, False), (True, True, False, False)],
)
def test_session_order_and_shop_are_of_one_mode(
    till: Till, settings: Settings, *, session: bool, order: bool, shop: bool, counts: bool
) -> None:
    settings.STRIPE_LIVE = shop
    placed = waiting(live=order)
    opened(placed)
    _settle(till, paid_session(placed, livemode=session))
    assert Payment.objects.exists() is counts
    assert CheckoutSession.objects.get().state == ("complete" if counts else "open")


def test_a_lost_attempt_learns_its_id_and_its_page(till: Till) -> None:
    order = waiting()
    row = _lost(order)
    _settle(till, session_of(order))
    row.refresh_from_db()
    assert (row.stripe_session_id, row.url, row.state) == (SESSION, session_of(order)["url"], "open")


def test_a_lost_attempt_of_another_order_learns_nothing(till: Till) -> None:
    order, other = waiting(), waiting()
    opened(order)
    _lost(other)
    _settle(till, paid_session(order))
    assert _rows(other) == [(1, None, "creating")]


def test_an_attempt_that_knows_its_session_keeps_it(till: Till) -> None:
    """A reminder's session repeats the metadata of the one that it opens anew."""
    order = waiting(state="expired")
    opened(order, state="expired")
    _settle(till, paid_session(order, id=OTHER))
    assert _rows(order) == [(1, SESSION, "expired"), (2, OTHER, "complete")]


def test_a_strange_session_is_written_down_beside_one_that_is_open(till: Till) -> None:
    order = waiting()
    opened(order)
    _settle(till, paid_session(order, id=OTHER))
    assert _rows(order) == [(1, SESSION, "open"), (2, OTHER, "complete")]


def test_the_first_session_of_an_order_without_any_is_its_first_attempt(till: Till) -> None:
    order = waiting()
    _settle(till, paid_session(order))
    assert _rows(order) == [(1, SESSION, "complete")]


@pytest.mark.parametrize("status", ["open", "expired"])
def test_a_strange_session_that_came_to_nothing_leaves_no_row(till: Till, status: str) -> None:
    order = waiting()
    _settle(till, session_of(order, id=OTHER, status=status))
    assert _rows(order) == []


def test_a_session_closed_in_another_tab_stays_closed_when_an_older_reading_says_open(till: Till) -> None:
    order = waiting(cart=factories.cart())
    opened(order, state="expired")
    opened(waiting(cart=order.cart), number=2)
    _settle(till, session_of(order))
    assert _rows(order) == [(1, SESSION, "expired")]


def test_a_session_that_names_no_order_is_known_by_its_id(till: Till) -> None:
    order, bystander = waiting(), waiting()
    opened(bystander, stripe_session_id=OTHER)
    opened(order)
    assert _settle(till, paid_session(order, client_reference_id=None))[0] == "handled"
    order.refresh_from_db()
    bystander.refresh_from_db()
    assert (order.state, bystander.state) == ("paid", "awaiting_payment")


def test_a_session_of_something_else_that_the_account_sells_is_ignored(till: Till) -> None:
    order = waiting()
    opened(order)
    said = paid_session(order, id=OTHER, client_reference_id=None)
    assert _settle(till, said) == ("ignored", "The session was not made by this shop.")
    assert not Payment.objects.exists()
