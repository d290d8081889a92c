"""From paid to a draft at Printify: exactly one, whatever happens to the answers (RELIABILITY B9 to B11, D1 to D14)."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.integrations import jobs
from ilytat.integrations.models import Alert, RateBucket
from orders import fulfillment
from orders.models import Fulfilment
from orders.registry import queue
from orders.states import FulfilmentState, OrderState
from tests.orders.conftest import ORDER_ID, OTHER_ID, Upstream, again, changed, held, look, paid
from tests.payloads import payload
from tests.racing import race

pytestmark = pytest.mark.django_db


def _after_settling(fulfilment: Fulfilment, settings: Settings) -> Fulfilment:
    """The settle time of the last try is over."""
    assert fulfilment.last_try
    return changed(fulfilment, last_try=timezone.now() - timedelta(seconds=settings.SETTLE_SECONDS + 1))


def test_a_paid_order_becomes_one_draft_with_the_frozen_body(upstream: Upstream) -> None:
    upstream.creates()
    job = look(paid())
    assert (job.state, job.printify_order_id, job.attempts, job.last_error) == ("created", ORDER_ID, 0, "")
    assert job.first_try == job.last_try is not None
    [call] = upstream.asked("POST", "/orders.json")
    assert json.loads(call.body or b"") == job.request
    assert job.request["external_id"] == job.order.number


def test_the_draft_rests_until_the_grace_period_ends(upstream: Upstream) -> None:
    upstream.creates()
    job = look(paid(ready=False))
    assert abs((job.next_at - job.release_at).total_seconds()) < 2
    assert not Fulfilment.due().exists()


def test_a_body_that_changed_in_the_catalogue_is_sent_as_it_was_bought(upstream: Upstream) -> None:
    upstream.creates()
    job = paid()
    line = job.order.lines.get()
    assert line.variant
    line.variant.product.delete()
    assert look(job).state == "created"
    [call] = upstream.asked("POST", "/orders.json")
    assert json.loads(call.body or b"")["line_items"][0]["product_id"] == line.printify_product_id


@pytest.mark.parametrize("with_id", [True, False])
def test_printify_knows_our_id_already_and_its_order_is_adopted(
    upstream: Upstream, settings: Settings, *, with_id: bool
) -> None:
    job = paid()
    refusal = payload("printify/refused_twice")
    if not with_id:
        del refusal["order"]
    upstream.answers_create(status=409, json=refusal)
    found = upstream.order()
    found["metadata"]["shop_order_id"] = job.external_id
    upstream.listed(found)
    job = look(job)
    if not with_id:
        job = look(_after_settling(job, settings))
    assert (job.state, job.printify_order_id) == ("created", ORDER_ID)
    assert len(upstream.asked("POST", "/orders.json")) == 1


UNKNOWN = {
    "read timeout": {"body": requests.ReadTimeout()},
    "cut inside the answer": {"body": requests.ConnectionError("reset by peer")},
    "500": {"status": 500, "body": "<h1>oops</h1>"},
    "503": {"status": 503, "body": ""},
    "HTML with status 200": {"status": 200, "body": "<html>"},
    "nothing with status 200": {"status": 200, "body": ""},
    "an object without an id": {"status": 200, "json": {}},
    "a list": {"status": 200, "json": []},
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_answer_that_tells_nothing_is_looked_up_and_adopted(
    upstream: Upstream, settings: Settings, answer: dict[str, object]
) -> None:
    job = paid()
    upstream.answers_create(**answer)
    job = look(job)
    assert (job.state, job.printify_order_id) == ("new", None)
    assert job.last_try
    assert "unknown" in job.last_error.lower()
    found = upstream.order()
    found["metadata"]["shop_order_id"] = job.external_id
    upstream.listed(upstream.order(order_id=OTHER_ID), found)
    job = look(_after_settling(job, settings))
    assert (job.state, job.printify_order_id) == ("created", ORDER_ID)
    assert len(upstream.asked("POST", "/orders.json")) == 1


def test_a_lost_answer_and_nothing_found_is_posted_again_under_the_same_id(
    upstream: Upstream, settings: Settings
) -> None:
    job = paid()
    upstream.answers_create(body=requests.ReadTimeout())
    job = look(job)
    upstream.listed(upstream.order(order_id=OTHER_ID))
    upstream.creates()
    job = look(_after_settling(job, settings))
    assert (job.state, job.printify_order_id) == ("created", ORDER_ID)
    bodies = [json.loads(call.body or b"") for call in upstream.asked("POST", "/orders.json")]
    assert [body["external_id"] for body in bodies] == [job.order.number] * 2
    assert bodies[0] == bodies[1]


def test_nobody_looks_before_the_settle_time_is_over(upstream: Upstream, settings: Settings) -> None:
    job = paid()
    upstream.answers_create(body=requests.ReadTimeout())
    job = look(job)
    job = look(job)  # at once, because somebody pressed retry
    assert job.state == "new"
    assert upstream.asked("GET", "/orders.json") == []
    assert job.last_try
    due = job.last_try + timedelta(seconds=settings.SETTLE_SECONDS)
    assert abs((job.next_at - due).total_seconds()) < 2


def test_a_list_with_an_unreadable_order_is_still_searched(upstream: Upstream, settings: Settings) -> None:
    job = paid()
    upstream.answers_create(status=500)
    job = look(job)
    found = upstream.order()
    found["metadata"]["shop_order_id"] = job.external_id
    upstream.listed({}, found)
    assert look(_after_settling(job, settings)).printify_order_id == ORDER_ID


def test_a_lookup_that_fails_posts_nothing(upstream: Upstream, settings: Settings) -> None:
    job = paid()
    upstream.answers_create(status=500)
    job = look(job)
    upstream.mock.add("GET", "https://api.printify.com/v1/shops/1001/orders.json", status=503)
    job = look(_after_settling(job, settings))
    assert job.state == "new"
    assert len(upstream.asked("POST", "/orders.json")) == 1


def test_a_refused_address_needs_a_person_who_is_told_why(upstream: Upstream) -> None:
    upstream.answers_create(status=400, json=payload("printify/refused_address"))
    job = look(paid())
    assert job.state == "attention"
    assert "The zip field is required." in job.last_error
    [alert] = Alert.objects.all()
    assert job.order.number in alert.message
    assert "The zip field is required." in alert.message
    assert list(job.order.events.filter(what="attention").values_list("why", flat=True)) == [job.last_error]
    look(job)
    assert len(upstream.asked("POST", "/orders.json")) == 1  # no storm


DATE = "an HTTP date in twenty seconds"


def _the_pause_is_over() -> None:
    """After a 429 nobody in the shop calls for a while."""
    RateBucket.objects.all().delete()


@pytest.mark.parametrize(
    ("said", "least", "most"),
    [
        ("17", 17, 21),
        (DATE, 17, 24),
        ("86400", 299, 301),
        (None, 10, 12),
        ("soon", 10, 12),
        ("nan", 10, 12),
        ("-5", 10, 12),
    ],
)
def test_too_many_requests_are_followed_by_the_pause_that_was_asked_for(
    upstream: Upstream, said: str | None, least: float, most: float
) -> None:
    if said == DATE:
        said = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    upstream.answers_create(status=429, headers={"Retry-After": said} if said else {})
    job = look(paid())
    wait = (job.next_at - timezone.now()).total_seconds()
    assert least - 1 <= wait <= most
    assert job.state == "new"


def test_what_was_certainly_not_accepted_is_posted_again_without_a_search(upstream: Upstream) -> None:
    """429 means that it did not happen: a search over twenty pages would only make the limit worse (D15)."""
    upstream.answers_create(status=429)
    job = look(paid())
    _the_pause_is_over()
    upstream.creates()
    job = look(job)
    assert job.state == "created"
    assert upstream.asked("GET", "/orders.json") == []


def test_a_refusal_after_an_unknown_outcome_does_not_forget_the_unknown_one(
    upstream: Upstream, settings: Settings
) -> None:
    job = paid()
    upstream.answers_create(body=requests.ReadTimeout())
    job = look(job)
    upstream.listed()
    upstream.answers_create(status=429)
    job = look(_after_settling(job, settings))
    assert job.last_try is not None
    _the_pause_is_over()
    upstream.creates()
    look(job)
    assert len(upstream.asked("GET", "/orders.json")) == 2


def test_an_order_that_is_no_longer_paid_is_not_submitted(upstream: Upstream) -> None:
    job = paid()
    job.order.state = OrderState.CANCELED
    job.order.save()
    job = look(job)
    assert job.state == "attention"
    assert not upstream.mock.calls


def test_a_held_order_is_not_submitted(upstream: Upstream) -> None:
    job = held(paid())
    assert look(job).state == "new"
    assert not upstream.mock.calls


def test_a_worker_that_was_frozen_past_its_lease_posts_nothing(upstream: Upstream) -> None:
    job = paid()
    mine = Fulfilment.claim(job.pk)
    assert mine
    changed(job, lease_until=timezone.now() + timedelta(seconds=1))
    with pytest.raises(jobs.LeaseLost):
        fulfillment._create_draft(mine)
    assert not upstream.mock.calls


def test_a_worker_whose_lease_went_to_a_rival_writes_nothing(upstream: Upstream) -> None:
    job = paid()
    mine = Fulfilment.claim(job.pk)
    assert mine
    changed(job, lease_token="the rival's")
    with pytest.raises(jobs.LeaseLost):
        fulfillment._create_draft(mine)
    assert not upstream.mock.calls
    assert again(job).last_try is None


def test_tries_that_never_succeed_end_with_a_person(upstream: Upstream) -> None:
    job = changed(paid(), attempts=Fulfilment.max_attempts)
    job = look(job)
    assert job.state == "attention"
    assert job.last_error.startswith("Gave up after 40 tries")
    assert Alert.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_three_workers_at_once_make_one_draft(upstream: Upstream) -> None:
    upstream.creates()
    job = paid()
    race(3, lambda: jobs.work_one(queue, job.pk))
    assert again(job).state == FulfilmentState.CREATED
    assert len(upstream.asked("POST", "/orders.json")) == 1
