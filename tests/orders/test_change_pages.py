"""The pages of a buyer's changes: what each press says, also when somebody else was first (C4, E2, H7)."""

from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from pytest_django.fixtures import Settings

from orders import access, changes
from orders.addresses import Address
from orders.lifecycle import ProductionStarted
from orders.models import Fulfilment, Order, OrderLine
from tests import factories
from tests.addresses import ADDRESS
from tests.orders.conftest import ORDER_ID, SHOP, Upstream, again, changed, paid
from tests.pages import source
from tests.payloads import payload

pytestmark = pytest.mark.django_db

EVANSTON = Address("Ana Ruiz", "1501 Central St", "", "Evanston", "IL", "60201", "US")
TORONTO = Address("Ana Ruiz", "100 Queen St W", "", "Toronto", "ON", "M5H 2N2", "CA")
FORM = ADDRESS | {"address1": "1501 Central St", "city": "Evanston", "zip": "60201", "keep_address": "1"}
TOO_LATE = "Printing has begun, so this order can no longer be changed here."


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "knows_email", lambda *_: True)
    monkeypatch.setattr(access, "is_verified", lambda *_: True)


@pytest.fixture
def job() -> Fulfilment:
    return paid(ready=False)


def post(client: Client, job: Fulfilment, what: str, **form: Any) -> Any:
    return client.post(f"{job.order.get_absolute_url()}{what}/", form, follow=True)


def other_size(job: Fulfilment, **given: Any) -> Any:
    product = job.order.lines.get().product
    assert product
    return factories.variant(product, **{"option_ids": [521, 15], "title": "White / M"} | given)


def loses(monkeypatch: pytest.MonkeyPatch, act: str, error: Exception | None = None) -> None:
    """The worker, or another tab, is first: between the look and the act."""

    def late(*_: Any) -> None:
        raise error or ProductionStarted

    monkeypatch.setattr(changes, act, late)


# --- too late --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["cancel", "correct_address"])
def test_who_loses_against_the_printing_is_told_so(
    client: Client, job: Fulfilment, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    loses(monkeypatch, act)
    answer = post(client, job, "cancel") if act == "cancel" else post(client, job, "address", **FORM)
    assert answer.redirect_chain == [(job.order.get_absolute_url(), 302)]
    assert TOO_LATE in source(answer)


def test_who_loses_against_another_tab_that_canceled_is_told_that(
    client: Client, job: Fulfilment, monkeypatch: pytest.MonkeyPatch
) -> None:
    loses(monkeypatch, "cancel")
    monkeypatch.setattr(changes, "changeable", lambda *_: True)
    Order.objects.update(state="canceled")
    answer = post(client, job, "cancel")
    assert "This order is canceled already." in source(answer)
    assert TOO_LATE not in source(answer)


@pytest.mark.parametrize("what", ["cancel", "address"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_being_printed_is_asked_nothing(client: Client, job: Fulfilment, what: str, method: str) -> None:
    changed(job, state="in_production", printify_order_id=ORDER_ID)
    answer = getattr(client, method)(f"{job.order.get_absolute_url()}{what}/", FORM, follow=True)
    assert TOO_LATE in source(answer)
    job.order.refresh_from_db()
    assert (job.order.state, job.order.city) == ("paid", "Chicago")


# --- the address -----------------------------------------------------------------------------------------


def test_the_new_address_is_said_and_the_same_once_more_as_well(
    client: Client, job: Fulfilment, upstream: Upstream
) -> None:
    assert "Your order goes to the new address." in source(post(client, job, "address", **FORM))
    assert "It goes there already." in source(post(client, job, "address", **FORM))
    assert again(job).revision == 2


def test_an_address_that_cannot_be_is_said_with_its_reason(client: Client, job: Fulfilment, settings: Settings) -> None:
    settings.STRIPE_AUTOMATIC_TAX = True
    answer = post(client, job, "address", **FORM)
    assert answer.status_code == 409
    assert "Tax depends on the address." in source(answer)
    assert 'value="Evanston"' in source(answer)


@pytest.mark.parametrize(
    ("region", "zip_code", "taxed_anew"), [("IL", "60606", False), ("IL", "60607", True), ("WI", "60606", True)]
)
def test_with_tax_only_the_street_may_change(
    job: Fulfilment, upstream: Upstream, settings: Settings, region: str, zip_code: str, *, taxed_anew: bool
) -> None:
    settings.STRIPE_AUTOMATIC_TAX = True
    there = Address("Ana Ruiz", "1 Main St", "", "Chicago", region, zip_code, "US")
    if taxed_anew:
        with pytest.raises(changes.NotPossible, match="Tax"):
            changes.correct_address(job.order, there)
    else:
        assert changes.correct_address(job.order, there)


def test_another_country_needs_printifys_word(job: Fulfilment, upstream: Upstream) -> None:
    with pytest.raises(changes.NotPossible, match="cannot be checked right now"):
        changes.correct_address(job.order, TORONTO)
    assert again(job).revision == 1


def test_a_country_to_which_that_way_of_delivery_does_not_go_is_refused(job: Fulfilment, upstream: Upstream) -> None:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"economy": 475})
    with pytest.raises(changes.NotPossible, match="Nobody"):
        changes.correct_address(job.order, TORONTO)


@pytest.mark.parametrize(("place", "moved"), [(TORONTO, True), (EVANSTON, False)])
def test_only_another_country_has_other_days_of_arrival(
    job: Fulfilment, upstream: Upstream, place: Address, *, moved: bool
) -> None:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))
    Order.objects.update(arrives_from="2020-01-01", arrives_until="2020-01-02")
    job.order.refresh_from_db()
    assert changes.correct_address(job.order, place)
    job.order.refresh_from_db()
    assert (job.order.country, str(job.order.arrives_from) != "2020-01-01") == (place.country, moved)
    assert (str(job.order.arrives_until) != "2020-01-02") is moved


