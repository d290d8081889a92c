"""The buyer's changes before printing: each once, and never against a worker that was first (I1, I3, C4)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg.errors
import pytest
import requests
from django.db import OperationalError
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.models import Variant
from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import Alert
from notifications.models import OutgoingEmail
from orders import changes, emails, fulfillment, lifecycle, quote
from orders.addresses import Address
from orders.lifecycle import ProductionStarted
from orders.models import EarlierDraft, Fulfilment, Order
from payments.models import Payment, Refund
from tests import factories
from tests.orders.conftest import (
    ORDER_ID,
    OTHER_ID,
    SHOP,
    Upstream,
    again,
    changed,
    created,
    fate,
    held,
    look,
    paid,
    printing,
)
from tests.payloads import payload
from tests.racing import race

pytestmark = pytest.mark.django_db

EVANSTON = Address("Ana Ruiz", "1501 Central St", "", "Evanston", "IL", "60201", "US")
TORONTO = Address("Ana Ruiz", "100 Queen St W", "", "Toronto", "ON", "M5H 2N2", "CA")


@pytest.fixture(autouse=True)
def _sandbox_prints(settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False


@pytest.fixture
def shipping(upstream: Upstream) -> Upstream:
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json=payload("printify/shipping"))
    return upstream


def charged(job: Fulfilment) -> Payment:
    total = job.order.total
    return Payment.objects.create(order=job.order, payment_intent_id=f"pi_{job.pk}", captured=total, currency="USD")


def kinds() -> list[str]:
    return list(OutgoingEmail.objects.order_by("pk").values_list("kind", flat=True))


def other_size(job: Fulfilment, **given: Any) -> Variant:
    product = job.order.lines.get().product
    assert product
    return factories.variant(product, **{"option_ids": [521, 15], "title": "White / M"} | given)


# --- Canceling ---------------------------------------------------------------------------------------


def test_canceling_gives_everything_back_and_says_so_once() -> None:
    job = paid(ready=False)
    payment = charged(job)
    assert changes.cancel(job.order) == job.order.total
    with pytest.raises(ProductionStarted):
        changes.cancel(Order.objects.get(pk=job.order_id))
    refund = Refund.objects.get()
    payment.refresh_from_db()
    assert (refund.amount, payment.refund_reserved) == (job.order.total, job.order.total)
    assert kinds() == ["order_confirmed", "order_canceled"]
    assert OutgoingEmail.objects.get(kind="order_canceled").context["refund"] == "$29.74"


def test_what_was_never_submitted_is_canceled_without_asking_printify(upstream: Upstream) -> None:
    job = paid(ready=False)
    changes.cancel(job.order)
    assert look(job).state == "canceled"
    assert list(upstream.mock.calls) == []


def test_the_draft_is_canceled_at_printify_and_read_back(upstream: Upstream) -> None:
    job = created(ready=False)
    changes.cancel(job.order)
    upstream.order("pending")
    assert look(job).state == "canceling", "Printify cancels nothing that is still pending"
    upstream.order("on-hold")
    upstream.mock.add("POST", f"{SHOP}/orders/{ORDER_ID}/cancel.json", json={})
    job = look(job)
    assert len(upstream.asked("POST", "/cancel.json")) == 1
    assert job.state == "attention", "asked for, but not read back as canceled"
    upstream.order("canceled")
    lifecycle.retry(job, who="staff")
    assert again(job).state == "canceling"
    assert look(job).state == "canceled"


def test_an_unclear_creation_is_looked_for_before_the_order_counts_as_canceled(
    upstream: Upstream, settings: Settings
) -> None:
    job = paid()
    upstream.answers_create(body=requests.ReadTimeout())
    job = look(job)
    assert job.last_try
    changes.cancel(job.order)
    assert look(job).state == "canceling", "a worker might still be creating it"
    long_ago = timezone.now() - timedelta(seconds=settings.LEASE_SECONDS + settings.SETTLE_SECONDS + 1)
    EarlierDraft.objects.update(last_try=long_ago)
    found = upstream.order("canceled")
    found["metadata"]["shop_order_id"] = job.external_id
    upstream.listed(found)
    assert look(job).state == "canceled"
    assert EarlierDraft.objects.get().printify_order_id == ORDER_ID


def test_printify_printing_what_was_called_off_needs_a_person(upstream: Upstream) -> None:
    job = created(ready=False)
    changes.cancel(job.order)
    upstream.order("in-production")
    job = look(job)
    assert job.state == "attention"
    assert "prints" in job.last_error
    assert upstream.asked("POST", "/cancel.json") == []


def test_its_parcel_does_not_hide_from_staff_that_it_was_called_off(upstream: Upstream) -> None:
    """Money went back: the order is no sale again because the carrier was there, and its buyer is not written to."""
    job = created(ready=False)
    changes.cancel(job.order)
    parcel = {"carrier": "usps", "number": "1", "url": "", "delivered_at": "2026-11-23 10:00:00+00:00"}
    upstream.order("fulfilled", shipments=[parcel])
    job = look(job)
    event = payload("printify/event_order_updated")
    inbox.receive("printify", event["id"], event["type"], event)
    jobs.work_due(inbox.QUEUE)
    assert again(job).state == "attention"
    assert kinds() == ["order_confirmed", "order_canceled"]
    assert Alert.objects.filter(key=f"printed:{job.external_id}").exists()


@pytest.mark.parametrize(
    "make",
    [printing, lambda: changed(created(), sent_at=timezone.now()), lambda: held(created())],
    ids=["in production", "being sent", "held for a doubt"],
)
def test_what_may_be_printing_is_not_canceled(make: Callable[[], Fulfilment]) -> None:
    job = make()
    charged(job)
    with pytest.raises(ProductionStarted):
        changes.cancel(job.order)
    assert fate(job.order)[0] == "paid"
    assert not Refund.objects.exists()
    assert kinds() == ["order_confirmed"]


def test_the_worker_that_is_creating_the_draft_loses_the_row(upstream: Upstream) -> None:
    job = paid()
    charged(job)

    def answers_while_canceled(_request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        changes.cancel(Order.objects.get(pk=job.order_id))
        return 200, {}, f'{{"id": "{ORDER_ID}"}}'

    upstream.mock.add_callback("POST", f"{SHOP}/orders.json", answers_while_canceled)
    job = look(job)
    assert (job.state, job.printify_order_id) == ("canceling", None)
    assert fate(job.order) == ("canceled", "canceling")
    assert EarlierDraft.objects.get().last_try, "it is looked for, and canceled, later"


def test_production_asked_for_in_the_last_moment_loses_against_the_buyer(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream.order("on-hold")
    job = created()
    ask = fulfillment._request_production

    def canceled_just_before(row: Fulfilment, order_id: str) -> None:
        changes.cancel(Order.objects.get(pk=row.order_id))
        ask(row, order_id)

    monkeypatch.setattr(fulfillment, "_request_production", canceled_just_before)
    assert look(job).state == "canceling"
    assert upstream.asked("POST", "/send_to_production.json") == []


@pytest.mark.django_db(transaction=True)
def test_pressing_cancel_in_three_places_at_once_cancels_once() -> None:
    job = created(ready=False)
    charged(job)

    def press() -> str:
        try:
            changes.cancel(Order.objects.get(pk=job.order_id))
        except ProductionStarted:
            return "late"
        return "done"

    assert sorted(race(3, press)) == ["done", "late", "late"]
    assert Refund.objects.count() == EarlierDraft.objects.count() == 1
    assert kinds() == ["order_confirmed", "order_canceled"]


# --- The address --------------------------------------------------------------------------------------


def test_a_corrected_address_makes_a_new_draft_after_the_old_one_is_gone(shipping: Upstream) -> None:
    job = created(ready=False)
    assert changes.correct_address(job.order, EVANSTON)
    job = again(job)
    assert (job.state, job.revision, job.external_id) == ("new", 2, f"{job.order.number}-2")
    assert (job.request["external_id"], job.request["address_to"]["city"]) == (job.external_id, "Evanston")
    shipping.creates(OTHER_ID)
    shipping.order("pending")
    assert look(job).printify_order_id is None
    assert shipping.asked("POST", "/orders.json") == [], "nothing newer before the old one is gone"
    shipping.order("canceled")
    job = look(job)
    assert (job.state, job.printify_order_id) == ("created", OTHER_ID)
    assert kinds() == ["order_confirmed", "address_changed"]


def test_the_same_address_again_changes_nothing(shipping: Upstream) -> None:
    job = paid(ready=False)
    assert changes.correct_address(job.order, EVANSTON)
    assert not changes.correct_address(Order.objects.get(pk=job.order_id), EVANSTON)
    assert again(job).revision == 2
    assert not EarlierDraft.objects.exists(), "nothing had been submitted"


def test_an_address_with_another_price_is_refused(upstream: Upstream) -> None:
    job = paid(ready=False)
    for amount in (1299, 475):  # there, then at the old address
        upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": amount})
    with pytest.raises(changes.NotPossible, match="another price"):
        changes.correct_address(job.order, TORONTO)
    assert again(job).revision == 1


def test_within_the_country_an_address_is_corrected_also_while_printify_is_silent(upstream: Upstream) -> None:
    job = paid(ready=False)
    assert changes.correct_address(job.order, EVANSTON)


def _rate_card(job: Fulfilment, **methods: Any) -> None:
    line = job.order.lines.select_related("product").get()
    assert line.product
    factories.rate_card(line.product, {line.printify_variant_id: methods})


@pytest.mark.parametrize("method", ["standard", "priority"])
def test_an_estimate_does_not_refuse_an_address_within_the_country(upstream: Upstream, method: str) -> None:
    """Live at the old address and estimated at the new one, or without the method that was bought."""
    job = paid(ready=False)
    _rate_card(job, **{method: {"US": [475, 240]}})
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": 475})
    quote.of_order(job.order, country="US", region=job.order.region, zip_code=job.order.zip)
    upstream.mock.upsert("POST", f"{SHOP}/orders/shipping.json", status=503)
    assert changes.correct_address(job.order, EVANSTON)


def test_an_estimate_at_the_old_address_only_does_not_refuse_an_address_within_the_country(upstream: Upstream) -> None:
    job = paid(ready=False)
    _rate_card(job, standard={"US": [475, 240]})
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": 500})
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", status=503)
    assert changes.correct_address(job.order, EVANSTON)


def test_an_estimate_does_not_prove_the_price_in_another_country(upstream: Upstream) -> None:
    job = paid(ready=False)
    _rate_card(job, standard={"US": [475, 240], "CA": [427, 240]})
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", status=503)
    with pytest.raises(changes.NotPossible, match="cannot be checked"):
        changes.correct_address(job.order, TORONTO)
    assert again(job).revision == 1


def test_an_address_in_another_country_at_the_price_that_was_paid_needs_no_second_quote(upstream: Upstream) -> None:
    job = paid(ready=False)
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", json={"standard": job.order.shipping})
    upstream.mock.add("POST", f"{SHOP}/orders/shipping.json", status=503)
    assert changes.correct_address(job.order, TORONTO)


def test_an_address_nobody_ships_to_is_refused(upstream: Upstream) -> None:
    job = paid(ready=False)
    with pytest.raises(changes.NotPossible, match="Nobody"):
        changes.correct_address(job.order, Address("A B", "Rue 1", "", "Paris", "", "75001", "FR"))


@pytest.mark.django_db(transaction=True)
def test_two_presses_of_the_same_correction_make_one_revision(shipping: Upstream) -> None:
    job = created(ready=False)
    orders = [Order.objects.get(pk=job.order_id) for _ in range(2)]
    results = race(2, lambda: changes.correct_address(orders.pop(), EVANSTON))
    assert sorted(results) == [False, True]
    assert (again(job).revision, EarlierDraft.objects.count()) == (2, 1)
    assert kinds() == ["order_confirmed", "address_changed"]


def _conflict_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The first call of this function of `orders.emails` ends as PostgreSQL ends one side of a deadlock."""
    queue, conflicts = getattr(emails, name), [psycopg.errors.DeadlockDetected("ended")]

    def conflict_once(*given: Any, **named: Any) -> None:
        if conflicts:
            raise OperationalError("ended") from conflicts.pop()
        queue(*given, **named)

    monkeypatch.setattr("ilytat.integrations.transactions.PAUSE_SECONDS", 0)
    monkeypatch.setattr(emails, name, conflict_once)


