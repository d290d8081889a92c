"""Printify's token ends: one incident, no order needs a person, and everything resumes with the new token."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.printify.client import printify
from ilytat.health import HEALTH_CHECKS
from ilytat.integrations import health, jobs, providers
from ilytat.integrations.models import Alert
from notifications import tasks
from notifications.models import OutgoingEmail
from orders import attention, delivery_followup
from orders.models import Fulfilment
from orders.registry import queue
from tests.orders.conftest import OTHER_ID, SHOP, Upstream, again, changed, created, look, paid, printing

pytestmark = pytest.mark.django_db

SHOPS = "https://api.printify.com/v1/shops.json"
OURS = [{"id": 1001, "title": "Ours", "sales_channel": "custom_integration"}]
UNAUTHORIZED = 401
THIRD_ID = "6712f0c2a1b2c3d4e5f60700"


def _token_ends(upstream: Upstream, status: int = 401) -> None:
    upstream.mock.upsert("GET", SHOPS, json={}, status=status)
    upstream.mock.upsert("POST", f"{SHOP}/orders.json", json={}, status=status)
    for order_id in (OTHER_ID, THIRD_ID):
        upstream.mock.upsert("GET", f"{SHOP}/orders/{order_id}.json", json={}, status=status)


def _new_token(upstream: Upstream) -> None:
    upstream.mock.upsert("GET", SHOPS, json=OURS)
    upstream.mock.upsert("POST", f"{SHOP}/orders.json", json={"id": "6712f0c2a1b2c3d4e5f60718"})
    upstream.order("on-hold", order_id=OTHER_ID)
    upstream.answers_production(OTHER_ID)
    upstream.order("in-production", order_id=THIRD_ID)


def _due_now() -> None:
    Fulfilment.objects.update(next_at=timezone.now(), lease_until=None)


def _open_alerts() -> list[str]:
    return list(Alert.objects.filter(closed_at=None).values_list("key", flat=True))


@pytest.fixture
def three_orders() -> list[Fulfilment]:
    """A new one, one whose draft exists, and one in production."""
    return [paid(), created(OTHER_ID, live=True), printing(THIRD_ID)]


def test_an_ended_token_is_one_incident_and_all_orders_resume(
    upstream: Upstream, three_orders: list[Fulfilment], settings: Any, client: Client
) -> None:
    settings.STAFF_ALERTS_TO = ["staff@example.org"]
    pages = [job.order.get_absolute_url() for job in three_orders]
    before = [client.get(page).content.count(b"snag") for page in pages]
    _token_ends(upstream)
    for _ in range(3):
        _due_now()
        jobs.work_due(queue.name)
        health.run_checks(HEALTH_CHECKS)
        tasks.mail_alerts()

    rows = [again(job) for job in three_orders]
    assert [row.state for row in rows] == ["new", "created", "in_production"]
    assert [row.attempts for row in rows] == [0, 0, 0]
    assert [key for key in _open_alerts() if "printify" in key or "fulfilment" in key] == ["provider:printify"]
    alert = Alert.objects.get(key="provider:printify")
    assert OutgoingEmail.objects.filter(dedupe_key__startswith=f"alert:{alert.pk}:").count() == 1
    assert "PRINTIFY_API_KEY" in alert.next_step
    calls = [call for call in upstream.mock.calls if str(call.request.url).startswith(SHOP)]
    assert len(calls) == 1, "the first call is told; the others wait without one"
    assert [client.get(page).content.count(b"snag") for page in pages] == before

    _new_token(upstream)
    health.run_checks(HEALTH_CHECKS)
    assert not [key for key in _open_alerts() if "printify" in key]
    jobs.work_due(queue.name)
    jobs.work_due(queue.name)
    assert [again(job).state for job in three_orders] == ["created", "in_production", "in_production"]
    drafts: list[Any] = [
        call.response for call in upstream.mock.calls if str(call.request.url).endswith("/orders.json")
    ]
    assert [draft.status_code for draft in drafts if draft.status_code != UNAUTHORIZED] == [200]
    assert len(upstream.asked("POST", f"/{OTHER_ID}/send_to_production.json")) == 1


def test_a_missing_permission_leaves_other_calls_alone_and_comes_to_staff_in_the_end(upstream: Upstream) -> None:
    job, other = paid(), printing(THIRD_ID)
    upstream.mock.upsert("POST", f"{SHOP}/orders.json", json={}, status=403)
    upstream.mock.upsert("GET", SHOPS, json=OURS)
    upstream.order("in-production", order_id=THIRD_ID)
    assert (look(job).state, look(job).attempts) == ("new", 2)
    assert look(other).last_error == ""
    health.run_checks(HEALTH_CHECKS)
    assert "provider:printify:permission" in _open_alerts(), "the health check cannot see that permission"
    changed(job, attempts=Fulfilment.max_attempts)
    assert look(job).state == "attention"
    Alert.objects.update(last_at=timezone.now() - providers.PERMISSION_SILENCE * 1.1)
    health.run_checks(HEALTH_CHECKS)
    assert "provider:printify:permission" not in _open_alerts()


def test_a_key_that_is_not_set_waits_like_one_that_ended(upstream: Upstream, settings: Any) -> None:
    settings.PRINTIFY_API_KEY = ""
    printify.cache_clear()
    job = look(paid())
    printify.cache_clear()
    assert (job.state, job.attempts, job.last_error) == ("new", 0, "PRINTIFY_API_KEY is not set.")
    assert _open_alerts() == ["provider:printify"]


def test_a_process_with_a_new_token_tries_at_once_and_one_with_the_old_token_does_not(
    upstream: Upstream, settings: Any
) -> None:
    _token_ends(upstream)
    job = look(paid())
    _new_token(upstream)
    assert look(job).state == "new"
    assert len(upstream.asked("POST", "/orders.json")) == 1, "the rejected token is not tried again"
    settings.PRINTIFY_API_KEY = "another"
    assert look(job).state == "created"
    _token_ends(upstream)
    assert look(paid()).last_error.startswith("Printify does not accept our key.")
    settings.PRINTIFY_API_KEY = "a third"
    health.run_checks(HEALTH_CHECKS)
    assert Alert.objects.get(key="provider:printify").closed_at is None


def test_a_rejected_token_is_one_line_in_the_log(upstream: Upstream, caplog: pytest.LogCaptureFixture) -> None:
    _token_ends(upstream)
    with caplog.at_level(logging.INFO):
        look(paid())
    (record,) = [record for record in caplog.records if vars(record).get("status") == UNAUTHORIZED]
    assert (record.message, vars(record)["provider"]) == ("key rejected", "printify")
    assert vars(record)["call"].endswith("/orders.json")


def test_a_changed_shop_number_is_named_and_no_new_token_is_asked_for(upstream: Upstream, settings: Any) -> None:
    settings.STAFF_ALERTS_TO = ["staff@example.org"]
    upstream.mock.upsert("POST", f"{SHOP}/orders.json", json={}, status=401)
    upstream.mock.upsert("GET", SHOPS, json=[{"id": 2002, "title": "Reconnected"}])
    job = look(paid())
    for _ in range(2):
        tasks.mail_alerts()
        health.run_checks(HEALTH_CHECKS)
    tasks.mail_alerts()
    alert = Alert.objects.get(key="provider:printify", closed_at=None)
    assert alert.message == "Printify accepts the token, but not for shop 1001. Its shops: 2002."
    assert alert.next_step.startswith("Set PRINTIFY_SHOP_ID")
    assert OutgoingEmail.objects.filter(kind="staff_alert", context__key="provider:printify").count() == 2
    assert look(job).last_error == alert.message
    assert len(upstream.asked("POST", "/orders.json")) == 1
    settings.PRINTIFY_SHOP_ID = "2002"
    health.run_checks(HEALTH_CHECKS)
    assert not [key for key in _open_alerts() if "printify" in key]


@pytest.mark.parametrize(("is_down", "state"), [(True, "in_production"), (False, "attention")])
def test_an_order_gives_up_only_while_printify_itself_is_healthy(
    upstream: Upstream, state: str, *, is_down: bool
) -> None:
    job = changed(printing(THIRD_ID), attempts=Fulfilment.max_attempts - 1)
    upstream.mock.upsert("GET", f"{SHOP}/orders/{THIRD_ID}.json", status=503)
    upstream.mock.upsert("GET", SHOPS, **({"status": 503} if is_down else {"json": OURS}))
    health.run_checks(HEALTH_CHECKS)
    for _ in range(3):
        job = look(job)
    assert job.state == state


@pytest.mark.parametrize(
    ("columns", "has_parcel", "offers"),
    [
        ({"upstream_status": "in-production", "last_error": "Gave up after 40 tries."}, False, False),
        ({"upstream_status": "on-hold", "last_error": "Printify says 'on-hold'."}, False, True),
        ({"upstream_status": "on-hold", "last_error": "GET /v1/shops/1/orders/x.json: 404"}, False, False),
        ({"upstream_status": "canceled"}, False, True),
        ({"upstream_status": "has-issues"}, True, False),
        ({"upstream_status": "in-production", "last_error": delivery_followup.OVERDUE}, False, True),
    ],
)
def test_printing_again_and_refunding_are_offered_only_for_what_was_not_made(
    columns: dict[str, str], *, has_parcel: bool, offers: bool
) -> None:
    job = changed(printing(), state="attention", sent_at=timezone.now() - timedelta(days=9), **columns)
    if has_parcel:
        job.shipments.create(carrier="usps", number="1")
    [row] = attention._printing()
    assert ("reprint" in row.actions, "refund" in row.actions) == (offers, offers)
    assert ("retry" in row.actions, "settled" in row.actions) == (True, True)
