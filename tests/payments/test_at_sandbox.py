"""Whole stories over HTTP with the sandbox's Stripe: a free order, a cart left behind, an answer to a dispute.

No webhook arrives here: what Stripe tells is read from its list of events, as after days of silence (D20).
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.models import Variant
from catalog.printify.client import printify
from ilytat.accounts.models import User
from ilytat.integrations import inbox, jobs
from ilytat.integrations.models import InboundEvent
from notifications.models import Consent, OutgoingEmail
from orders.models import Fulfilment, Order
from payments import disputes, gateway, ledger, reconciliation, session_params
from payments.models import CheckoutSession, Coupon, CouponUse, Dispute, Payment, ReconcileRun
from tests import factories
from tests.pages import holding, text
from tests.payments.conftest import pay
from tests.stack import KEYS
from tests.stand_in import Sandbox

pytestmark = pytest.mark.django_db


def _offered() -> Variant:
    """A thing that the sandbox's Printify really has, at 24.99."""
    goods = printify().product_page(1)["data"][0]
    offered = next(row for row in goods["variants"] if row["is_enabled"] and row["is_available"])
    product = factories.product(printify_id=goods["id"], upstream_title=goods["title"])
    return factories.variant(product, variant_id=offered["id"])


def _bought(client: Client) -> tuple[Order, CheckoutSession]:
    """From the checkout page to Stripe's, which stands open."""
    client.get("/checkout/")
    answer = pay(client)
    assert answer.status_code == 303, text(answer)
    row = CheckoutSession.objects.get(state="open")
    assert answer["Location"] == row.url
    return row.order, row


def _presses(url: str, **fields: str) -> str:
    """A button of Stripe's page; where it leads, without the host."""
    answer = requests.post(url, data=fields, timeout=60, allow_redirects=False)
    return answer.headers.get("Location", "").replace("http://testserver", "")


def _hear(about: str) -> dict[str, str]:
    """What Stripe would have told by now of what carries this name: taken in and handled. The outcomes by type."""
    run = ReconcileRun.objects.create()
    list(reconciliation.STEPS["events"].compare(run, timezone.now() - timedelta(hours=1)))
    mine = [event for event in InboundEvent.objects.filter(state="new") if about in str(event.payload)]
    for event in mine:
        jobs.work_one(inbox.queue, event.pk)
    return dict(InboundEvent.objects.filter(pk__in=[event.pk for event in mine]).values_list("type", "outcome"))


# --- nothing to pay ----------------------------------------------------------------------------------------


@pytest.fixture
def free(client: Client, at_sandbox: Sandbox) -> Order:
    """A cart that a code makes free, delivery and all, has been ordered; Stripe's page is open."""
    Coupon.objects.create(code="GIFT", value=100, free_shipping=True, max_uses=1, may_lose_money=True)
    holding(client, factories.cart(_offered()))
    pay(client, action="code", code="gift")
    order, row = _bought(client)
    assert (order.subtotal, order.discount, order.shipping, order.total) == (2499, 2499, 0, 0)
    assert gateway.session(str(row.stripe_session_id)).total == 0
    client.get(_presses(row.url, outcome="pay"))
    order.refresh_from_db()
    return order


def test_a_free_order_is_printed_without_a_payment(client: Client, free: Order) -> None:
    row = free.sessions.get()
    facts = gateway.session(str(row.stripe_session_id))
    assert (facts.payment_status, facts.payment_intent, facts.paid) == ("no_payment_required", "", True)
    assert (free.state, row.state) == ("paid", "complete")
    assert not Payment.objects.exists()
    assert Fulfilment.objects.get(order=free).state == "new"
    assert OutgoingEmail.objects.get(kind="order_confirmed").context["totals"]["total"] == "$0.00"
    assert CouponUse.objects.get().released_at is None


def test_the_news_of_a_free_order_changes_nothing_more(free: Order) -> None:
    outcomes = _hear(free.number)
    assert outcomes["checkout.session.completed"] == "duplicate"
    assert Fulfilment.objects.filter(order=free).count() == 1
    made = reconciliation.run()
    assert not [row for row in made.differences.filter(explained=False) if row.order == free]


def test_a_free_order_is_canceled_without_money_and_gives_its_code_back(client: Client, free: Order) -> None:
    client.force_login(User.objects.create_superuser("chief@ilytat.test", "long-enough-4-anyone"))
    page = client.get(f"/admin/payments/payment/order/{free.pk}/").content.decode()
    assert "Nothing has been paid." in page
    client.post(f"/admin/payments/payment/order/{free.pk}/cancel/")
    free.refresh_from_db()
    assert free.state == "canceled"
    assert Coupon.objects.get().used == 0
    assert ledger.margin_for_order(free).received == 0


# --- left behind ---------------------------------------------------------------------------------------------


def _left(client: Client, *, promotions: bool) -> tuple[Order, CheckoutSession]:
    """At Stripe's page a returning buyer ticked, or not, that we may write; the hour ran out."""
    cart = holding(client, factories.cart(_offered()))
    factories.paid_order(cart=cart)
    order, row = _bought(client)
    _presses(row.url, outcome="expire", **({"promotions": "1"} if promotions else {}))
    assert "checkout.session.expired" in _hear(order.number)
    order.refresh_from_db()
    assert order.state == "expired"
    return order, row


