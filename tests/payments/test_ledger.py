"""Both sides of an order's money: refunds that were made and refunds that are promised, apart and to the cent."""

import re

import pytest
from django.test import Client
from pytest_django.fixtures import DjangoAssertNumQueries

from orders.models import Fulfilment
from payments import cancellation, ledger
from payments.models import Payment, Refund
from tests import factories
from tests.payments.conftest import Till, awaits_production, printing_began

pytestmark = pytest.mark.django_db
TODAY = 2974 - 116 - 1500


@pytest.fixture
def job(till: Till) -> Fulfilment:
    """29.74 was paid; Stripe kept 1.16, Printify charges 15.00: 13.58 is left."""
    job = printing_began(awaits_production(till))
    Fulfilment.objects.update(upstream_cost=1500)
    return job


def give_back(amount: int, state: str) -> None:
    refund = cancellation.request_refund(
        Payment.objects.get(applied=True), amount, reason="duplicate", requested_by="eva"
    )
    Refund.objects.filter(pk=refund.pk).update(state=state)


def test_the_page_reads_the_ledger_in_few_queries(
    admin_client: Client, job: Fulfilment, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for state in ("succeeded", "sent", "new"):
        factories.order_line(job.order, factories.variant())
        give_back(100, state)
    sentence(admin_client, job)
    with django_assert_max_num_queries(22):
        sentence(admin_client, job)


def sentence(client: Client, job: Fulfilment) -> str:
    page = client.get(f"/admin/payments/payment/order/{job.order_id}/").content.decode()
    [found] = re.findall(r'<p class="money__now[^>]*>(.*?)</p>', page, re.DOTALL)
    return " ".join(found.split())


def test_refunds_made_and_promised_are_counted_apart(job: Fulfilment) -> None:
    for amount, state in ((100, "succeeded"), (20, "sent"), (3, "new"), (4, "attention"), (1000, "failed")):
        give_back(amount, state)
    Payment.objects.update(refund_reserved=127)
    found = ledger.for_order(job.order)
    assert (found.given, found.on_its_way, found.under_way, found.kept) == (100, 20, 7, 2974 - 127)
    assert (found.margin.amount, found.outlook.amount) == (TODAY - 120, TODAY - 127)


def test_if_all_went_back_what_is_promised_is_gone_as_well(job: Fulfilment) -> None:
    give_back(1000, "new")
    found = ledger.for_order(job.order)
    assert (found.left, found.after_all) == (1974, -1616), "the fee and Printify's charge stay ours to pay"


def test_tax_goes_back_with_what_is_promised(job: Fulfilment) -> None:
    """A tenth of the money is promised, so a tenth of the tax is."""
    job.order.tax, job.order.subtotal = 270, 2499 - 270
    job.order.save()
    give_back(297, "new")
    found = ledger.for_order(job.order)
    assert (found.margin.tax, found.outlook.tax) == (270, 270 - 270 * 297 // 2974)
    assert found.outlook.amount == TODAY - 297 - found.outlook.tax
    assert found.after_all == -1616


def test_the_sentence_counts_no_promised_refund_as_made(admin_client: Client, job: Fulfilment) -> None:
    give_back(1000, "succeeded")
    assert sentence(admin_client, job) == ("The buyer paid $29.74 and got $10.00 back. After all costs we keep $3.58.")
    give_back(252, "new")
    assert sentence(admin_client, job) == (
        "The buyer paid $29.74 and got $10.00 back. $2.52 is promised and not refunded yet. "
        "After all costs we keep $3.58. Once the promised refund is made, we keep $1.06."
    )
    give_back(200, "attention")
    assert sentence(admin_client, job).endswith(
        "After all costs we keep $3.58. Once the promised refund is made, we lose $0.94."
    )
    Refund.objects.filter(state__in=("new", "attention")).update(state="sent")
    assert sentence(admin_client, job) == (
        "The buyer paid $29.74 and got $10.00 back. $4.52 is on its way back. After all costs we lose $0.94."
    )


def test_the_two_boxes_add_up(admin_client: Client, job: Fulfilment) -> None:
    give_back(1000, "succeeded")
    give_back(200, "sent")
    give_back(252, "new")
    page = admin_client.get(f"/admin/payments/payment/order/{job.order_id}/").content.decode()
    page = " ".join(page.replace("\N{MINUS SIGN}", "-").split())
    for row in (
        "Given back</dt> <dd>-$10.00",
        "On its way back</dt> <dd>-$2.00",
        "Promised, not gone yet</dt> <dd>-$2.52",
        "Stays paid</dt> <dd>$15.22",
        "Given back or on its way</dt> <dd>-$12.00",
        "Promised refunds</dt> <dd>-$2.52",
        "Loss once they are made</dt> <dd>-$0.94",
        "If all of it went back, -$16.16 would be left to us",
    ):
        assert row in page, row
