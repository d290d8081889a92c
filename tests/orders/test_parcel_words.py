"""What page and emails say of parcels is what Printify said, in the same words."""

import html
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import alerts
from ilytat.integrations.models import Alert
from ilytat.integrations.privacy import find
from notifications import rendering
from notifications.models import OutgoingEmail
from orders import delivery_followup, emails, lifecycle, privacy
from orders.models import Fulfilment, Order
from tests.orders.conftest import Upstream, again, changed, look
from tests.orders.test_contents import lines, packed, parcel, subjects, told, two_lines
from tests.pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _sandbox_prints(settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False


def page(job: Fulfilment) -> str:
    return text(Client().get(job.order.get_absolute_url()))


def latest_email() -> str:
    email = OutgoingEmail.objects.filter(kind__in=["shipped", "delivered"]).latest("pk")
    rendered = rendering.render(email.kind, "en", email.context)
    return f"{rendered.subject} {rendered.html}"


def arrived(*numbers: str) -> list[dict[str, Any]]:
    return [parcel(number, delivered=True) for number in numbers]


def test_one_line_in_two_parcels_has_not_all_arrived_until_printify_says_that_all_has_left(upstream: Upstream) -> None:
    job = two_lines(mug_from=99)
    job.order.lines.filter(title="Tee").update(quantity=2)
    upstream.order("partially-fulfilled", shipments=arrived("1"), line_items=lines(job, "Mug", "Tee"))
    job = look(job)
    name = job.order.number
    assert subjects("shipped") == [f"Part of order {name} has shipped"]
    assert subjects("delivered") == [f"Part of order {name} has arrived"]
    assert (job.state, job.parcel_count) == ("in_production", 0)
    assert "Part of your order has arrived" in page(job)
    upstream.order("fulfilled", shipments=[*arrived("1"), parcel("2")], line_items=lines(job, "Mug", "Tee"))
    job = look(job)
    assert subjects("shipped")[1:] == [f"Part of order {name} has shipped (2 of 2)"]
    upstream.order("fulfilled", shipments=arrived("1", "2"), line_items=lines(job, "Mug", "Tee"))
    job = look(job)
    assert subjects("delivered")[1:] == [f"Everything in order {name} has arrived"]
    assert (job.state, job.parcel_count) == ("delivered", 2)


def without_the_second_number(upstream: Upstream) -> Fulfilment:
    """Two print providers have sent their lines; only one parcel is named, and it has arrived."""
    job = two_lines()
    upstream.order("fulfilled", shipments=arrived("1"), line_items=lines(job, "Mug", "Tee"))
    return look(job)


def test_two_providers_with_one_number_have_not_delivered_everything(upstream: Upstream) -> None:
    job = without_the_second_number(upstream)
    name = job.order.number
    assert (job.state, job.parcel_count, packed()) == ("shipped", 0, {"1": []})
    assert subjects("shipped") == [f"Part of order {name} has shipped"]
    assert subjects("delivered") == [f"Part of order {name} has arrived"]
    email = OutgoingEmail.objects.get(kind="shipped")
    assert "In this parcel" not in rendering.render("shipped", "en", email.context).text
    assert "Part of your order has arrived The rest of your order comes separately." in page(job)
    upstream.order("fulfilled", shipments=arrived("1", "2"), line_items=lines(job, "Mug", "Tee"))
    job = look(job)
    assert subjects("delivered")[1:] == [f"Everything in order {name} has arrived"]
    assert job.state == "delivered"


def test_a_number_that_never_comes_ends_as_an_order_without_any(upstream: Upstream) -> None:
    job = without_the_second_number(upstream)
    Order.objects.filter(pk=job.order_id).update(arrives_until=timezone.localdate() - timedelta(days=2))
    delivery_followup.ask_buyers()
    assert OutgoingEmail.objects.filter(kind="arrival_asked").count() == 1
    assert "Tell us" in page(job)
    changed(job, asked_at=timezone.now() - delivery_followup.ANSWER_TIME - timedelta(days=1))
    delivery_followup.close_unanswered()
    job = again(job)
    assert job.state == "ended"
    assert "No carrier told us that all of it arrived." in page(job)


def test_a_tracked_parcel_on_its_way_still_gives_the_carrier_a_week(upstream: Upstream) -> None:
    job = two_lines()
    upstream.order("fulfilled", shipments=[*arrived("1"), parcel("2")], line_items=lines(job, "Mug", "Tee"))
    job = look(job)
    job.shipments.update(shipped_at=timezone.now() - timedelta(days=40))
    Order.objects.filter(pk=job.order_id).update(arrives_until=timezone.localdate() - timedelta(days=2))
    delivery_followup.ask_buyers()
    assert not OutgoingEmail.objects.filter(kind="arrival_asked").exists()


def test_a_replaced_parcel_is_counted_once(upstream: Upstream) -> None:
    job = two_lines()
    left = lines(job, "Mug", "Tee")
    upstream.order("fulfilled", shipments=[parcel("1"), parcel("2")], line_items=left)
    job = look(job)
    upstream.order("fulfilled", shipments=[parcel("1"), parcel("3")], line_items=left)
    job = look(job)
    name = job.order.number
    assert subjects("shipped")[-1] == f"Part of order {name} has shipped (2 of 2)"
    upstream.order("fulfilled", shipments=arrived("1", "3"), line_items=left)
    job = look(job)
    assert subjects("delivered")[-1] == f"Everything in order {name} has arrived"
    assert "Everything has arrived" in page(job)


@pytest.mark.parametrize(
    ("mug_from", "status", "left", "shipments", "words"),
    [
        (7, "partially-fulfilled", ["Mug"], [parcel("1")], "Part of your order has shipped"),
        (7, "partially-fulfilled", ["Mug"], arrived("1"), "Part of your order has arrived"),
        (7, "fulfilled", ["Mug", "Tee"], [parcel("1")], "Part of your order has shipped"),
        (7, "fulfilled", ["Mug", "Tee"], arrived("1"), "Part of your order has arrived"),
        (7, "fulfilled", ["Mug", "Tee"], [*arrived("1"), parcel("2")], "1 of 2 packages has arrived"),
        (7, "fulfilled", ["Mug", "Tee"], arrived("1", "2"), "Everything has arrived"),
        (99, "fulfilled", ["Mug", "Tee"], arrived("1"), "It has arrived"),
    ],
    ids=["part left", "part came", "no number", "no number, part came", "one of two", "both", "one parcel"],
)
def test_page_and_latest_email_use_the_same_words(
    upstream: Upstream, mug_from: int, status: str, left: list[str], shipments: list[dict[str, Any]], words: str
) -> None:
    job = two_lines(mug_from=mug_from)
    upstream.order(status, shipments=shipments, line_items=lines(job, *left))
    job = look(job)
    assert words in page(job)
    assert words in latest_email()


# --- A line that Printify canceled --------------------------------------------------------------------------


def without_tee(job: Fulfilment, *left: str) -> list[dict[str, Any]]:
    """Printify has canceled the tee."""
    items = lines(job, *left)
    return [items[0] | {"status": "canceled"}, items[1]]


def test_a_canceled_line_is_not_said_to_be_coming(upstream: Upstream) -> None:
    job = two_lines()
    upstream.order("fulfilled", shipments=[parcel("1")], line_items=without_tee(job, "Mug"))
    job = look(look(job))
    name = job.order.number
    assert (job.state, job.parcel_count, packed()) == ("shipped", 1, {"1": [("Mug", 1)]})
    assert subjects("shipped") == [f"Your order {name} has shipped"]
    assert told("shipped") == [(["Mug"], [])]
    rendered = rendering.render("shipped", "en", OutgoingEmail.objects.get(kind="shipped").context)
    for words in (page(job), html.unescape(rendered.html), rendered.text):
        assert "Still to come" not in words
        assert "Not coming" in words
        assert "canceled this item, so it isn't coming" in words
    upstream.order("fulfilled", shipments=arrived("1"), line_items=without_tee(job, "Mug"))
    job = look(job)
    assert job.state == "delivered"
    assert subjects("delivered") == [f"Your order {name} has arrived"]


def test_staff_are_told_once_that_a_line_was_canceled_and_that_its_money_is_due(upstream: Upstream) -> None:
    job = two_lines()
    upstream.order("in-production", line_items=without_tee(job))
    job = look(look(job))
    [alert] = Alert.objects.all()
    tee = job.order.lines.get(title="Tee")
    assert (alert.key, alert.count) == (f"canceled:{job.order.number}-{tee.pk}", 1)
    assert "refund this line" in alert.next_step
    assert alert.key in identified(job.order)
    alerts.close_alert(alert.key)
    look(job)
    assert not Alert.objects.filter(closed_at=None).exists()


def identified(order: Order) -> frozenset[str]:
    """The alerts that an erasure of the order's buyer reaches."""
    return privacy.identify(find(order.email)).alert_keys


def test_an_order_canceled_as_a_whole_is_one_matter_for_staff(upstream: Upstream) -> None:
    job = two_lines()
    items = [item | {"status": "canceled"} for item in lines(job)]
    upstream.order("canceled", line_items=items)
    job = look(job)
    assert job.state == "attention"
    assert not job.order.lines.exclude(upstream_status="").exists()


def test_a_line_shown_canceled_and_replaced_is_coming(upstream: Upstream) -> None:
    job = two_lines()
    items = lines(job)
    upstream.order("in-production", line_items=[*items, items[0] | {"status": "canceled"}])
    job = look(job)
    assert [line.upstream_status for line in job.order.lines.all()] == ["in-production"] * 2


def test_a_new_revision_forgets_what_was_canceled_of_the_earlier_one(upstream: Upstream) -> None:
    job = changed(two_lines(), state="created", sent_at=None)
    job.order.lines.update(upstream_status="canceled")
    lifecycle.revise(job.order, who="buyer", what="address changed")
    assert not any(line.is_canceled for line in job.order.lines.all())


def test_the_page_says_when_a_canceled_line_was_refunded(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    job = two_lines()
    upstream.order("in-production", line_items=without_tee(job))
    job = look(job)
    assert "email you about a refund or a replacement" in page(job)
    tee = job.order.lines.get(title="Tee")
    monkeypatch.setattr("orders.refunding.given", lambda _order: {tee.pk: 1})
    assert "Our printer canceled this, so it isn't coming. We refunded it." in page(job)


@pytest.mark.parametrize("kind", ["shipped", "arrival_asked", "late_parcel"])
def test_emails_about_what_comes_leave_out_a_canceled_line(kind: str) -> None:
    job = two_lines()
    job.order.lines.filter(title="Tee").update(upstream_status="canceled")
    job = again(job)
    if kind == "shipped":
        emails.shipped_untracked(job)
    elif kind == "arrival_asked":
        emails.arrival_asked(job, answer_by=timezone.localdate())
    else:
        emails.late_parcel(job.order, emails.travelling(job))
    assert [line["title"] for line in OutgoingEmail.objects.get(kind=kind).context["lines"]] == ["Mug"]
