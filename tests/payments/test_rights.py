"""Money goes back only by the hands of who may give it back, whichever screen the button stands on (H13, I10)."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from ilytat.accounts.models import User
from orders import claims, lifecycle
from orders.models import Claim, Fulfilment, HoldReason, Order
from orders.models.claim import ClaimKind
from payments import cancellation
from payments.models import Payment, Refund
from tests.payments.conftest import Till, awaits_production, printing_began

pytestmark = pytest.mark.django_db
HOME = "/admin/attention"


def _money(rest: str) -> Callable[[Fulfilment], str]:
    return lambda job: f"/admin/payments/payment/order/{job.order_id}/{rest}"


def _resting(job: Fulfilment) -> Refund:
    refund = cancellation.request_refund(
        Payment.objects.get(order=job.order), 500, reason="duplicate", requested_by="staff"
    )
    Refund.objects.filter(pk=refund.pk).update(state="attention")
    return refund


def _claim(job: Fulfilment) -> Claim:
    lines = printing_began(job).order.lines.all()
    return claims.receive(job.order, key=uuid.uuid4(), kind=ClaimKind.DAMAGED, lines=lines, words="Torn.", photos=[])


def _held(job: Fulfilment) -> Fulfilment:
    assert lifecycle.hold(job, HoldReason.STAFF, who="test", why="looked at")
    return job


def _in_trouble(job: Fulfilment) -> Fulfilment:
    job = printing_began(job)
    Fulfilment.objects.filter(pk=job.pk).update(state="attention")
    return job


def _money_differs(job: Fulfilment) -> Order:
    Order.objects.filter(pk=job.order_id).update(state="attention")
    return job.order


WAYS: dict[str, Callable[[Fulfilment], str]] = {
    "an amount": _money("give/"),
    "all of it": _money("cancel/"),
    "a resting one, again": lambda job: _money(f"refund/{_resting(job).pk}/retry/")(job),
    "a resting one, let go": lambda job: _money(f"refund/{_resting(job).pk}/let-go/")(job),
    "on the first page: again": lambda job: f"{HOME}/refunds/{_resting(job).pk}/again/",
    "on the first page: let go": lambda job: f"{HOME}/refunds/{_resting(job).pk}/let-go/",
    "on the first page: held": lambda job: f"{HOME}/printing/{_held(job).pk}/cancel/",
    "on the first page: in trouble": lambda job: f"{HOME}/printing/{_in_trouble(job).pk}/refund/",
    "on the first page: money differs": lambda job: f"{HOME}/orders/{_money_differs(job).pk}/give_back/",
    "on the first page: a claim": lambda job: f"{HOME}/claims/{_claim(job).pk}/refund/",
    "on the order": lambda job: f"/admin/orders/order/{job.order_id}/do/cancel/",
    "on the claim": lambda job: f"/admin/orders/claim/{_claim(job).pk}/answer/",
}
PRESS = {"amount": "1", "press": "p", "reason": "duplicate", "decision": "refund", "answer": "Sorry."}


def _staff(client: Client, *, may: bool) -> Client:
    """Who may look at and change everything, but for giving money back unless `may`."""
    person = User.objects.create_user("eva@ilytat.test", "long-enough-4-anyone", is_staff=True)
    rights = Permission.objects.all() if may else Permission.objects.exclude(codename="refund_order")
    person.user_permissions.set(rights)
    client.force_login(person)
    return client


def _ledger() -> tuple[list[tuple[int, str]], int, list[str]]:
    refunded = list(Refund.objects.values_list("amount", "state"))
    return refunded, Payment.objects.get().refund_reserved, list(Order.objects.values_list("state", flat=True))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_without_the_right_nothing_goes_back(client: Client, till: Till, way: Callable[[Fulfilment], str]) -> None:
    url = way(awaits_production(till))
    before = _ledger()
    assert _staff(client, may=False).post(url, PRESS).status_code == 403
    assert _ledger() == before


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_with_the_right_a_second_press_moves_nothing_more(
    client: Client, till: Till, way: Callable[[Fulfilment], str]
) -> None:
    url = way(awaits_production(till))
    before, staff = _ledger(), _staff(client, may=True)
    assert staff.post(url, PRESS).status_code == 302
    after = _ledger()
    assert after != before
    assert staff.post(url, PRESS).status_code == 302
    assert _ledger() == after