def test_delivery_may_cost_what_it_costs_at_the_old_address_today(job: Fulfilment, upstream: Upstream) -> None:
    """The rates rose everywhere since it was paid: the move itself costs nothing."""
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": 525})
    assert changes.correct_address(job.order, TORONTO)


def test_two_tabs_with_two_addresses_are_told_apart(job: Fulfilment, upstream: Upstream) -> None:
    mine, theirs = (Order.objects.get(pk=job.order_id) for _ in range(2))
    assert changes.correct_address(theirs, EVANSTON)
    with pytest.raises(ProductionStarted):
        changes.correct_address(mine, Address("Ana Ruiz", "1 Main St", "", "Chicago", "IL", "60606", "US"))
    job.order.refresh_from_db()
    assert job.order.city == "Evanston"


# --- another size ----------------------------------------------------------------------------------------


def swap(client: Client, job: Fulfilment, asked: str) -> Any:
    return post(client, job, f"swap/{job.order.lines.get().pk}", variant=asked)


def test_a_swap_is_said_with_what_is_made_now(client: Client, job: Fulfilment) -> None:
    medium = other_size(job)
    assert "We make" in source(swap(client, job, str(medium.variant_id)))
    assert "already." in source(swap(client, job, str(medium.variant_id)))


@pytest.mark.parametrize("asked", ["", "x", "-1", "1.5"])
def test_no_choice_is_asked_for_again(client: Client, job: Fulfilment, asked: str) -> None:
    answer = swap(client, job, asked)
    assert answer.status_code == 409
    assert "Please choose one of these." in source(answer)


@pytest.mark.parametrize("asked", ["1", "9" * 40])
def test_what_is_no_variant_of_it_is_not_found(client: Client, job: Fulfilment, asked: str) -> None:
    assert swap(client, job, asked).status_code == 404


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (ProductionStarted(), 200, TOO_LATE),
        (changes.NotPossible("Not this one."), 409, "Not this one."),
    ],
)
def test_a_swap_that_loses_says_why(
    client: Client, job: Fulfilment, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, words: str
) -> None:
    medium = other_size(job)
    loses(monkeypatch, "swap", error)
    answer = swap(client, job, str(medium.variant_id))
    assert (answer.status_code, words in source(answer)) == (status, True)


def test_a_size_that_is_in_the_order_already_is_not_made_twice(
    job: Fulfilment, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, medium = job.order.lines.get(), other_size(job)

    def twin(*_: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(changes, "_swap", twin)
    with pytest.raises(changes.NotPossible, match="in the order already"):
        changes.swap(line, medium)


def test_sizes_that_are_in_the_order_are_not_offered_nor_those_of_other_things(job: Fulfilment) -> None:
    line, medium = job.order.lines.get(), other_size(job)
    factories.variant()
    assert changes.alternatives(line) == [medium]
    factories.order_line(job.order, medium)
    assert changes.alternatives(line) == []


def test_a_thing_the_shop_has_no_more_has_no_other_sizes(job: Fulfilment) -> None:
    other_size(job)
    OrderLine.objects.update(product=None)
    assert changes.alternatives(job.order.lines.get()) == []


@pytest.mark.parametrize(
    ("columns", "open_"),
    [
        ({}, True),
        ({"state": "created", "printify_order_id": ORDER_ID}, True),
        ({"state": "attention"}, True),
        ({"state": "in_production", "printify_order_id": ORDER_ID}, False),
        ({"state": "shipped", "printify_order_id": ORDER_ID}, False),
        ({"sent_at": "2026-01-01T00:00Z"}, False),
    ],
)
def test_what_may_still_be_changed(job: Fulfilment, columns: dict[str, Any], *, open_: bool) -> None:
    found = changed(job, **columns)
    assert changes.changeable(found.order, found) is open_


def test_without_a_printing_or_when_it_is_not_paid_nothing_is_changed(job: Fulfilment) -> None:
    assert not changes.changeable(job.order, None)
    Order.objects.update(state="attention")
    assert not changes.changeable(again(job).order, again(job))
