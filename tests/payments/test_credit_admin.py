"""The form on the money screen that books what Printify credited: who may, what it takes, what the page then says."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from ilytat.accounts.models import User
from orders.models import Fulfilment
from payments.models import PrintifyCredit
from tests.payments.conftest import Till, awaits_production, printing_began

pytestmark = pytest.mark.django_db
CREDIT = {"amount": "4.75", "reference": "PR-77", "note": "Misprint.", "form_token": "t1"}


@pytest.fixture
def job(till: Till) -> Fulfilment:
    job = printing_began(awaits_production(till))
    Fulfilment.objects.update(upstream_cost=1500)
    return job


def person(client: Client, *codenames: str) -> Client:
    user = User.objects.create_user("eva@ilytat.test", "long-enough-4-anyone", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


@pytest.fixture
def finance(client: Client) -> Client:
    return person(client, "view_payment", "add_printifycredit")


def url(job: Fulfilment, rest: str = "") -> str:
    return f"/admin/payments/payment/order/{job.order_id}/{rest}"


def page(client: Client, job: Fulfilment) -> str:
    return re.sub(r"\s+", " ", client.get(url(job)).content.decode())


def said(client: Client, job: Fulfilment, **changes: str) -> str:
    answer = client.post(url(job, "credit/"), CREDIT | changes, follow=True)
    return str(next(iter(answer.context["messages"])))


def test_a_credit_is_booked_and_shown_in_the_list_and_the_margin(finance: Client, job: Fulfilment) -> None:
    assert "After all costs we keep $13.58." in page(finance, job)
    assert said(finance, job) == "$4.75 from Printify is booked."
    credit = PrintifyCredit.objects.get()
    assert (credit.order, credit.amount, credit.currency) == (job.order, 475, "USD")
    assert (credit.reference, credit.note, credit.booked_by) == ("PR-77", "Misprint.", "eva@ilytat.test")
    shown = page(finance, job)
    assert "After all costs we keep $18.33." in shown
    assert "Credited by Printify</dt> <dd>$4.75</dd>" in shown
    assert "<strong>$4.75</strong> · PR-77 · eva@ilytat.test" in shown
    assert "Misprint." in shown


def test_a_double_click_books_once(finance: Client, job: Fulfilment) -> None:
    for _ in range(2):
        said(finance, job)
    assert PrintifyCredit.objects.count() == 1


@pytest.mark.parametrize("amount", ["", "0", "0.001", "abc", "NaN", "1e9", "15.01", "-1", "9" * 40])
def test_an_amount_that_cannot_be_books_nothing_and_says_so(finance: Client, job: Fulfilment, amount: str) -> None:
    assert said(finance, job, amount=amount).startswith("Nothing was booked.")
    assert not PrintifyCredit.objects.exists()


@pytest.mark.parametrize("field", ["reference", "form_token"])
@pytest.mark.parametrize("value", ["", "x" * 61, "a\0b"])
def test_a_credit_needs_a_reference_and_a_form(finance: Client, job: Fulfilment, field: str, value: str) -> None:
    finance.post(url(job, "credit/"), CREDIT | {field: value})
    assert not PrintifyCredit.objects.exists()


def test_staff_without_the_permission_see_credits_and_book_none(client: Client, job: Fulfilment) -> None:
    looker = person(client, "view_payment", "refund_order")
    assert "Book credit" not in page(looker, job)
    assert "Credits from Printify" in page(looker, job)
    assert looker.post(url(job, "credit/"), CREDIT).status_code == 403
    assert looker.get(url(job, "credit/")).status_code == 405
    assert not PrintifyCredit.objects.exists()


def test_booked_credits_are_listed_and_edited_by_nobody(admin_client: Client, job: Fulfilment) -> None:
    said(admin_client, job)
    credit = PrintifyCredit.objects.get()
    listing = "/admin/payments/printifycredit/"
    assert "PR-77" in admin_client.get(listing).content.decode()
    assert admin_client.post(f"{listing}{credit.pk}/change/", {"amount": "1"}).status_code == 403
    assert admin_client.post(f"{listing}{credit.pk}/delete/", {"post": "yes"}).status_code == 403
