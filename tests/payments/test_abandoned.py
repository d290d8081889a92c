"""A cart left at the payment page: one reminder to a proven address, with the consent given there, and a way out."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from catalog.models import Variant
from ilytat.accounts.models import User
from ilytat.integrations import jobs
from notifications import consent, outbox
from notifications.models import Consent, OutgoingEmail, Subscriber, Suppression
from orders.models import CartLine, Order
from payments import gateway, settlement
from payments.stripe_objects import CheckoutSessionData
from tests.addresses import FORM
from tests.factories import cart, order, paid_order, variant
from tests.orders.conftest import Upstream
from tests.pages import holding
from tests.payloads import payload
from tests.payments.conftest import SESSION, Till, expired_session, pay
from tests.racing import Rival

pytestmark = pytest.mark.django_db


def left(*, agreed: bool) -> CheckoutSessionData:
    return CheckoutSessionData(
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
        promotions=agreed,
    )


def tick(email: str = "ana@example.com", **given: Any) -> bool:
    """Whether a cart is reminded of, that was left after a tick on Stripe's page."""
    return settlement.queue_abandoned_cart_email(order(variant(), email=email, **given), left(agreed=True))


def account(email: str = "ana@example.com", *, verified: bool = True, **given: Any) -> User:
    user = User.objects.create_user(email, "long-enough-4-anyone")
    EmailAddress.objects.create(user=user, email=email, verified=verified, **given)
    return user


def nothing_was_agreed() -> bool:
    return not (Subscriber.objects.exists() or Consent.objects.exists() or OutgoingEmail.objects.exists())


def sent() -> list[Any]:
    jobs.work_due(outbox.BULK_QUEUE)
    return mail.outbox


def test_a_buyer_with_a_confirmed_account_who_ticked_is_reminded_once_and_can_leave() -> None:
    unpaid = order(variant(), email="ana@example.com", user=account())
    assert settlement.queue_abandoned_cart_email(unpaid, left(agreed=True))
    settlement.queue_abandoned_cart_email(unpaid, left(agreed=True))
    [reminder] = sent()
    assert f"http://testserver/cart/again/{unpaid.token}/" in str(reminder.body)
    assert reminder.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    proof = Consent.objects.filter(act="confirmed").first()
    assert proof
    assert (proof.topics, proof.where) == ("carts", "payment page")
    assert not consent.may_write("ana@example.com", "news")


def test_the_reminder_states_the_sums_as_the_order_does() -> None:
    left_behind = order(variant(price=1488), user=account(), shipping=529, discount=100, total=1917)
    assert settlement.queue_abandoned_cart_email(left_behind, left(agreed=True))
    text = str(sent()[0].body)
    for sum_ in ("Subtotal: $14.88", "Discount: \N{MINUS SIGN}$1.00", "Shipping: $5.29", "Total: $19.17"):
        assert sum_ in text
    assert "Stripe" not in text


def test_the_reminder_s_link_fills_an_empty_cart_at_today_s_prices(client: Client) -> None:
    shirt = variant(price=1488)
    left_behind = order(shirt, quantity=2, state="expired")
    Variant.objects.filter(pk=shirt.pk).update(price=1600)

    answer = client.get(f"/cart/again/{left_behind.token}/", follow=True)

    shown = answer.context["cart"]
    assert answer.redirect_chain == [("/cart/", 302)]
    assert [(line.quantity, line.unit_price, line.was) for line in shown.lines] == [(2, 1600, 1488)]
    assert shown.subtotal == 3200
    client.get(f"/cart/again/{left_behind.token}/")
    assert [line.quantity for line in CartLine.objects.all()] == [2]


def test_the_reminder_s_link_keeps_what_is_in_the_cart(client: Client) -> None:
    mug, left_behind = variant(), order(variant(), state="expired")
    holding(client, cart(mug))
    client.get(f"/cart/again/{left_behind.token}/")
    assert [line.variant for line in CartLine.objects.all()] == [mug]


def test_the_reminder_s_link_of_a_paid_order_leads_to_the_order(client: Client) -> None:
    paid = paid_order(variant())
    assert client.get(f"/cart/again/{paid.token}/").headers["Location"] == paid.get_absolute_url()
    assert not CartLine.objects.exists()


@pytest.mark.parametrize("earlier", [True, False], ids=["proven", "not proven"])
def test_in_elements_mode_our_checkout_asks_and_a_proven_buyer_is_reminded(
    client: Client, shipping: Upstream, till: Till, settings: Settings, *, earlier: bool
) -> None:
    settings.STRIPE_UI_MODE = "elements"
    till.creates(payload("stripe/session") | {"ui_mode": "elements", "client_secret": "cs_secret"})
    basket = holding(client, cart(variant(price=1488)))
    if earlier:
        paid_order(variant(), email=FORM["email"], cart=basket)
    assert 'name="cart_reminder"' in client.get("/checkout/").content.decode()
    assert pay(client, cart_reminder="on").status_code == 303
    unpaid = Order.objects.get(state="awaiting_payment")

    till.session(expired_session(unpaid))
    settlement.settle(gateway.session(SESSION), who="stripe")

    unpaid.refresh_from_db()
    assert unpaid.state == "expired"
    reminders = [str(message.body) for message in sent()]
    assert len(reminders) == earlier
    assert not earlier or ("Subtotal: $14.88" in reminders[0] and f"/cart/again/{unpaid.token}/" in reminders[0])
    assert consent.may_write(unpaid.email, "carts") is earlier


