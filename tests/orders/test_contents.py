"""What is in which parcel and still to come, and what Printify changes or charges behind our back (C10, E7, E8)."""

import uuid
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from catalog.printify.orders import read_order
from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import Alert, InboundEvent
from notifications import rendering
from notifications.models import OutgoingEmail
from orders import lifecycle, shipments
from orders.lifecycle import ProductionStarted
from orders.models import Fulfilment, Order, Shipment, ShipmentLine, shipping
from tests import factories
from tests.orders.conftest import ORDER_ID, OTHER_ID, Upstream, again, changed, created, look, paid, printing
from tests.pages import text
from tests.payloads import payload
from tests.results import result_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sandbox_prints(settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False


def two_lines(order_id: str = ORDER_ID, *, mug_from: int = 7) -> Fulfilment:
    """A mug and a tee, from two print providers."""
    tee = factories.variant(factories.product(upstream_title="Tee", print_provider_id=99))
    mug = factories.variant(factories.product(upstream_title="Mug", print_provider_id=mug_from))
    order = factories.order(tee, mug)
    assert lifecycle.mark_paid(order, who="test")
    job = Fulfilment.objects.get(order=order)
    return changed(job, state="in_production", printify_order_id=order_id, sent_at=job.created_at)


def lines(job: Fulfilment, *left: str) -> list[dict[str, Any]]:
    """As Printify shows them; those whose title is in `left` have been sent."""
    return [
        {
            "id": f"li{line.pk}",
            "product_id": line.printify_product_id,
            "variant_id": line.printify_variant_id,
            "quantity": line.quantity,
            "print_provider_id": line.product.print_provider_id if line.product else 0,
            "status": "fulfilled" if line.title in left else "in-production",
            "metadata": {"sku": line.sku, "external_id": f"{job.order.number}-{line.pk}"},
        }
        for line in job.order.lines.all()
    ]


def parcel(number: str, *, delivered: bool = False) -> dict[str, Any]:
    return {
        "carrier": "usps",
        "number": number,
        "url": "",
        "delivered_at": "2026-11-23 10:00:00+00:00" if delivered else None,
    }


def told(kind: str) -> list[tuple[list[str], list[str]]]:
    """(in the parcel, still to come) of each mail."""
    mails = OutgoingEmail.objects.filter(kind=kind).order_by("pk")
    return [([x["title"] for x in m.context["lines"]], [x["title"] for x in m.context["still_to_come"]]) for m in mails]


def test_each_parcel_lists_its_own_lines_and_what_is_still_to_come(upstream: Upstream, client: Client) -> None:
    job = two_lines()
    upstream.order("partially-fulfilled", shipments=[parcel("1")], line_items=lines(job, "Mug"))
    job = look(job)
    assert told("shipped") == [(["Mug"], ["Tee"])]
    page = text(client.get(job.order.get_absolute_url()))
    assert "1 × Mug, White / S" in page
    assert "Still to come 1 × Tee" in page
    assert "Part of your order has shipped" in page
    upstream.order("fulfilled", shipments=[parcel("1"), parcel("2")], line_items=lines(job, "Mug", "Tee"))
    job = look(job)
    assert told("shipped")[1] == (["Tee"], [])
    assert [row.provider_id for row in Shipment.objects.order_by("pk")] == [7, 99]
    assert "Still to come" not in text(client.get(job.order.get_absolute_url()))
    upstream.order(
        "fulfilled", shipments=[parcel("1", delivered=True), parcel("2")], line_items=lines(job, "Mug", "Tee")
    )
    look(job)
    assert told("delivered") == [(["Mug"], [])]


def subjects(kind: str) -> list[str]:
    mails = OutgoingEmail.objects.filter(kind=kind).order_by("pk")
    return [rendering.render(kind, "en", mail.context).subject for mail in mails]


def test_emails_count_parcels_and_never_claim_everything_while_something_has_not_left(upstream: Upstream) -> None:
    job = two_lines()
    name = job.order.number
    first, second = parcel("1", delivered=True), parcel("2", delivered=True)
    upstream.order("partially-fulfilled", shipments=[first], line_items=lines(job, "Mug"))
    job = look(job)
    assert subjects("shipped") == [f"Part of order {name} has shipped"]
    assert subjects("delivered") == [f"Part of order {name} has arrived"]
    upstream.order("fulfilled", shipments=[first, parcel("2")], line_items=lines(job, "Mug", "Tee"))
    job = look(job)
    assert subjects("shipped")[1:] == [f"Part of order {name} has shipped (2 of 2)"]
    upstream.order("fulfilled", shipments=[first, second], line_items=lines(job, "Mug", "Tee"))
    look(job)
    assert subjects("delivered")[1:] == [f"Everything in order {name} has arrived"]


def test_an_order_in_one_parcel_has_shipped_and_arrived_as_a_whole(upstream: Upstream) -> None:
    job = two_lines(mug_from=99)
    upstream.order("fulfilled", shipments=[parcel("1", delivered=True)], line_items=lines(job, "Mug", "Tee"))
    look(job)
    assert subjects("shipped") == [f"Your order {job.order.number} has shipped"]
    assert subjects("delivered") == [f"Your order {job.order.number} has arrived"]


def test_two_parcels_that_arrive_at_once_are_counted_one_after_the_other(upstream: Upstream) -> None:
    job = two_lines()
    both = [parcel("1", delivered=True), parcel("2", delivered=True)]
    upstream.order("fulfilled", shipments=both, line_items=lines(job, "Mug", "Tee"))
    look(job)
    name = job.order.number
    assert subjects("delivered") == [
        f"Part of order {name} has arrived (1 of 2)",
        f"Everything in order {name} has arrived",
    ]


def test_two_parcels_at_once_say_nothing_that_is_not_known(upstream: Upstream) -> None:
    job = two_lines()
    upstream.order("fulfilled", shipments=[parcel("1"), parcel("2")], line_items=lines(job, "Mug", "Tee"))
    look(job)
    assert told("shipped") == [(["Tee", "Mug"], []), (["Tee", "Mug"], [])]


def packed() -> dict[str, list[tuple[str, int]]]:
    """What is stored as in each parcel."""
    rows = Shipment.objects.order_by("pk").prefetch_related("lines__line")
    return {row.number: [(x.line.title, x.quantity) for x in row.lines.all()] for row in rows}


def shipment_event(number: str, sku: str) -> None:
    body = payload("printify/event_shipment_created", id=str(uuid.uuid4()))
    body["resource"]["id"] = ORDER_ID
    body["resource"]["data"] |= {"skus": [sku], "carrier": {"code": "USPS", "tracking_number": number}}
    inbox.receive("printify", body["id"], body["type"], body)
    jobs.work_one(inbox.queue, InboundEvent.objects.latest("pk").pk)


def test_the_event_of_a_shipment_says_what_is_in_it_and_so_in_the_other(upstream: Upstream) -> None:
    job = two_lines()
    upstream.order("fulfilled", shipments=[parcel("1"), parcel("2")], line_items=lines(job, "Mug", "Tee"))
    shipment_event("1", job.order.lines.get(title="Tee").sku)
    assert packed() == {"1": [("Tee", 1)], "2": [("Mug", 1)]}
    assert told("shipped") == [(["Tee"], []), (["Mug"], [])]


def test_contents_named_after_the_parcel_was_stored_are_added_once(upstream: Upstream, client: Client) -> None:
    job = two_lines()
    upstream.order("fulfilled", shipments=[parcel("1"), parcel("2")], line_items=lines(job, "Mug", "Tee"))
    job = look(job)
    assert packed() == {"1": [], "2": []}
    for _delivery in range(2):
        shipment_event("1", job.order.lines.get(title="Tee").sku)
    assert packed() == {"1": [("Tee", 1)], "2": [("Mug", 1)]}
    assert [row.provider_id for row in Shipment.objects.order_by("pk")] == [99, 7]
    assert len(told("shipped")) == 2, "a parcel is told once"
    page = text(client.get(job.order.get_absolute_url()))
    assert "1 × Tee, White / S" in page


def test_a_parcel_after_two_unknown_ones_is_not_said_to_hold_everything(upstream: Upstream) -> None:
    job = two_lines()
    upstream.order("partially-fulfilled", shipments=[parcel("1"), parcel("2")], line_items=lines(job, "Mug"))
    job = look(job)
    upstream.order("fulfilled", shipments=[parcel("1"), parcel("2"), parcel("3")], line_items=lines(job, "Mug", "Tee"))
    look(job)
    assert packed() == {"1": [], "2": [], "3": []}


def test_part_of_a_line_in_a_parcel_leaves_the_rest_to_come() -> None:
    job = two_lines()
    tee, mug = job.order.lines.all()
    tee.quantity = 3
    shipment = Shipment.objects.create(fulfilment=job, carrier="usps", number="1")
    shipment.lines.create(line=tee, quantity=1)
    contents = shipping.distribute({tee.pk: tee, mug.pk: mug}, [shipment])
    assert [(x.line.title, x.quantity) for x in contents.by_parcel[shipment.pk]] == [("Tee", 1)]
    assert [(x.line.title, x.quantity) for x in contents.still_to_come] == [("Tee", 2), ("Mug", 1)]


def test_a_shipment_line_of_none_is_refused_by_the_database() -> None:
    job = two_lines()
    shipment = Shipment.objects.create(fulfilment=job, carrier="usps", number="1")
    with pytest.raises(IntegrityError), transaction.atomic():
        shipment.lines.create(line=job.order.lines.all()[0], quantity=0)


def test_a_line_cannot_be_twice_in_a_shipment_nor_deleted_while_it_is_in_one() -> None:
    job = two_lines()
    tee = job.order.lines.get(title="Tee")
    shipment = Shipment.objects.create(fulfilment=job, carrier="usps", number="1")
    shipment.lines.create(line=tee, quantity=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        shipment.lines.create(line=tee, quantity=1)
    with pytest.raises(ProtectedError):
        tee.delete()
    shipment.delete()
    assert not ShipmentLine.objects.exists()


def test_three_parcels_are_read_and_mailed_in_as_many_reads_as_one(upstream: Upstream) -> None:
    reads = []
    for numbers in (["1"], ["1", "2", "3"]):
        job = two_lines(f"{ORDER_ID[:-1]}{len(numbers)}")
        found = upstream.order(
            "fulfilled",
            order_id=str(job.printify_order_id),
            shipments=[parcel(number, delivered=True) for number in numbers],
            line_items=lines(job, "Mug", "Tee"),
        )
        skus = {"1": [job.order.lines.get(title="Tee").sku]}
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            assert shipments.record_parcels(again(job), read_order(found), skus)
        reads.append([x["sql"] for x in queries if x["sql"].startswith("SELECT")])
    assert len(told("shipped")) == len(told("delivered")) == 4
    assert len(reads[0]) == len(reads[1]), reads


def test_a_line_that_printify_replaced_is_told_to_staff_once(upstream: Upstream) -> None:
    job = two_lines()
    items = lines(job)
    items[0]["variant_id"] = 999
    upstream.order("in-production", line_items=items)
    look(look(job))
    [alert] = Alert.objects.all()
    assert alert.key == f"replaced:{items[0]['metadata']['external_id']}"
    assert again(job).state == "in_production"


def test_what_costs_more_than_was_paid_is_held_until_a_person_accepts_the_loss(upstream: Upstream) -> None:
    upstream.order("on-hold", total_price=9000)
    job = look(created())
    assert (job.state, len(job.open_holds), job.sent_at) == ("created", 1, None)
    assert "Printify charges $94.75, the buyer paid $29.74" in job.held_because
    assert upstream.asked("POST", "/send_to_production.json") == []
    source = ATTENTION_SOURCES["holds"]
    [row] = source.rows()
    assert row.costs == "The buyer paid $29.74; Printify charges $94.75."
    upstream.answers_production()
    source.actions["release"].run(row.pk, "eva")
    assert look(job).state == "in_production"


def test_what_printify_canceled_is_submitted_anew_under_another_id(upstream: Upstream) -> None:
    upstream.order("canceled")
    job = look(created())
    assert job.state == "attention"
    source = ATTENTION_SOURCES["printing"]
    assert next(iter(source.rows())).actions == ("retry", "anew", "cancel")
    source.actions["anew"].run(job.pk, "eva")
    upstream.creates(OTHER_ID)
    job = look(job)
    assert (job.state, job.printify_order_id, job.external_id) == ("created", OTHER_ID, f"{job.order.number}-2")


def test_trouble_after_production_is_printed_again_once(upstream: Upstream) -> None:
    upstream.order("canceled")
    job = look(printing())
    source = ATTENTION_SOURCES["printing"]
    assert "R1" in source.actions["reprint"].run(job.pk, "eva")
    assert source.actions["reprint"].run(job.pk, "eva") == "It was dealt with already."
    assert Order.objects.filter(reprint_of=job.order).count() == 1


def test_production_that_began_by_itself_cannot_be_called_off_any_more(upstream: Upstream) -> None:
    upstream.order("in-production")
    job = look(created())
    assert job.sent_at, "the buyer is told the truth: it is printing"
    with pytest.raises(ProductionStarted):
        lifecycle.cancel(job.order, who="buyer")


def test_an_address_printify_refuses_asks_for_a_person_with_its_own_words(upstream: Upstream) -> None:
    upstream.answers_create(status=400, json=payload("printify/refused_address"))
    job = look(paid())
    assert job.state == "attention"
    assert "zip" in job.last_error.lower() or "address" in job.last_error.lower()


def test_news_of_a_draft_that_was_taken_back_changes_nothing(upstream: Upstream) -> None:
    job = created()
    with transaction.atomic():
        lifecycle.revise(job.order, who="buyer", what="address changed")
    upstream.order("canceled")
    body = payload("printify/event_order_updated")
    inbox.receive("printify", body["id"], body["type"], body)
    jobs.work_one(inbox.queue, InboundEvent.objects.get().pk)
    assert result_of(InboundEvent.objects.get()) == ("late", "It is about an earlier draft, which was taken back.")
    assert again(job).state == "new"


def test_staff_read_what_is_in_each_parcel_in_as_many_queries_for_three_as_for_one(
    upstream: Upstream, admin_client: Client
) -> None:
    job = two_lines()
    urls = [f"/admin/orders/{name}/change/" for name in (f"order/{job.order_id}", f"fulfilment/{job.pk}")]
    counts = []
    for number in ("1", "2", "3"):
        shipment = Shipment.objects.create(fulfilment=job, carrier="usps", number=number)
        for line in job.order.lines.all():
            shipment.lines.create(line=line, quantity=1)
        for url in urls:
            with CaptureQueriesContext(connection) as queries:
                assert "1 × Tee (White / S), 1 × Mug (White / S)" in text(admin_client.get(url))
            counts.append(len(queries))
    assert counts[-2:] == counts[2:4], "the first look also warms the session up"
