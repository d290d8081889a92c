"""The one screen where staff give money back: both ledgers, what is left, each button once (point of I4, A13, C4)."""

import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from ilytat.accounts.models import User
from notifications.models import OutgoingEmail
from orders.models import Fulfilment
from payments import cancellation
from payments.models import Payment, Refund
from tests import factories
from tests.payments.conftest import Till, awaits_production, printing_began
from tests.racing import overtake

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("chief@ilytat.test", "long-enough-4-anyone"))
    return client


def _url(job: Fulfilment, rest: str = "") -> str:
    return f"/admin/payments/payment/order/{job.order_id}/{rest}"


def _page(client: Client, job: Fulfilment) -> str:
    return re.sub(r"\s+", " ", client.get(_url(job)).content.decode())


def _give(client: Client, job: Fulfilment, **data: str) -> None:
    given = {"press": "press-1", "reason": "requested_by_customer"} | data
    assert client.post(_url(job, "give/"), given).status_code == 302


def test_both_ledgers_and_what_is_left_are_shown(staff: Client, till: Till) -> None:
    job = printing_began(awaits_production(till))
    Fulfilment.objects.update(upstream_cost=1500)
    cancellation.request_refund(Payment.objects.get(), 1000, reason="duplicate", requested_by="staff")
    Refund.objects.update(state="succeeded")
    page = _page(staff, job)
    for words in ("$29.74", "$10.00", "$19.74", "$15.00", "$1.16", "Printify has been asked to print"):
        assert words in page, words
    assert "$3.58" in page, "29.74 - 10.00 - 15.00 - 1.16"
    assert "Cancel and refund all" not in page


def test_a_loss_is_called_one(staff: Client, till: Till) -> None:
    job = printing_began(awaits_production(till))
    Fulfilment.objects.update(upstream_cost=1500)
    cancellation.request_refund(Payment.objects.get(), 2974, reason="duplicate", requested_by="staff")
    Refund.objects.update(state="succeeded")
    assert re.search(r"Loss</dt> <dd>.\$16\.16", _page(staff, job))


@pytest.mark.parametrize(("typed", "amount"), [("12.50", 1250), ("29.74", 2974)])
def test_an_amount_goes_back(staff: Client, till: Till, typed: str, amount: int) -> None:
    _give(staff, awaits_production(till), amount=typed, note="torn")
    refund = Refund.objects.get()
    assert (refund.amount, refund.note, refund.asked_by) == (amount, "torn", "chief@ilytat.test")


def test_a_double_press_gives_back_once(staff: Client, till: Till) -> None:
    job = awaits_production(till)
    for _ in range(2):
        _give(staff, job, amount="1.00")
    assert Refund.objects.count() == 1
    _give(staff, job, amount="1.00", press="press-2")
    assert Refund.objects.count() == 2


def test_a_line_goes_back_at_its_price_and_not_more_often_than_it_was_bought(staff: Client, till: Till) -> None:
    job = awaits_production(till)
    line = job.order.lines.get()
    _give(staff, job, **{f"line_{line.pk}": "7"})
    refund = Refund.objects.get()
    assert (refund.amount, list(refund.lines.values_list("line", "quantity"))) == (2499, [(line.pk, 1)])
    _give(staff, job, press="press-2", **{f"line_{line.pk}": "1"})
    assert Refund.objects.count() == 1, "none of it is left"


@pytest.mark.parametrize("typed", ["", "0", "-1", "29.75", "abc", "1e9", "0.001", "12.505", "NaN"])
def test_what_makes_no_sense_gives_nothing(staff: Client, till: Till, typed: str) -> None:
    _give(staff, awaits_production(till), amount=typed)
    assert not Refund.objects.exists()


def test_before_printing_one_press_cancels_at_printify_and_gives_all_back(staff: Client, till: Till) -> None:
    job = awaits_production(till)
    for _ in range(2):
        staff.post(_url(job, "cancel/"))
    job.refresh_from_db()
    job.order.refresh_from_db()
    assert (job.order.state, job.state) == ("canceled", "canceling")
    assert Refund.objects.get().amount == 2974
    assert OutgoingEmail.objects.filter(kind="order_canceled").count() == 1


def test_after_printing_began_nothing_is_canceled(staff: Client, till: Till) -> None:
    job = printing_began(awaits_production(till))
    staff.post(_url(job, "cancel/"))
    job.order.refresh_from_db()
    assert job.order.state == "paid"
    assert not Refund.objects.exists()


