# ruff: noqa: RUF001 (look-alike letters are what this is about)
"""Whoever owns an address that looks like a buyer's, or contains it, reaches nothing of the buyer's (H6).

The look-alikes are those that databases fold: in PostgreSQL upper(U+0131, the dotless i) is 'I'.
"""

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.core.management import CommandError, call_command
from django.test import Client

from ilytat.accounts.models import User
from ilytat.integrations import inbox, jobs
from ilytat.integrations.email import normalized_or_blank
from notifications import consent, outbox
from notifications.models import OutgoingEmail, Subscriber, Suppression
from orders import back_in_stock
from orders.models import Order, StockWatch, WatchState
from payments import coupons
from payments.models import Coupon
from tests import factories

pytestmark = pytest.mark.django_db
OWNER = "shopin12@mail.com"
PASSWORD = "long-enough-4-anyone"
DOMAIN_LOOK_ALIKES = ["shopin12@maıl.com", "shopin12@maİl.com"]
LOCAL_LOOK_ALIKES = ["shopın12@mail.com", "shopİn12@mail.com"]
CONTAINING = ["myshopin12@mail.com", "shopin123@mail.com", "shopin12@mail.com.example", "shopin12@mail.co"]
NEIGHBORS = [*DOMAIN_LOOK_ALIKES, *CONTAINING]  # addresses that someone can own
ALL = [*NEIGHBORS, *LOCAL_LOOK_ALIKES]
OTHER_SPELLINGS = [" ShopIn12@MAIL.com ", "ſhopin12@mail.com", "ｓｈｏｐin12@mail.com"]

each_neighbor = pytest.mark.parametrize("neighbor", NEIGHBORS)
each_look_alike = pytest.mark.parametrize("neighbor", ALL)
each_spelling = pytest.mark.parametrize("spelling", OTHER_SPELLINGS)


def account(email: str) -> User:
    user = User.objects.create_user(email, PASSWORD)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def confirm(user: User, stored: str) -> None:
    """As if a row of this text, normalized or not, had been confirmed."""
    address = EmailAddress.objects.create(user=user, email=stored, verified=True, primary=True)
    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)


# --- Guest orders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [*ALL, "shopin12@xn--mal-kua.com", "ſhopin12@mail.com"])
def test_a_confirmed_neighbor_takes_no_guest_order(stored: str) -> None:
    order = factories.order(email=OWNER)
    confirm(User.objects.create_user("someone@example.com"), stored)
    order.refresh_from_db()
    assert order.user is None


@each_spelling
def test_an_order_in_another_spelling_joins_its_owners_account(spelling: str) -> None:
    order = factories.order(email=spelling)
    confirm(owner := User.objects.create_user(OWNER), OWNER)
    order.refresh_from_db()
    assert (order.user, order.email) == (owner, OWNER)


# --- An order's page -------------------------------------------------------------------------------------


@each_look_alike
def test_a_neighbors_address_finds_and_opens_no_order(client: Client, neighbor: str) -> None:
    order = factories.paid_order(email=OWNER)
    found = client.post("/orders/find/", {"number": order.number, "email": neighbor})
    opened = client.post(f"/orders/{order.token}/prove/", {"email": neighbor})
    assert (found.status_code, opened.status_code) == (200, 422)
    assert "orders_proven" not in client.session


@each_spelling
def test_the_owners_address_finds_the_order_in_any_spelling(client: Client, spelling: str) -> None:
    order = factories.paid_order(email=OWNER)
    found = client.post("/orders/find/", {"number": order.number, "email": spelling})
    assert found.status_code == 302
    assert order.token in found["Location"]


# --- Back in stock ---------------------------------------------------------------------------------------


@pytest.fixture
def watch() -> StockWatch:
    variant = factories.variant(is_available=False)
    return StockWatch.objects.create(variant=variant, email=OWNER, state=WatchState.WAITING)


