"""A cart left at the payment page: one reminder, with the consent given there, and a way out of the next."""

import pytest
from django.core import mail

from ilytat.integrations import jobs
from notifications import consent, outbox
from notifications.models import Consent, OutgoingEmail
from payments import abandoned
from payments.facts import SessionFacts
from tests.factories import order, variant

pytestmark = pytest.mark.django_db
BACK = "https://buy.stripe.com/r/live_1"


def left(*, agreed: bool) -> SessionFacts:
    return SessionFacts(
        id="cs_test_1",
        order="",
        attempt=1,
        status="expired",
        payment_status="unpaid",
        live=False,
        currency="usd",
        subtotal=2499,
        discount=0,
        shipping=475,
        tax=0,
        total=2974,
        url="",
        client_secret="",
        payment_intent="",
        refunded=0,
        fee=None,
        recovery_url=BACK,
        promotions=agreed,
    )


def test_who_agreed_on_the_payment_page_is_reminded_once_and_can_leave() -> None:
    unpaid = order(variant(), email="Ana@example.com")
    assert abandoned.write(unpaid, left(agreed=True))
    abandoned.write(unpaid, left(agreed=True))
    jobs.work_due(outbox.BULK_QUEUE)
    [sent] = mail.outbox
    assert BACK in str(sent.body)
    assert sent.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    proof = Consent.objects.filter(act="confirmed").first()
    assert proof
    assert (proof.topics, proof.where) == ("carts", "payment page")
    assert not consent.may_write("ana@example.com", "news")


def test_who_did_not_agree_hears_nothing() -> None:
    assert not abandoned.write(order(variant()), left(agreed=False))
    assert not OutgoingEmail.objects.exists()
    assert not Consent.objects.exists()