@pytest.mark.parametrize(("way", "state", "reserved"), [("retry", "new", 500), ("let-go", "failed", 0)])
def test_what_rests_is_asked_again_or_let_go(staff: Client, till: Till, way: str, state: str, reserved: int) -> None:
    job = awaits_production(till)
    refund = cancellation.request_refund(Payment.objects.get(), 500, reason="duplicate", requested_by="staff")
    Refund.objects.update(state="attention")
    assert "Ask Stripe again" in _page(staff, job)
    for _ in range(2):
        staff.post(_url(job, f"refund/{refund.pk}/{way}/"))
    refund.refresh_from_db()
    assert (refund.state, Payment.objects.get().refund_reserved) == (state, reserved)


def _said(client: Client, url: str) -> str:
    return str(next(iter(client.post(url, follow=True).context["messages"])))


@pytest.mark.parametrize("way", ["giveup", "delete", "RETRY"])
def test_a_button_that_does_not_exist_changes_nothing_and_says_so(staff: Client, till: Till, way: str) -> None:
    job = awaits_production(till)
    refund = cancellation.request_refund(Payment.objects.get(), 500, reason="duplicate", requested_by="staff")
    Refund.objects.update(state="attention")
    assert "no such button" in _said(staff, _url(job, f"refund/{refund.pk}/{way}/"))
    refund.refresh_from_db()
    assert (refund.state, Payment.objects.get().refund_reserved) == ("attention", 500)


@pytest.mark.parametrize("way", ["retry", "let-go"])
@pytest.mark.parametrize("state", ["new", "sent", "succeeded", "failed"])
def test_what_does_not_rest_is_left_alone_and_said_so(staff: Client, till: Till, way: str, state: str) -> None:
    job = awaits_production(till)
    refund = cancellation.request_refund(Payment.objects.get(), 500, reason="duplicate", requested_by="staff")
    Refund.objects.update(state=state)
    assert f"is {state} now" in _said(staff, _url(job, f"refund/{refund.pk}/{way}/"))
    refund.refresh_from_db()
    assert (refund.state, Payment.objects.get().refund_reserved) == (state, 500)


def test_the_refund_of_another_order_is_not_found(staff: Client, till: Till) -> None:
    job = awaits_production(till)
    refund = cancellation.request_refund(Payment.objects.get(), 500, reason="duplicate", requested_by="staff")
    other = factories.paid_order()
    answer = staff.post(f"/admin/payments/payment/order/{other.pk}/refund/{refund.pk}/let-go/")
    assert answer.status_code == 404
    assert staff.post(_url(job, "refund/999/let-go/")).status_code == 404


def test_the_delivery_goes_back_once(staff: Client, till: Till) -> None:
    job = awaits_production(till)
    _give(staff, job, delivery="on")
    refund = Refund.objects.get()
    assert (refund.amount, refund.lines.get().line, refund.lines.get().quantity) == (475, None, 1)
    _give(staff, job, press="press-2", delivery="on")
    assert Refund.objects.count() == 1, "it went back already"


def test_a_press_twice_of_hold_holds_once(staff: Client, till: Till) -> None:
    job = awaits_production(till)
    for _ in range(2):
        staff.post(_url(job, "hold/"))
    assert job.order.events.filter(what="held").count() == 1


@pytest.mark.parametrize("rest", ["give/", "cancel/", "hold/", "refund/1/retry/"])
def test_only_who_may_give_money_back_does(client: Client, till: Till, rest: str) -> None:
    job = awaits_production(till)
    looker = User.objects.create_user("looker@ilytat.test", "long-enough-4-anyone", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_payment"))
    client.force_login(looker)
    assert "Give back" not in _page(client, job)
    assert client.post(_url(job, rest), {"amount": "1", "press": "p", "reason": "duplicate"}).status_code == 403
    assert client.get(_url(job, rest)).status_code == 405
    assert not Refund.objects.exists()


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_two_people_who_refund_one_line_at_once_pay_it_back_once(staff: Client, till: Till) -> None:
    job = awaits_production(till)
    order = job.order
    factories.order_line(order, factories.variant())
    Payment.objects.update(captured=order.total + 2499)
    line = order.lines.first()
    assert line
    wanted = {f"line_{line.pk}": "1"}
    has_waited, _ = overtake(lambda: _give(staff, job, **wanted), lambda: _give(staff, job, press="press-2", **wanted))
    assert has_waited
    assert [refund.amount for refund in Refund.objects.all()] == [2499]