@each_neighbor
def test_a_neighbor_neither_sees_nor_stops_the_owners_wait(client: Client, watch: StockWatch, neighbor: str) -> None:
    reader = consent.agree(neighbor, ["news"], language="en", where="test", wording="words")
    choices = f"/newsletter/choices/{consent.token(reader)}/"
    assert watch.variant.label not in client.get(choices).content.decode()
    client.post(choices, {"stop": str(watch.pk)})
    assert StockWatch.objects.filter(pk=watch.pk).exists()


@each_neighbor
def test_a_neighbors_request_is_a_request_of_its_own(client: Client, watch: StockWatch, neighbor: str) -> None:
    client.force_login(account(OWNER))
    client.post(f"/back-in-stock/{watch.variant.product_id}/", {"variant": watch.variant.variant_id, "email": neighbor})
    request = StockWatch.objects.exclude(pk=watch.pk).get()
    assert (request.email, request.state) == (normalized_or_blank(neighbor), WatchState.ASKED)


@each_spelling
def test_one_address_waits_once_in_any_spelling(watch: StockWatch, spelling: str) -> None:
    back_in_stock.ask(watch.variant, spelling, language="en", wording="words", proven=False)
    assert StockWatch.objects.get() == watch


# --- Codes -----------------------------------------------------------------------------------------------


def discounted_order(email: str) -> Order:
    return factories.order(factories.variant(), email=email, subtotal=2499, discount=500, total=2499 + 475 - 500)


@each_neighbor
def test_a_neighbors_use_of_a_code_takes_nothing_from_the_owner(neighbor: str) -> None:
    coupon = Coupon.objects.create(code="spring", value=20)
    coupons.redeem(discounted_order(neighbor), coupon)
    coupons.redeem(discounted_order(OWNER), coupon)
    assert coupon.uses.count() == 2


@each_spelling
def test_a_code_is_used_once_by_one_address_in_any_spelling(spelling: str) -> None:
    coupon = Coupon.objects.create(code="spring", value=20)
    coupons.redeem(discounted_order(OWNER), coupon)
    with pytest.raises(coupons.NotValid):
        coupons.redeem(discounted_order(spelling), coupon)


# --- Newsletter and suppression --------------------------------------------------------------------------


@each_look_alike
def test_a_neighbors_unsubscription_and_bounce_are_its_own(neighbor: str) -> None:
    consent.agree(OWNER, ["news"], language="en", where="test", wording="words")
    consent.agree(neighbor, ["news"], language="en", where="test", wording="words")
    for number, kind in enumerate(("unsubscribe", "bounce", "spamreport")):
        inbox.receive("sendgrid", str(number), kind, {"email": neighbor, "event": kind, "type": "bounce"})
    jobs.work_due("inbox")
    assert consent.may_write(OWNER, "news")
    assert not outbox.suppressed(OWNER)


@each_look_alike
def test_a_neighbor_has_agreed_to_nothing(neighbor: str) -> None:
    consent.agree(OWNER, ["news"], language="en", where="test", wording="words")
    Suppression.objects.create(email=OWNER, reason="bounce")
    assert not consent.may_write(neighbor, "news")
    assert consent.of(neighbor) is None
    assert not outbox.suppressed(neighbor)


@each_spelling
def test_one_address_is_one_subscriber_and_one_suppression_in_any_spelling(spelling: str) -> None:
    consent.agree(OWNER, ["news"], language="en", where="test", wording="words")
    consent.ask(spelling, language="en", where="test", wording="words")
    Suppression.objects.create(email=spelling, reason="bounce")
    assert Subscriber.objects.get().email == OWNER
    assert Suppression.objects.get().email == OWNER
    assert not OutgoingEmail.objects.exists(), "it is a subscriber already"
    assert outbox.suppressed(OWNER)


# --- Accounts --------------------------------------------------------------------------------------------


def reset(email: str) -> None:
    Client().post("/accounts/password/reset/", {"email": email})
    jobs.work_due("mail")