def test_in_elements_mode_who_ticked_nothing_hears_nothing(
    client: Client, shipping: Upstream, till: Till, settings: Settings
) -> None:
    settings.STRIPE_UI_MODE = "elements"
    till.creates(payload("stripe/session") | {"ui_mode": "elements", "client_secret": "cs_secret"})
    basket = holding(client, cart(variant(price=1488)))
    paid_order(variant(), email=FORM["email"], cart=basket)
    client.get("/checkout/")
    pay(client)
    unpaid = Order.objects.get(state="awaiting_payment")
    till.session(expired_session(unpaid))
    settlement.settle(gateway.session(SESSION), who="stripe")
    assert nothing_was_agreed()


def test_stripe_s_own_page_asks_so_our_checkout_does_not(client: Client, shipping: Upstream) -> None:
    holding(client, cart(variant()))
    assert "cart_reminder" not in client.get("/checkout/").content.decode()


def test_who_did_not_agree_hears_nothing() -> None:
    assert not settlement.queue_abandoned_cart_email(order(variant(), user=account()), left(agreed=False))
    assert nothing_was_agreed()


def test_a_guest_who_paid_before_in_this_browser_is_reminded() -> None:
    browser = cart(variant())
    paid_order(email="ana@example.com", cart=browser)
    assert tick(cart=browser)
    assert len(sent()) == 1


def test_an_account_that_paid_before_under_an_address_it_has_not_confirmed_is_reminded() -> None:
    user = account("ana@work.example")
    paid_order(email="ana@example.com", user=user)
    assert tick(user=user)


def test_a_tick_for_an_unproven_address_subscribes_nobody() -> None:
    assert not tick()
    assert nothing_was_agreed()


def test_a_tick_for_an_address_that_its_account_has_not_confirmed_subscribes_nobody() -> None:
    assert not tick(user=account(verified=False))
    assert nothing_was_agreed()


def test_a_guest_who_types_the_address_of_an_account_or_of_an_earlier_buyer_subscribes_nobody() -> None:
    account()
    paid_order(email="ana@example.com", cart=cart(variant()))
    paid_order(email="ana@example.com")
    assert not tick(cart=cart(variant()))
    assert not tick(cart=None)
    assert not tick(user=account("eve@example.com"))
    assert nothing_was_agreed()


@pytest.mark.parametrize("look_alike", ["ana@ma\u0131l.com", "ana@mail.co", "bana@mail.com", "ana+x@mail.com"])
def test_a_look_alike_of_a_proven_address_is_not_proven(look_alike: str) -> None:
    user, browser = account("ana@mail.com"), cart(variant())
    paid_order(email="ana@mail.com", cart=browser, user=user)
    assert not tick(look_alike, cart=browser, user=user)
    assert nothing_was_agreed()


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "awaiting_payment", "paid_at": None},
        {"state": "canceled"},
        {"subtotal": 0, "total": 0, "shipping": 0},
        {"paid_at": timezone.now() + timedelta(days=1)},
    ],
    ids=["unpaid", "canceled", "free", "paid later"],
)
def test_only_an_earlier_order_that_was_paid_for_proves_an_address(columns: dict[str, Any]) -> None:
    browser = cart(variant())
    earlier = paid_order(email="ana@example.com", cart=browser)
    unpaid = order(variant(), email="ana@example.com", cart=browser)
    assert settlement.is_email_verified(unpaid)
    Order.objects.filter(pk=earlier.pk).update(**columns)
    assert not settlement.is_email_verified(unpaid)


def test_a_tick_takes_back_no_unsubscription() -> None:
    reader = consent.agree("ana@example.com", ["carts"], language="en", where="test", wording="words")
    consent.leave(reader, where="test")
    before = Subscriber.objects.values().get()
    assert not tick(user=account())
    assert Subscriber.objects.values().get() == before
    assert not consent.may_write("ana@example.com", "carts")
    assert sent() == []


def test_a_tick_takes_back_no_unsubscription_that_outlived_an_erasure() -> None:
    reader = consent.agree("ana@example.com", ["carts"], language="en", where="test", wording="words")
    consent.leave(reader, where="test")
    reader.delete()
    assert not tick(user=account())
    assert not Subscriber.objects.exists()


def test_a_tick_adds_no_topic_to_a_choice_made_without_it() -> None:
    reader = consent.agree("ana@example.com", ["news", "carts"], language="en", where="test", wording="words")
    consent.choose(reader, ["news"], where="test")
    assert not tick(user=account())
    assert consent.may_write("ana@example.com", "news")
    assert not consent.may_write("ana@example.com", "carts")


def test_a_tick_adds_carts_to_news() -> None:
    consent.agree("ana@example.com", ["news"], language="en", where="test", wording="words")
    assert tick(user=account())
    assert consent.may_write("ana@example.com", "news")


def test_a_suppressed_address_is_neither_subscribed_nor_reminded() -> None:
    Suppression.objects.create(email="ana@example.com", reason="bounced")
    assert not tick(user=account())
    assert nothing_was_agreed()
    assert Suppression.objects.exists()


@pytest.mark.needs("postgresql")
@pytest.mark.django_db(transaction=True)
def test_an_unsubscription_at_the_same_moment_as_a_tick_wins() -> None:
    reader = consent.agree("ana@example.com", ["carts"], language="en", where="test", wording="words")
    unpaid = order(variant(), email="ana@example.com", user=account())

    def ticked() -> bool:
        with transaction.atomic():
            return settlement.queue_abandoned_cart_email(unpaid, left(agreed=True))

    with transaction.atomic():
        consent.leave(reader, where="test")
        rival = Rival(ticked)
        waited = rival.waits()
    assert not rival.result()
    assert waited, "the tick met the uncommitted unsubscription"
    assert not consent.may_write("ana@example.com", "carts")
