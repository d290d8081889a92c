"""The customers that Stripe Tax needs: known from the beginning, deleted at Stripe after an erasure."""

from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.apps import apps
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.accounts import privacy as wishes
from ilytat.admin import ATTENTION_SOURCES
from ilytat.integrations import jobs
from ilytat.integrations.errors import OutcomeUnknown
from ilytat.integrations.models import Alert
from orders.models import Order
from payments import checkout, customers, gateway
from payments.models import StripeCustomer
from tests import factories
from tests.payments.conftest import API, Till, opened, refused, session_of, waiting

pytestmark = pytest.mark.django_db
CUSTOMER = {"id": "cus_1", "object": "customer"}


def kept(customer_id: str | None = "cus_1") -> StripeCustomer:
    """Of an order that expired unpaid."""
    order = factories.order(factories.variant(), state="expired")
    return StripeCustomer.objects.create(order=order, stripe_customer_id=customer_id)


def deletes(till: Till, **answer: Any) -> None:
    till.mock.upsert("DELETE", f"{API}/customers/cus_1", **answer)


def lists(till: Till, *ids: str, order: Order) -> None:
    found = [{"id": name, "object": "customer", "metadata": {"order": order.number}} for name in ids]
    other = {"id": "cus_other", "object": "customer", "metadata": {"order": "T999999"}}
    page = {"object": "list", "data": [*found, other], "has_more": False, "url": "/v1/customers"}
    till.mock.add("GET", f"{API}/customers", json=page)


def test_the_id_is_kept_and_the_customer_created_once_an_order(till: Till, settings: Settings) -> None:
    settings.STRIPE_AUTOMATIC_TAX = True
    order = waiting()
    till.mock.add("POST", f"{API}/customers", json=CUSTOMER)
    till.creates(session_of(order))
    checkout.start(order)
    row = StripeCustomer.objects.get()
    assert (row.order, row.stripe_customer_id, row.state) == (order, "cus_1", "kept")
    assert customers.of_order(order) == "cus_1"
    assert len(till.asked("POST", "/customers")) == 1


def test_a_lost_answer_leaves_a_row_by_which_the_customer_is_found(till: Till) -> None:
    order = waiting()
    till.mock.add("POST", f"{API}/customers", status=500, json={})
    with pytest.raises(OutcomeUnknown):
        customers.of_order(order)
    assert StripeCustomer.objects.get().stripe_customer_id is None


