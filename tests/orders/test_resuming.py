"""*Try again*, wherever a fulfilment rests: Printify is looked at first, and the row says what is there."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.printify.orders import KNOWN, PRODUCING, TROUBLED, WAITING
from orders import lifecycle
from orders.models import Fulfilment
from tests.orders.conftest import ORDER_ID, Upstream, again, changed, created, held, look, paid, printing

pytestmark = pytest.mark.django_db
PRODUCTION = f"/orders/{ORDER_ID}/send_to_production.json"
ASKED = timezone.now() - timedelta(minutes=5)


@pytest.fixture(autouse=True)
def _sandbox_prints(settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False


def resting(**known: Any) -> Fulfilment:
    return changed(created(), state="attention", attempts=41, **known)


def pressed(job: Fulfilment) -> Fulfilment:
    assert lifecycle.retry(job, who="eva")
    return look(job)


def expected(status: str, *, gone_there: bool) -> tuple[str, int]:
    """The state after the look, and how often production is asked for."""
    if status in WAITING and not gone_there:
        return "in_production", 1
    if status in PRODUCING or status in WAITING or status == "fulfilled":
        return "in_production", 0
    return "attention", 0


@pytest.mark.parametrize("asked", [None, ASKED], ids=["never asked", "asked, outcome unknown"])
@pytest.mark.parametrize("gone_there", [False, True], ids=["not sent there", "sent there"])
@pytest.mark.parametrize("status", [*sorted(KNOWN), "brand-new-word"])
def test_the_row_says_what_is_there(
    upstream: Upstream,
    status: str,
    gone_there: bool,  # noqa: FBT001 (parametrised)
    asked: Any,
) -> None:
    upstream.order(status, sent_to_production_at="2026-11-20 10:00:00+00:00" if gone_there else None)
    upstream.answers_production()
    job = pressed(resting(sent_at=asked))
    state, times = expected(status, gone_there=gone_there)
    if status == "brand-new-word" and gone_there:
        state = "in_production"  # it is printing, whatever the word; an alert tells of it
    assert (job.state, len(upstream.asked("POST", PRODUCTION))) == (state, times)
    if state == "attention":
        assert status in job.last_error


def test_forty_unknown_answers_and_one_that_comes_end_in_one_printing(upstream: Upstream) -> None:
    """The row never claims a production that was only asked for."""
    upstream.order("on-hold")
    upstream.answers_production(body=requests.ReadTimeout())
    job = look(look(changed(created(), attempts=39)))
    assert (job.state, bool(job.sent_at)) == ("attention", True)
    upstream.mock.remove("POST", f"https://api.printify.com/v1/shops/1001{PRODUCTION}")
    upstream.answers_production()
    job = pressed(job)
    assert job.state == "in_production"
    assert len(upstream.asked("POST", PRODUCTION)) == 2, "once unheard, once heard"


def test_what_waits_there_again_for_hours_comes_back_to_staff(upstream: Upstream) -> None:
    upstream.order("on-hold", sent_to_production_at="2026-11-20 10:00:00+00:00")
    job = pressed(resting(sent_at=timezone.now() - timedelta(hours=3)))
    assert job.state == "in_production"
    assert look(job).state == "attention"
    assert upstream.asked("POST", PRODUCTION) == []


def test_nothing_is_asked_twice_when_it_is_dearer_by_now(upstream: Upstream) -> None:
    """The loss was accepted when production was first asked for."""
    upstream.order("on-hold", total_price=999_999)
    upstream.answers_production()
    assert pressed(resting(sent_at=ASKED)).state == "in_production"


def test_a_row_held_before_printify_began_by_itself_is_looked_at_too(upstream: Upstream) -> None:
    upstream.order("in-production")
    job = pressed(held(resting(sent_at=ASKED)))
    assert job.state == "in_production"


@pytest.mark.parametrize("status", sorted(TROUBLED))
def test_trouble_that_lasts_comes_back_to_staff(upstream: Upstream, status: str) -> None:
    upstream.order(status, sent_to_production_at="2026-11-20 10:00:00+00:00")
    job = pressed(changed(printing(), state="attention"))
    assert (job.state, job.last_error) == ("attention", f"Printify reports {status!r}.")


def test_a_draft_of_unknown_fate_is_looked_up(upstream: Upstream) -> None:
    job = changed(paid(), state="attention", last_try=timezone.now() - timedelta(hours=1))
    found = upstream.order("on-hold")
    found["metadata"]["shop_order_id"] = job.external_id
    upstream.listed(found)
    job = pressed(job)
    assert (job.state, job.printify_order_id) == ("created", ORDER_ID)


def test_a_canceled_order_goes_on_being_canceled(upstream: Upstream) -> None:
    upstream.order("canceled")
    job = created()
    lifecycle.cancel(job.order, who="eva")
    changed(job, state="attention")
    assert pressed(again(job)).state == "canceled"