@pytest.mark.django_db(transaction=True)
def test_a_correction_that_the_database_undid_is_written_again_without_another_quote(
    shipping: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = paid(ready=False)
    quoted: list[Address] = []

    def same_price(_order: Order, address: Address) -> dict[str, object]:
        quoted.append(address)
        return {}

    monkeypatch.setattr(changes, "_same_price", same_price)
    _conflict_once(monkeypatch, "address_changed")
    assert changes.correct_address(job.order, EVANSTON)
    assert lifecycle.address_of(Order.objects.get(pk=job.order_id)) == EVANSTON
    assert (again(job).revision, quoted) == (2, [EVANSTON])
    assert kinds() == ["order_confirmed", "address_changed"]


# --- Another size --------------------------------------------------------------------------------------


def test_a_size_is_swapped_for_one_of_the_same_price() -> None:
    job = paid(ready=False)
    line, medium = job.order.lines.get(), other_size(job)
    assert changes.swappable(job.order) == [line]
    assert changes.swap(line, medium)
    line.refresh_from_db()
    assert (line.printify_variant_id, line.label, line.sku) == (medium.variant_id, "White / M", medium.sku)
    assert again(job).request["line_items"][0]["variant_id"] == medium.variant_id
    assert not changes.swap(line, medium)
    assert again(job).revision == 2
    assert kinds() == ["order_confirmed", "order_changed"]
    changed_email = OutgoingEmail.objects.get(kind="order_changed").context
    assert (changed_email["before"], changed_email["after"]) == ("White / S", "White / M")
    assert [line["label"] for line in changed_email["lines"]] == ["White / M"]


@pytest.mark.django_db(transaction=True)
def test_a_swap_that_the_database_undid_is_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    job = paid(ready=False)
    line, medium = job.order.lines.get(), other_size(job)
    _conflict_once(monkeypatch, "order_changed")
    assert changes.swap(line, medium)
    line.refresh_from_db()
    assert (line.printify_variant_id, again(job).revision) == (medium.variant_id, 2)
    assert kinds() == ["order_confirmed", "order_changed"]


@pytest.mark.parametrize(
    "given",
    [{"price": 2599}, {"is_available": False}, {"is_enabled": False}, {"cost": 2600}],
    ids=["dearer", "sold out", "not offered", "made at a loss"],
)
def test_only_what_can_be_sold_at_the_same_price_is_offered(given: dict[str, Any]) -> None:
    job = paid(ready=False)
    line, other = job.order.lines.get(), other_size(job, **given)
    assert list(changes.alternatives(line)) == []
    assert changes.swappable(job.order) == []
    with pytest.raises(changes.NotPossible):
        changes.swap(line, other)
    assert again(job).revision == 1


def test_a_swap_that_comes_too_late_changes_nothing() -> None:
    job = printing()
    line, medium = job.order.lines.get(), other_size(job)
    with pytest.raises(ProductionStarted):
        changes.swap(line, medium)
    line.refresh_from_db()
    assert line.printify_variant_id != medium.variant_id


def test_after_two_changes_canceling_still_cancels_every_draft(upstream: Upstream) -> None:
    job = created(ready=False)
    changes.correct_address(job.order, EVANSTON)
    changed(job, printify_order_id=OTHER_ID, state="created")
    changes.cancel(Order.objects.get(pk=job.order_id))
    for order_id in (ORDER_ID, OTHER_ID):
        upstream.order("canceled", order_id=order_id)
    assert look(job).state == "canceled"
    assert EarlierDraft.objects.filter(gone_at__isnull=False).count() == 2
