"""A buyer's change that commits while the worker already waits in its last guard before production (I1, I2).

PostgreSQL then looks at the waiting UPDATE's own row once more, and at no other table's: what guards must stand there.
"""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from catalog.printify.orders import UpstreamOrder, read_order
from ilytat.integrations import jobs
from ilytat.integrations.errors import Result
from notifications.models import OutgoingEmail
from orders import changes, fulfillment, lifecycle
from orders.lifecycle import ProductionStarted
from orders.models import Fulfilment, HoldReason, Order, OrderLine, ShipmentLine
from orders.registry import queue
from orders.shipments import Skus
from payments.models import Payment, Refund
from tests import factories
from tests.orders.conftest import ORDER_ID, SHOP, Upstream, again, changed, created
from tests.payloads import payload
from tests.racing import Rival

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.django_db(transaction=True)]
PATIENCE = 60.0  # seconds; a test that fails takes them, one that holds none


class Worker:
    """Reads at Printify, then stands before its guard until it is let go on; afterwards it waits for the row."""

    def __init__(self, upstream: Upstream, job: Fulfilment) -> None:
        self.job, self.pid = job, 0
        self.has_read, self.may_go, self.done = threading.Event(), threading.Event(), threading.Event()
        upstream.mock.add_callback("GET", f"{SHOP}/orders/{ORDER_ID}.json", self._reading)
        upstream.answers_production()

    def _reading(self, _request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self.has_read.set()
        assert self.may_go.wait(PATIENCE)
        return 200, {}, json.dumps(payload("printify/order", id=ORDER_ID, status="on-hold"))

    def work(self) -> None:
        try:
            connection.ensure_connection()
            self.pid = connection.connection.info.backend_pid
            jobs.work_one(queue, self.job.pk)
        finally:
            self.done.set()
            connection.close()

    def waits_for_the_row(self) -> bool:
        """True as soon as it does; False when it has passed without waiting."""
        until = time.monotonic() + PATIENCE
        while not self.done.is_set() and time.monotonic() < until:
            with connection.cursor() as cursor:
                cursor.execute("SELECT cardinality(pg_blocking_pids(%s))", [self.pid])
                if cursor.fetchone()[0]:
                    return True
        return False


@pytest.fixture(autouse=True)
def _sandbox_prints(settings: Settings) -> None:
    settings.PRINTIFY_PRINTS_FOR_REAL = False


def met(upstream: Upstream, act: Callable[[Order], object], *, commits: bool = True) -> Fulfilment:
    """`act` has happened and is not committed when the worker comes to its guard; then it commits, or is undone."""
    job = created()
    total = job.order.total
    Payment.objects.create(order=job.order, payment_intent_id="pi_1", captured=total, currency="USD")
    worker = Worker(upstream, job)
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(worker.work)
        assert worker.has_read.wait(PATIENCE)
        with transaction.atomic():
            act(Order.objects.get(pk=job.order_id))
            worker.may_go.set()
            waited = worker.waits_for_the_row()
            transaction.set_rollback(not commits)
        working.result(PATIENCE)
    assert waited, "the worker met the uncommitted change"
    return again(job)


def asked(upstream: Upstream) -> int:
    return len(upstream.asked("POST", "/send_to_production.json"))


def test_a_cancel_that_commits_while_production_waits_for_it_wins(upstream: Upstream) -> None:
    job = met(upstream, changes.cancel)
    assert asked(upstream) == 0
    assert (job.order.state, job.state, job.sent_at) == ("canceled", "canceling", None)
    assert Refund.objects.get().amount == job.order.total


def test_a_hold_that_commits_while_production_waits_for_it_wins(upstream: Upstream) -> None:
    job = met(upstream, lambda order: lifecycle.hold(order.fulfilment, HoldReason.DISPUTE, who="stripe", why="dispute"))
    assert asked(upstream) == 0
    assert (job.state, len(job.open_holds), job.sent_at) == ("created", 1, None)


def test_a_change_that_is_undone_leaves_the_worker_its_row(upstream: Upstream) -> None:
    """The other outcome of the same wait: production is asked for."""
    job = met(upstream, changes.cancel, commits=False)
    assert (asked(upstream), job.order.state, job.state) == (1, "paid", "in_production")


# --- Two who hear the same news of a parcel -----------------------------------------------------------------


def shipped_in_two_parcels() -> tuple[Fulfilment, UpstreamOrder, Skus]:
    """Printify's order, and what the event of the first parcel says is in it."""
    order = factories.order(factories.variant(), factories.variant())
    assert lifecycle.mark_paid(order, who="test")
    job = Fulfilment.objects.get(order=order)
    job = changed(job, state="in_production", printify_order_id=ORDER_ID, sent_at=job.created_at)
    items = [
        {"status": "fulfilled", "metadata": {"sku": line.sku, "external_id": f"{order.number}-{line.pk}"}}
        for line in order.lines.all()
    ]
    shipments = [{"carrier": "usps", "number": number} for number in ("1", "2")]
    found = payload("printify/order", id=ORDER_ID, status="fulfilled", shipments=shipments, line_items=items)
    return job, read_order(found), {"1": [order.lines.all()[0].sku]}


@pytest.mark.parametrize("first", ["poll", "webhook"])
def test_poll_and_webhook_with_the_same_news_store_each_line_once(first: str) -> None:
    job, found, skus = shipped_in_two_parcels()
    named = {"poll": {}, "webhook": skus}
    second = "webhook" if first == "poll" else "poll"

    def read(who: str) -> Result:
        with transaction.atomic():
            return fulfillment.record(again(job), found, who=who, skus=named[who])

    with transaction.atomic():
        read(first)
        rival = Rival(lambda: read(second))
        waited = rival.waits()
    rival.result()
    assert waited, "the second met the uncommitted news of the first"
    rows = ShipmentLine.objects.values_list("shipment__number", "line_id", "quantity")
    tee, mug = job.order.lines.all()
    assert sorted(rows) == [("1", tee.pk, 1), ("2", mug.pk, 1)]
    assert OutgoingEmail.objects.filter(kind="shipped").count() == 2


def test_a_swap_and_the_news_of_a_parcel_do_not_wait_for_each_other_in_a_circle() -> None:
    job = created()
    line = job.order.lines.get()
    other = factories.variant(line.product, title="Black / S", option_ids=[418, 14])
    item = {"status": "fulfilled", "metadata": {"external_id": f"{job.order.number}-{line.pk}"}}
    shipments = [{"carrier": "usps", "number": "1"}]
    found = payload("printify/order", id=ORDER_ID, status="fulfilled", shipments=shipments, line_items=[item])

    def swap() -> str:
        try:
            changes.swap(OrderLine.objects.get(pk=line.pk), other)
        except ProductionStarted:
            return "too late"
        return "swapped"

    with transaction.atomic():
        Fulfilment.objects.filter(pk=job.pk).update(upstream_status="fulfilled")
        rival = Rival(swap)
        assert rival.waits()
        fulfillment.record(job, read_order(found), who="webhook")
    assert rival.result() == "too late"
    assert [packed.line_id for packed in ShipmentLine.objects.all()] == [line.pk]