def test_one_that_stripe_created_during_the_erasure_is_deleted_too(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    order = waiting(state="expired")

    def erases_meanwhile(*_: object, **__: object) -> str:
        StripeCustomer.objects.update(state="deleted")
        Order.objects.update(erased_at=timezone.now())
        return "cus_1"

    monkeypatch.setattr(gateway, "create_customer", erases_meanwhile)
    customers.of_order(order)
    row = StripeCustomer.objects.get()
    assert (row.stripe_customer_id, row.state) == ("cus_1", "deleting")


def test_it_is_deleted_at_stripe_after_the_erasure(till: Till) -> None:
    row = kept()
    deletes(till, json=CUSTOMER | {"deleted": True})
    assert wishes.ask(row.order.email).state == "done"
    assert not till.asked("DELETE", "/customers/cus_1"), "not inside the transaction"
    jobs.work_due(customers.QUEUE)
    row.refresh_from_db()
    assert row.state == "deleted"
    assert len(till.asked("DELETE", "/customers/cus_1")) == 1


def test_an_unanswered_deletion_is_repeated_and_one_that_is_gone_is_done(till: Till) -> None:
    row = kept()
    wishes.ask(row.order.email)
    deletes(till, status=500, json={})
    jobs.work_due(customers.QUEUE)
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("deleting", 1)
    deletes(till, **refused(404, code="resource_missing"))
    StripeCustomer.objects.update(next_at=row.created_at)
    jobs.work_due(customers.QUEUE)
    row.refresh_from_db()
    assert row.state == "deleted"


def test_what_stripe_refuses_is_told_and_tried_again_by_a_person(till: Till) -> None:
    row = kept()
    wishes.ask(row.order.email)
    deletes(till, **refused(400))
    jobs.work_due(customers.QUEUE)
    [item] = ATTENTION_SOURCES["stripe-customers"].rows()
    assert (item.pk, item.actions) == (row.pk, ("again",))
    assert Alert.objects.get(closed_at=None).key == f"stripe-customer:{row.pk}"
    deletes(till, json=CUSTOMER | {"deleted": True})
    assert customers.retry(row.pk) == "Retry queued."
    assert customers.retry(row.pk).startswith("No change")
    jobs.work_due(customers.QUEUE)
    row.refresh_from_db()
    assert (row.state, Alert.objects.filter(closed_at=None).count()) == ("deleted", 0)


def test_one_whose_creation_was_never_answered_is_looked_for_by_its_order(till: Till) -> None:
    row = kept(None)
    lists(till, "cus_1", "cus_2", order=row.order)
    till.mock.add("DELETE", f"{API}/customers/cus_2", json={"id": "cus_2", "object": "customer", "deleted": True})
    email = row.order.email
    assert wishes.ask(email).state == "done"
    row.refresh_from_db()
    assert (row.stripe_customer_id, row.state) == ("cus_1", "deleting")
    [asked] = till.asked("GET", "/customers")
    assert parse_qs(urlsplit(str(asked.url)).query)["email"] == [email]


def test_one_of_an_order_from_before_is_found_by_its_session_whatever_became_of_the_email(till: Till) -> None:
    row = kept(None)
    for number, name in ((1, None), (2, "cus_1")):
        opened(row.order, number=number, state="expired")
        till.session(session_of(row.order, number=number, customer=name, status="expired"))
    lists(till, order=row.order)  # by the email as it is spelled now Stripe finds none
    deletes(till, json=CUSTOMER | {"deleted": True})
    assert wishes.ask(row.order.email).state == "done"
    row.refresh_from_db()
    assert (row.stripe_customer_id, row.state) == ("cus_1", "deleting")
    jobs.work_due(customers.QUEUE)
    assert len(till.asked("DELETE", "/customers/cus_1")) == 1


@pytest.mark.parametrize("session", ["unknown to us", "gone at Stripe", "with Stripe Tax"])
def test_one_that_is_not_found_and_may_be_there_is_looked_for_by_staff(till: Till, session: str) -> None:
    row = kept(None)
    unknown: dict[str, Any] = {"stripe_session_id": None} if session == "unknown to us" else {}
    known = opened(row.order, state="expired", **unknown)
    if session == "gone at Stripe":
        gone = f"{API}/checkout/sessions/{known.stripe_session_id}"
        till.mock.add("GET", gone, **refused(404, code="resource_missing"))
    if session == "with Stripe Tax":
        till.session(session_of(row.order, customer=None, status="expired", automatic_tax={"enabled": True}))
    lists(till, order=row.order)
    assert wishes.ask(row.order.email).state == "done"
    row.refresh_from_db()
    assert row.state == "attention"
    assert row.order.number in Alert.objects.get(key=f"stripe-customer:{row.pk}", closed_at=None).message
    [item] = ATTENTION_SOURCES["stripe-customers"].rows()
    assert item.what.startswith("Stripe may still have a customer")
    assert customers.retry(row.pk) == "Retry queued."
    jobs.work_due(customers.QUEUE)
    row.refresh_from_db()
    assert (row.state, Alert.objects.filter(closed_at=None).count()) == ("deleted", 0)


def test_an_order_whose_sessions_had_no_stripe_tax_has_no_customer(till: Till) -> None:
    row = kept(None)
    opened(row.order, state="expired")
    till.session(session_of(row.order, customer=None, status="expired", automatic_tax={"enabled": False}))
    lists(till, order=row.order)
    wishes.ask(row.order.email)
    row.refresh_from_db()
    assert row.state == "deleted"


def test_one_that_was_never_created_needs_no_deletion(till: Till) -> None:
    row = kept(None)
    lists(till, order=row.order)
    wishes.ask(row.order.email)
    row.refresh_from_db()
    assert (row.stripe_customer_id, row.state) == (None, "deleted")
    assert not StripeCustomer.due().exists()


def test_customers_of_other_orders_stay(till: Till) -> None:
    row, other = (
        kept(),
        StripeCustomer.objects.create(
            order=factories.order(email="bo@example.com", state="expired"), stripe_customer_id="cus_2"
        ),
    )
    wishes.ask(row.order.email)
    other.refresh_from_db()
    assert other.state == "kept"
    assert not till.asked("DELETE", "/customers/cus_2")


def test_orders_from_before_are_noted_as_unknown_where_stripe_tax_is_on(settings: Settings) -> None:
    note_unknown = import_module("payments.migrations.0011_stripe_customer").note_unknown
    order, erased = waiting(), waiting(erased_at=timezone.now())
    for each in (order, order, erased):
        opened(each, number=each.sessions.count() + 1, stripe_session_id=None, state="expired")
    note_unknown(apps, None)
    assert not StripeCustomer.objects.exists()
    settings.STRIPE_AUTOMATIC_TAX = True
    note_unknown(apps, None)
    row = StripeCustomer.objects.get()
    assert (row.order, row.stripe_customer_id, row.state) == (order, None, "kept")
