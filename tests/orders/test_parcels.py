"""What Printify says after production began: parcels and mails once each, states forward only (C7 to C12, A11, A12)."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import Alert, InboundEvent
from notifications.models import OutgoingEmail
from orders.models import Fulfilment, Order, Shipment
from orders.registry import queue
from tests.orders.conftest import ORDER_ID, Upstream, again, changed, created, look, paid, printing
from tests.payloads import payload
from tests.racing import race
from tests.results import result_of

pytestmark = pytest.mark.django_db


def _parcel(number: str = "94001", *, delivered: bool = False, **given: Any) -> dict[str, Any]:
    when = "2026-11-23 10:00:00+00:00" if delivered else None
    values = {"carrier": "USPS", "number": number, "url": f"https://carrier.example/{number}", "delivered_at": when}
    return values | given


def _mails() -> list[str]:
    """The kinds of the mails after the confirmation, oldest first."""
    rows = OutgoingEmail.objects.exclude(kind="order_confirmed").order_by("pk")
    return list(rows.values_list("kind", flat=True))


def _event(name: str = "printify/event_order_updated", **given: Any) -> InboundEvent:
    body = payload(name, **given)
    inbox.receive("printify", body["id"], body["type"], body)
    return InboundEvent.objects.get(event_id=body["id"])


def _handle(event: InboundEvent) -> InboundEvent:
    jobs.work_one(inbox.queue, event.pk)
    event.refresh_from_db()
    return event


def test_a_parcel_is_kept_and_told_once_however_often_we_look(upstream: Upstream, settings: Settings) -> None:
    upstream.order("fulfilled", shipments=[_parcel()])
    job = look(look(printing()))
    assert job.state == "shipped"
    [shipment] = Shipment.objects.all()
    assert (shipment.carrier, shipment.number, shipment.delivered_at) == ("usps", "94001", None)
    assert shipment.url == "https://carrier.example/94001"
    assert _mails() == ["shipped"]
    wait = (job.next_at - timezone.now()).total_seconds()
    assert abs(wait - settings.POLL_MINUTES * 60) < 2


def test_parcels_of_a_partial_shipment_are_told_one_by_one(upstream: Upstream) -> None:
    upstream.order("partially-fulfilled", shipments=[_parcel("1")])
    job = look(printing())
    assert (job.state, _mails()) == ("in_production", ["shipped"])
    upstream.order("fulfilled", shipments=[_parcel("1", delivered=True), _parcel("2")])
    job = look(job)
    assert (job.state, _mails()) == ("shipped", ["shipped", "shipped", "delivered"])
    upstream.order("fulfilled", shipments=[_parcel("1", delivered=True), _parcel("2", delivered=True)])
    job = look(job)
    assert (job.state, _mails()) == ("delivered", ["shipped", "shipped", "delivered", "delivered"])
    assert not Fulfilment.due().exists(), "a delivered order is asked about no more"


def test_a_parcel_first_heard_of_when_delivered_is_told_both_ways(upstream: Upstream) -> None:
    upstream.order("fulfilled", shipments=[_parcel(delivered=True)])
    assert look(printing()).state == "delivered"
    assert _mails() == ["shipped", "delivered"]


def test_the_same_number_at_two_carriers_is_two_parcels(upstream: Upstream) -> None:
    upstream.order("fulfilled", shipments=[_parcel("7"), _parcel("7", carrier="UPS")])
    look(printing())
    assert Shipment.objects.count() == 2


def test_a_carrier_written_differently_is_still_one_parcel(upstream: Upstream) -> None:
    job = printing()
    upstream.order("fulfilled", shipments=[_parcel("7", carrier="USPS")])
    job = look(job)
    upstream.order("fulfilled", shipments=[_parcel("7", carrier={"code": "usps"})])
    look(job)
    assert Shipment.objects.count() == 1


def test_a_parcel_with_a_dangerous_link_is_kept_without_it(upstream: Upstream) -> None:
    upstream.order("fulfilled", shipments=[_parcel(url="javascript:alert(1)")])
    look(printing())
    assert Shipment.objects.get().url == ""


def test_an_older_word_never_takes_an_order_back(upstream: Upstream) -> None:
    upstream.order("fulfilled", shipments=[_parcel()])
    job = look(printing())
    for status in ("in-production", "on-hold", "pending"):
        upstream.order(status, shipments=[_parcel()])
        assert look(job).state == "shipped"
    assert _mails() == ["shipped"]


def test_fulfilled_without_a_parcel_is_not_called_shipped(upstream: Upstream) -> None:
    upstream.order("fulfilled", shipments=[])
    assert look(printing()).state == "in_production"
    assert _mails() == []


def test_an_early_order_without_the_later_keys_is_read(upstream: Upstream) -> None:
    found = upstream.order("in-production")
    for key in ("shipments", "sent_to_production_at", "fulfilled_at", "printify_connect", "total_tax"):
        del found[key]
    upstream.mock.upsert("GET", f"https://api.printify.com/v1/shops/1001/orders/{ORDER_ID}.json", json=found)
    job = look(printing())
    assert (job.state, job.upstream_status, job.upstream_cost) == ("in_production", "in-production", 1575)


def test_an_unknown_word_is_kept_and_told_and_changes_nothing(upstream: Upstream) -> None:
    upstream.order("ready-for-moon", shipments=[_parcel()])
    job = look(printing())
    assert (job.state, job.upstream_status) == ("in_production", "ready-for-moon")
    assert "ready-for-moon" in Alert.objects.get(key="status:ready-for-moon").message
    assert _mails() == ["shipped"], "the parcel is real whatever the word"


@pytest.mark.parametrize("status", ["canceled", "has-issues", "had-issues", "payment-not-received", "unfulfillable"])
def test_trouble_upstream_comes_to_rest_with_its_reason(upstream: Upstream, status: str) -> None:
    upstream.order(status)
    job = look(printing())
    assert job.state == "attention"
    assert status in job.last_error, "the admin shows why"
    [alert] = Alert.objects.all()
    assert status in alert.message
    assert alert.count == 1, "one look, one sighting"
    assert job.order.events.filter(what="attention").count() == 1
    assert job.lease_until is None


def test_trouble_heard_by_webhook_says_the_same(upstream: Upstream) -> None:
    upstream.order("has-issues")
    job = printing()
    assert _handle(_event()).outcome == "attention"
    job = again(job)
    assert job.state == "attention"
    assert "has-issues" in job.last_error
    [alert] = Alert.objects.all()
    assert "has-issues" in alert.message
    assert job.order.events.filter(what="attention").count() == 1


def test_trouble_that_was_overcome_leads_on_by_itself(upstream: Upstream) -> None:
    upstream.order("has-issues")
    job = look(printing())
    upstream.order("fulfilled", shipments=[_parcel()])
    _handle(_event())
    assert again(job).state == "shipped"
    assert _mails() == ["shipped"]


def test_a_delivered_order_is_not_troubled_any_more(upstream: Upstream) -> None:
    job = changed(printing(), state="delivered")
    upstream.order("canceled")
    assert result_of(_handle(_event())) == ("handled", "Nothing new.")
    assert again(job).state == "delivered"


def test_an_event_is_a_reason_to_read_the_order_not_to_believe_it(upstream: Upstream) -> None:
    upstream.order("in-production")
    job = printing()
    event = _handle(_event("printify/event_shipment_created"))
    assert result_of(event) == ("handled", "Nothing new.")
    assert not Shipment.objects.exists(), "Printify's order carries no parcel"
    assert again(job).state == "in_production"


def test_production_that_began_without_us_is_told_also_when_the_webhook_is_first(upstream: Upstream) -> None:
    upstream.order("in-production")
    job = created()
    assert _handle(_event()).outcome == "handled"
    assert again(job).state == "in_production"
    assert Alert.objects.filter(key=f"approval:{job.external_id}").exists()


def test_news_of_an_order_whose_id_we_do_not_know_yet_waits_for_the_submitter(upstream: Upstream) -> None:
    job = paid()
    found = upstream.order("on-hold")
    found["metadata"]["shop_order_id"] = job.external_id
    upstream.mock.upsert("GET", f"https://api.printify.com/v1/shops/1001/orders/{ORDER_ID}.json", json=found)
    assert result_of(_handle(_event())) == ("late", "The worker that submits the order will read it.")
    assert again(job).printify_order_id is None


def test_news_of_an_earlier_revision_is_late(upstream: Upstream) -> None:
    job = printing("the-new-revision")
    found = upstream.order("canceled")
    found["metadata"]["shop_order_id"] = job.external_id
    upstream.mock.upsert("GET", f"https://api.printify.com/v1/shops/1001/orders/{ORDER_ID}.json", json=found)
    assert _handle(_event()).outcome in {"ignored", "late"}
    assert again(job).state == "in_production"


def test_somebody_elses_order_is_ignored(upstream: Upstream) -> None:
    upstream.order("in-production")
    event = _handle(_event())
    assert (event.state, *result_of(event)) == ("done", "ignored", "It is not about an order of this shop.")


def test_printify_being_down_keeps_the_event_for_later(upstream: Upstream) -> None:
    upstream.mock.add(
        "GET", f"https://api.printify.com/v1/shops/1001/orders/{ORDER_ID}.json", body=requests.ReadTimeout()
    )
    event = _handle(_event())
    assert (event.state, event.attempts) == ("new", 1)


@pytest.mark.django_db(transaction=True)
def test_poll_and_webhook_at_once_keep_one_parcel_and_write_one_mail(upstream: Upstream) -> None:
    job = printing()
    upstream.order("fulfilled", shipments=[_parcel("1"), _parcel("2", delivered=True)])
    first, second = _event(), _event("printify/event_shipment_created")
    changed(job, next_at=timezone.now())
    turns = iter([(inbox.queue, first.pk), (queue, job.pk), (inbox.queue, second.pk)])
    race(3, lambda: jobs.work_one(*next(turns)))  # type: ignore[arg-type]  # three queues of two kinds
    assert Shipment.objects.count() == 2
    assert sorted(_mails()) == ["delivered", "shipped", "shipped"]
    assert again(job).state == "shipped"
    assert job.order.events.filter(what="fulfilment", new="shipped").count() == 1


@pytest.mark.parametrize(("hours", "state"), [(1, "in_production"), (3, "attention")])
def test_what_waits_again_long_after_production_was_asked_for_needs_a_person(
    upstream: Upstream, hours: int, state: str
) -> None:
    """Out of stock, or held by Printify's own people: nobody would hear of it otherwise."""
    upstream.order("on-hold")
    job = changed(printing(), sent_at=timezone.now() - timedelta(hours=hours))
    assert look(job).state == state
    assert Alert.objects.filter(closed_at=None).exists() is (state == "attention")