@each_neighbor
def test_a_neighbors_reset_reaches_the_neighbor_and_says_there_is_no_account(neighbor: str) -> None:
    account(OWNER)
    reset(neighbor)
    mail = OutgoingEmail.objects.get()
    assert (mail.to, mail.kind) == (normalized_or_blank(neighbor), "unknown_account")


@each_spelling
def test_a_reset_in_another_spelling_is_mailed_to_the_stored_address(spelling: str) -> None:
    account(OWNER)
    reset(spelling)
    mail = OutgoingEmail.objects.get()
    assert (mail.to, mail.kind) == (OWNER, "password_reset")


@each_look_alike
def test_the_owners_password_opens_nothing_under_a_neighbors_address(client: Client, neighbor: str) -> None:
    owner = account(OWNER)
    client.post("/accounts/login/", {"login": neighbor, "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    assert [User.objects.with_address(x) for x in (neighbor, OWNER)] == [None, owner]


@each_spelling
def test_an_account_is_signed_in_to_in_any_spelling_and_keeps_one_address(client: Client, spelling: str) -> None:
    owner = account(OWNER)
    client.post("/accounts/login/", {"login": spelling, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(owner.pk)
    assert EmailAddress.objects.get().email == OWNER


def sign_up(client: Client, email: str) -> None:
    client.post("/accounts/signup/", {"email": email, "password1": "other-words-here-5"})


def add_address(client: Client, email: str) -> None:
    client.force_login(account("someone@example.com"))
    client.post("/accounts/email/", {"email": email, "action_add": ""})


@pytest.mark.parametrize("door", [sign_up, add_address])
@each_neighbor
def test_a_neighbor_can_be_signed_up_and_added_as_itself(
    client: Client, neighbor: str, door: Callable[[Client, str], None]
) -> None:
    account(OWNER)
    door(client, neighbor)
    assert EmailAddress.objects.exclude(email__in=(OWNER, "someone@example.com")).get().email == normalized_or_blank(
        neighbor
    )


@each_spelling
def test_a_sign_up_in_another_spelling_makes_no_second_account(client: Client, spelling: str) -> None:
    account(OWNER)
    sign_up(client, spelling)
    assert User.objects.get().email == OWNER


@pytest.mark.parametrize("neighbor", LOCAL_LOOK_ALIKES)
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/accounts/signup/", "email"),
        ("/accounts/login/", "login"),
        ("/accounts/password/reset/", "email"),
        ("/accounts/privacy/ask/", "email"),
        ("/newsletter/", "email"),
        ("/orders/find/", "email"),
    ],
)
def test_letters_that_no_address_has_are_refused_with_a_reason(
    client: Client, path: str, field: str, neighbor: str
) -> None:
    page = client.post(path, {field: neighbor, "password": PASSWORD, "password1": PASSWORD, "number": "ABCD2345"})
    assert "Enter an email address without accented or special letters before the @." in page.content.decode()
    assert not OutgoingEmail.objects.exists()


# --- Staff -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "stored"), [("ſhopin12@mail.com", [OWNER]), ("shopın12@mail.com", [])])
def test_an_address_that_staff_enter_is_normalized_or_refused(
    admin_client: Client, typed: str, stored: list[str]
) -> None:
    user = User.objects.create_user("someone@example.com")
    admin_client.post("/admin/account/emailaddress/add/", {"user": user.pk, "email": typed})
    assert list(EmailAddress.objects.filter(user=user).values_list("email", flat=True)) == stored


def test_the_command_of_erasure_refuses_what_is_no_address() -> None:
    with pytest.raises(CommandError, match="before the @"):
        call_command("erase_customer", "shopın12@mail.com")


def test_the_first_staff_login_is_normalized() -> None:
    user = User.objects.create_superuser("ſhopin12@MAIL.com", PASSWORD)
    assert (user.email, EmailAddress.objects.get().email) == (OWNER, OWNER)