def test_who_agreed_is_reminded_and_the_link_fills_the_cart_of_any_browser(client: Client, at_sandbox: Sandbox) -> None:
    order, _ = _left(client, promotions=True)
    mail = OutgoingEmail.objects.get(kind="abandoned_cart")
    assert (mail.to, Consent.objects.get().where) == (order.email, "payment page")
    shown = Client().get(urlsplit(mail.context["url"]).path, follow=True).context["cart"]
    assert [(line.quantity, line.product) for line in shown.lines] == [
        (line.quantity, line.product) for line in order.lines.all()
    ]


@pytest.fixture
def _with_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session as an earlier version asked for it: its recovery link works for a month."""
    asked = {"after_expiration": {"recovery": {"enabled": True}}, "consent_collection": {"promotions": "auto"}}
    monkeypatch.setattr(session_params, "_reminder", lambda _mode: asked)


@pytest.mark.usefixtures("_with_recovery")
def test_who_still_has_a_recovery_link_pays_by_it(client: Client, at_sandbox: Sandbox) -> None:
    order, first = _left(client, promotions=True)
    opened = requests.get(f"{at_sandbox.url}/recover/{first.stripe_session_id}", timeout=60)
    assert opened.ok
    assert opened.url != first.url, "a page of its own, at the prices of then"
    landing = _presses(opened.url, outcome="pay")
    assert client.get(landing).context["status"] == "paid"
    order.refresh_from_db()
    assert (order.state, Payment.objects.get().captured) == ("paid", order.total)
    assert client.get(landing).context["status"] == "paid", "also when the page is loaded again"
    assert _hear(order.number)["checkout.session.completed"].startswith("duplicate")
    assert list(order.sessions.order_by("attempt").values_list("attempt", "state")) == [(1, "expired"), (2, "complete")]
    assert Fulfilment.objects.filter(order=order).count() == 1


def test_who_did_not_agree_hears_nothing(client: Client, at_sandbox: Sandbox) -> None:
    _left(client, promotions=False)
    assert not OutgoingEmail.objects.filter(kind="abandoned_cart").exists()


@pytest.mark.usefixtures("_with_recovery")
def test_the_link_is_no_secret_that_shows_an_order_to_strangers(client: Client, at_sandbox: Sandbox) -> None:
    order, first = _left(client, promotions=True)
    opened = requests.get(f"{at_sandbox.url}/recover/{first.stripe_session_id}", timeout=60)
    landing = _presses(opened.url, outcome="pay")
    stranger = Client().get(landing)
    assert stranger.context["status"] == "unknown"
    assert order.number not in stranger.content.decode()
    assert _hear(order.number)["checkout.session.completed"] == "handled"


# --- disputed --------------------------------------------------------------------------------------------------


@pytest.fixture
def disputed(client: Client, at_sandbox: Sandbox) -> Dispute:
    holding(client, factories.cart(_offered()))
    order, row = _bought(client)
    client.get(_presses(row.url, outcome="pay"))
    intent = Payment.objects.get().payment_intent_id
    at_sandbox.post(f"/control/stripe/payment_intents/{intent}/dispute")
    assert _hear(intent)["charge.dispute.created"].startswith(("handled", "duplicate"))
    return Dispute.objects.get(payment__order=order)


def _at_stripe(sandbox: Sandbox, dispute: Dispute) -> Any:
    headers = {"Authorization": f"Bearer {KEYS['STRIPE_SECRET_KEY']}"}
    url = f"{sandbox.url}/stripe/v1/disputes/{dispute.stripe_dispute_id}"
    return requests.get(url, headers=headers, timeout=60).json()


def test_evidence_lies_at_stripe_unsent_until_a_person_submits_it(
    client: Client, at_sandbox: Sandbox, disputed: Dispute, settings: Settings
) -> None:
    client.force_login(User.objects.create_superuser("chief@ilytat.test", "long-enough-4-anyone"))
    url = f"/admin/payments/dispute/{disputed.pk}/"
    page = client.get(f"{url}change/").content.decode()
    assert disputes.evidence_package(disputed)["product_description"].splitlines()[0] in page, (
        "shown before it is staged"
    )
    for _ in range(2):
        assert client.post(f"{url}stage/").status_code == 302
    found = _at_stripe(at_sandbox, disputed)
    details = found["evidence_details"]
    assert (found["status"], details["has_evidence"], details["submission_count"]) == ("needs_response", True, 0)
    assert found["evidence"]["customer_name"] == disputed.payment.order.name
    disputed.refresh_from_db()
    assert disputed.staged_at
    assert disputed.evidence["customer_name"] == disputed.payment.order.name


def test_what_the_bank_decides_is_booked(at_sandbox: Sandbox, disputed: Dispute) -> None:
    assert Fulfilment.objects.get().open_holds
    assert disputed.net < -disputed.amount, "the amount and the fee are gone"
    at_sandbox.post(f"/control/stripe/payment_intents/{disputed.payment.payment_intent_id}/dispute_won")
    assert "charge.dispute.closed" in _hear(disputed.payment.payment_intent_id)
    disputed.refresh_from_db()
    assert (disputed.status, disputed.net) == ("won", -disputed.fee)


def test_after_the_answer_was_sent_nothing_more_is_staged(
    client: Client, at_sandbox: Sandbox, disputed: Dispute
) -> None:
    gateway._client().v1.disputes.update(disputed.stripe_dispute_id, {"evidence": {}, "submit": True})
    person = User.objects.create_user("eva@ilytat.test", "long-enough-4-anyone", is_staff=True)
    person.user_permissions.set(Permission.objects.all())
    client.force_login(person)
    answer = client.post(f"/admin/payments/dispute/{disputed.pk}/stage/", follow=True)
    assert "can no longer be changed" in answer.content.decode()
    disputed.refresh_from_db()
    assert disputed.staged_at is None
