"""Orders nobody reports on: left without a number, never said to have arrived, never finished. All of them end."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations import alerts, inbox, jobs
from ilytat.integrations.models import Alert
from ilytat.integrations.privacy import find
from notifications.models import OutgoingEmail
from orders import attention as ways
from orders import claims, delivery_followup, lifecycle, privacy, tasks
from orders.models import Fulfilment, Order
from orders.models.claim import ClaimKind
from orders.states import FulfilmentState
from tests.orders.conftest import Upstream, again, changed, look, printing
from tests.pages import text
from tests.payloads import payload

pytestmark = pytest.mark.django_db
NOW = timezone.now
DAY = timedelta(days=1)


def promised(days_ago: int, job: Fulfilment) -> Fulfilment:
    """Its last day of arrival was so many days ago."""
    Order.objects.filter(pk=job.order_id).update(arrives_until=timezone.localdate() - days_ago * DAY)
    return again(job)


def shipped(days_ago: int, *, tracked: bool = True, left: int = 40, **given: Any) -> Fulfilment:
    job = changed(promised(days_ago, printing(**given)), state=FulfilmentState.SHIPPED, left_at=NOW() - left * DAY)
    if tracked:
        job.shipments.create(carrier="usps", number=f"94{job.pk}", shipped_at=NOW() - left * DAY)
    return job


def asked(**given: Any) -> Fulfilment:
    """And nobody answered for more than two weeks."""
    return changed(shipped(30, **given), asked_at=NOW() - delivery_followup.ANSWER_TIME - DAY)


def kinds() -> list[str]:
    return list(OutgoingEmail.objects.exclude(kind="order_confirmed").order_by("pk").values_list("kind", flat=True))


# --- Left without a number ------------------------------------------------------------------------------


def test_a_number_may_follow_within_a_day(upstream: Upstream) -> None:
    upstream.order("fulfilled", shipments=[])
    job = look(printing())
    assert (job.state, kinds()) == ("in_production", [])
    assert job.left_at
    upstream.order("fulfilled", shipments=[{"carrier": "usps", "number": "1", "url": "", "delivered_at": None}])
    assert look(job).state == "shipped"
    assert OutgoingEmail.objects.get(kind="shipped").context["parcel"]["number"] == "1"


def test_without_one_it_is_shipped_all_the_same_and_told_once(upstream: Upstream) -> None:
    upstream.order("fulfilled", shipments=[])
    job = look(changed(printing(), left_at=NOW() - delivery_followup.NUMBER_COMES - DAY))
    assert (job.state, look(job).state) == ("shipped", "shipped")
    [mail] = OutgoingEmail.objects.filter(kind="shipped")
    assert mail.context["parcel"] == {"carrier": "", "number": "", "url": ""}


def test_a_number_that_comes_later_still_is_told(upstream: Upstream) -> None:
    upstream.order("fulfilled", shipments=[])
    job = look(changed(printing(), left_at=NOW() - 2 * DAY))
    upstream.order("fulfilled", shipments=[{"carrier": "usps", "number": "1", "url": "", "delivered_at": None}])
    assert look(job).state == "shipped"
    assert kinds() == ["shipped", "shipped"]


def test_the_page_says_that_there_is_nothing_to_follow(client: Client) -> None:
    job = shipped(-3, tracked=False)
    assert "without a tracking number" in text(client.get(job.order.get_absolute_url()))


# --- Asking Printify ever more seldom ----------------------------------------------------------------------


@pytest.mark.parametrize(("late", "minutes"), [(-5, 20), (0, 20), (1, 40), (3, 160), (7, 24 * 60), (400, 24 * 60)])
def test_printify_is_asked_ever_more_seldom(settings: Settings, late: int, minutes: float) -> None:
    settings.POLL_MINUTES = 20.0
    assert delivery_followup.poll_interval(promised(late, printing()).order) == minutes * 60


def test_a_look_at_what_is_late_sets_the_longer_pause(upstream: Upstream, settings: Settings) -> None:
    settings.POLL_MINUTES = 20.0
    upstream.order("in-production")
    job = look(promised(2, printing()))
    assert abs((job.next_at - NOW()).total_seconds() - 80 * 60) < 60


def test_an_order_that_promised_no_day_has_a_usual_one() -> None:
    order = printing().order
    order.arrives_until = None
    assert delivery_followup.last_day(order) == timezone.localdate(order.paid_at) + delivery_followup.USUAL


# --- Never finished ----------------------------------------------------------------------------------------


def test_what_is_made_without_end_comes_before_staff_and_again_two_weeks_later(upstream: Upstream) -> None:
    upstream.order("in-production")
    job = look(promised(delivery_followup.STUCK.days, printing()))
    assert job.state == "in_production"
    job = look(promised(delivery_followup.STUCK.days + 1, job))
    assert (job.state, job.last_error) == ("attention", delivery_followup.OVERDUE)
    assert Alert.objects.get().message.endswith(delivery_followup.OVERDUE)
    assert lifecycle.retry(job, who="eva")
    job.order.events.update(why="Other words, which decide nothing.")
    job = look(job)
    assert job.state == "in_production", "staff have chosen to wait"
    job.order.events.filter(what=delivery_followup.OVERDUE_EVENT).update(at=NOW() - delivery_followup.STUCK - DAY)
    assert look(job).state == "attention"


# --- Never reported ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("job", "is_asked"),
    [
        (lambda: shipped(8), True),
        (lambda: shipped(7), False),
        (lambda: shipped(1, tracked=False), True),
        (lambda: shipped(0, tracked=False), False),
        (lambda: shipped(30, left=3), False),
        (lambda: changed(shipped(30), state="delivered"), False),
        (lambda: promised(30, printing()), False),
    ],
    ids=["late", "not yet", "no number", "no number, not yet", "left late itself", "arrived", "being made"],
)
def test_the_buyer_is_asked_once(job: Any, is_asked: bool) -> None:  # noqa: FBT001 (parametrised)
    row = job()
    for _ in range(2):
        tasks.end_unreported()
    assert kinds().count("arrival_asked") == int(is_asked)
    assert bool(again(row).asked_at) is is_asked


def test_an_order_that_promised_no_day_is_asked_about_too() -> None:
    job = shipped(0)
    old = {"arrives_until": None, "placed_at": NOW() - 60 * DAY}
    Order.objects.filter(pk=job.order_id).update(**old)
    delivery_followup.ask_buyers()
    assert again(job).asked_at


def test_the_question_names_parcel_and_place_to_answer() -> None:
    job = shipped(8)
    delivery_followup.ask_buyers()
    context = OutgoingEmail.objects.get(kind="arrival_asked").context
    assert context["parcel"]["number"] == f"94{job.pk}"
    assert context["answer_url"].endswith(f"/orders/{job.order.token}/arrived/")


def test_two_silent_weeks_later_it_is_over_and_the_buyer_may_be_forgotten() -> None:
    job = asked()
    assert privacy.unsettled(find(job.order.email))
    for _ in range(2):
        tasks.end_unreported()
    job = again(job)
    assert (job.state, bool(job.ended_at)) == ("ended", True)
    assert job.order.events.filter(new="ended").count() == 1
    assert not Fulfilment.due().exists(), "nobody is asked any more"
    assert privacy.unsettled(find(job.order.email)) == ""


@pytest.mark.parametrize("key", ["provider:printify", "health:printify"])
def test_buyers_are_not_disturbed_while_printify_s_news_is_missing(settings: Settings, key: str) -> None:
    answered, late = asked(), shipped(8, order_id="6712f0c2a1b2c3d4e5f60701")
    overdue = promised(1, printing("6712f0c2a1b2c3d4e5f60702"))
    alerts.open_alert(key, "Printify fails.")

    def run_tasks() -> list[str]:
        tasks.tell_of_delays()
        tasks.end_unreported()
        return kinds()

    assert (run_tasks(), again(answered).state, again(late).asked_at) == ([], "shipped", None)
    alerts.close_alert(key)
    assert (run_tasks(), again(answered).state) == ([], "shipped"), "what happened meanwhile is only being read"
    Alert.objects.update(closed_at=NOW() - timedelta(minutes=settings.POLL_MINUTES + 1))
    assert sorted(set(run_tasks())) == ["arrival_asked", "late_parcel"]
    assert again(answered).state == "ended"
    assert OutgoingEmail.objects.filter(kind="late_parcel", reference=overdue.order.number).count() == 1


def test_not_while_something_is_claimed() -> None:
    job = asked()
    lines = job.order.lines.all()
    claim = claims.receive(job.order, key=uuid4(), kind=ClaimKind.LOST, lines=lines, words="", photos=[])
    delivery_followup.close_unanswered()
    assert again(job).state == "shipped"
    assert claims.decline(claim, who="eva", answer="It lies at the post office.")
    delivery_followup.close_unanswered()
    assert again(job).state == "ended"


def test_what_was_refunded_on_its_way_ends_without_a_question() -> None:
    job = shipped(delivery_followup.STUCK.days + 1)
    lifecycle.mark_refunded(job.order, who="eva")
    tasks.end_unreported()
    assert (again(job).state, kinds()) == ("ended", [])


def test_news_of_the_carrier_still_counts_afterwards(upstream: Upstream) -> None:
    job = changed(asked(), state="ended")
    parcel = {"carrier": "usps", "number": f"94{job.pk}", "url": "", "delivered_at": "2026-11-23 10:00:00+00:00"}
    upstream.order("fulfilled", shipments=[parcel])
    event = payload("printify/event_order_updated")
    inbox.receive("printify", event["id"], event["type"], event)
    jobs.work_due(inbox.QUEUE)
    assert again(job).state == "delivered"
    assert kinds() == ["delivered"]


@pytest.mark.parametrize("days", [29, 31])
def test_claims_end_thirty_days_after_it_counted_as_arrived(days: int) -> None:
    job = changed(shipped(60), state="ended", ended_at=NOW() - days * DAY)
    assert claims.claimable(job.order, job) is (days < 30)


# --- The buyer's answer --------------------------------------------------------------------------------------


def proven(client: Client, order: Order) -> Client:
    client.post(f"{order.get_absolute_url()}prove/", {"email": order.email})
    return client


@pytest.mark.parametrize("state", ["shipped", "ended"])
def test_one_press_says_that_it_came(client: Client, state: str) -> None:
    job = changed(asked(), state=state)
    page = f"{job.order.get_absolute_url()}arrived/"
    assert "/prove/" in client.get(page)["Location"], "a stranger with the link says nothing"
    proven(client, job.order)
    assert "Yes, it is here" in text(client.get(page))
    assert "Enjoy it" in text(client.post(page, follow=True))
    assert "how your order stands" in text(client.post(page, follow=True))
    assert again(job).state == "delivered"
    assert job.order.events.filter(new="delivered").count() == 1


def test_nobody_says_so_of_what_is_still_being_made(client: Client) -> None:
    job = printing()
    proven(client, job.order).post(f"{job.order.get_absolute_url()}arrived/")
    assert again(job).state == "in_production"


def test_the_order_page_asks_too(client: Client) -> None:
    job = changed(shipped(8), asked_at=NOW())
    assert "Has it arrived?" in text(client.get(job.order.get_absolute_url()))
    changed(job, state="ended")
    page = text(client.get(job.order.get_absolute_url()))
    assert "No carrier told us that it arrived" in page
    assert "It has arrived" not in page


# --- Settled by hand --------------------------------------------------------------------------------------------


def test_what_staff_settle_is_not_called_delivered() -> None:
    job = changed(printing(), state="attention")
    source = ATTENTION_SOURCES["printing"]
    assert source.actions["settled"].run(job.pk, "eva").startswith("Closed")
    assert again(job).state == "ended"


@pytest.mark.parametrize("printify_order_id", [None, "p1"])
def test_a_canceled_order_that_rests_is_settled_as_canceled(printify_order_id: str | None) -> None:
    job = changed(printing(), state="attention", sent_at=None, printify_order_id=printify_order_id)
    Order.objects.filter(pk=job.order_id).update(state="canceled")
    assert ways._settle(job.pk, "eva").startswith("Closed")
    assert again(job).state == "canceled"
    assert ways._settle(job.pk, "eva") == "It was dealt with already."