@pytest.mark.parametrize("written", ["{:%Y-%m-%d %H:%M:%S}+00:00", "{:%Y-%m-%dT%H:%M:%S}Z", "{:%Y-%m-%dT%H:%M:%S}"])
def test_a_parcel_arrived_when_printify_says_and_not_when_we_looked(upstream: Upstream, written: str) -> None:
    arrived = (timezone.now() - timedelta(days=3)).replace(microsecond=0)
    job = ordered_a_week_ago()
    upstream.order("fulfilled", shipments=[_parcel(delivered_at=written.format(arrived))])
    look(job)
    assert Shipment.objects.get().delivered_at == arrived


def ordered_a_week_ago() -> Fulfilment:
    job = printing()
    Order.objects.filter(pk=job.order_id).update(placed_at=timezone.now() - timedelta(days=7))
    return again(job)


@pytest.mark.parametrize(
    "odd", ["yes", True, 1653000000, ["x"], "1970-01-01 00:00:00+00:00", "9000-01-01 00:00:00+00:00"], ids=ascii
)
def test_a_parcel_delivered_at_no_possible_moment_is_delivered_now(upstream: Upstream, odd: object) -> None:
    before = timezone.now()
    upstream.order("fulfilled", shipments=[_parcel(delivered_at=odd)])
    assert look(ordered_a_week_ago()).state == "delivered"
    [shipment] = Shipment.objects.all()
    assert shipment.delivered_at
    assert before <= shipment.delivered_at <= timezone.now()


def test_the_event_says_when_a_parcel_arrived_if_the_order_does_not(upstream: Upstream) -> None:
    arrived = (timezone.now() - timedelta(days=2)).replace(microsecond=0)
    job = ordered_a_week_ago()
    upstream.order("fulfilled", shipments=[_parcel(delivered_at="yes"), _parcel("94002", delivered_at="yes")])
    body = payload("printify/event_shipment_created", type="order:shipment:delivered")
    body["resource"]["id"] = ORDER_ID
    carrier = {"code": "USPS", "tracking_number": "94001"}
    body["resource"]["data"] |= {"carrier": carrier, "delivered_at": f"{arrived:%Y-%m-%d %H:%M:%S}+00:00"}
    inbox.receive("printify", body["id"], body["type"], body)
    _handle(InboundEvent.objects.get())
    assert again(job).state == "delivered"
    first, second = Shipment.objects.order_by("pk")
    assert first.delivered_at == arrived
    assert second.delivered_at
    assert second.delivered_at > arrived
