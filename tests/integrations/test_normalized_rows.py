# ruff: noqa: RUF001 (look-alike letters are what this is about)
"""The migrations that normalize the addresses of rows written before: nothing proven or refused is lost or gained."""

from datetime import timedelta
from importlib import import_module
from typing import Any, TypeVar

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.db.models import Model, Value
from django.utils import timezone

from ilytat.accounts.models import Erasure, User
from ilytat.integrations.email import BATCH_ROWS, is_same_mailbox, rows_to_normalize
from ilytat.integrations.privacy import ERASED_DOMAIN, fingerprint
from notifications.models import Consent, OutgoingEmail, Subscriber, Suppression
from orders.models import Order, StockWatch
from payments.models import Coupon, CouponUse
from tests import factories

pytestmark = pytest.mark.django_db
NOW = timezone.now()
ADDRESS, UPPER, FOLDED = "shop@mail.com", "Shop@Mail.com", "ſhop@mail.com"  # FOLDED is mail to someone else


MIGRATIONS = {
    "accounts": "ilytat.accounts.migrations.0004_normalized_email",
    "notifications": "notifications.migrations.0006_normalized_email",
    "orders": "orders.migrations.0008_normalized_email",
    "payments": "payments.migrations.0005_normalized_email",
}


def migrate(app: str) -> None:
    import_module(MIGRATIONS[app]).normalize_emails(apps, None)


Row = TypeVar("Row", bound=Model)


def as_written_before(row: Row, text: str, column: str = "email") -> Row:
    """The row with this text in its column, past all that normalizes."""
    type(row)._default_manager.filter(pk=row.pk).update(**{column: Value(text)})
    return row


def subscriber(text: str, **given: Any) -> Subscriber:
    row = Subscriber.objects.create(email=f"{Subscriber.objects.count()}@example.com", **given)
    Consent.objects.create(subscriber=row, address_hash="before", act="confirmed", where="test")
    return as_written_before(row, text)


@pytest.mark.parametrize(
    ("stored", "address", "is_same"),
    [
        (" Shop@Mail.com", ADDRESS, True),
        ("shop@bücher.example", "shop@xn--bcher-kva.example", True),
        ("shop@maıl.com", "shop@xn--mal-kua.com", True),
        (FOLDED, ADDRESS, False),
        ("shop@straße.example", "shop@xn--strae-oqa.example", False),
        ("shop@" + "ü" * 80 + ".com", ADDRESS, False),
    ],
)
def test_only_spellings_whose_mail_arrived_there_are_the_same_mailbox(
    stored: str, address: str, *, is_same: bool
) -> None:
    assert is_same_mailbox(stored, address) is is_same


def test_rows_of_more_than_one_batch_are_all_found() -> None:
    people = User.objects.bulk_create(User(email=f"{n}@example.com") for n in range(BATCH_ROWS + 2))
    for user in (people[0], people[-1]):
        as_written_before(user, user.email.upper())
    as_written_before(people[1], "büyer@mail.com")
    rows = list(rows_to_normalize(User.objects.all(), "email"))
    assert [row[0] for row in rows] == [people[0].pk, people[-1].pk]


def test_orders_and_uses_of_codes_are_normalized() -> None:
    order = as_written_before(factories.order(), UPPER)
    coupon = Coupon.objects.create(code="SPRING", value=20)
    use = CouponUse.objects.create(coupon=coupon, order=order, amount=1, email="a@example.com")
    as_written_before(use, "shop@maıl.com")
    migrate("orders")
    migrate("payments")
    assert Order.objects.get().email == ADDRESS
    assert CouponUse.objects.get().email == "shop@xn--mal-kua.com"


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([(UPPER, "waiting")], "waiting"),
        ([(FOLDED, "waiting")], "asked"),
        ([(FOLDED, "told")], "told"),
        ([(ADDRESS, "asked"), (UPPER, "waiting")], "waiting"),
        ([(ADDRESS, "waiting"), (UPPER, "asked")], "waiting"),
        ([(ADDRESS, "asked"), (FOLDED, "waiting")], "asked"),
        ([(UPPER, "waiting"), (FOLDED, "waiting"), ("SHOP@mail.com", "asked")], "waiting"),
    ],
)
def test_of_two_waits_for_one_thing_the_confirmed_one_stays(rows: list[tuple[str, str]], state: str) -> None:
    variant = factories.variant()
    for number, (text, before) in enumerate(rows):
        row = StockWatch.objects.create(variant=variant, email=f"{number}@example.com", state=before, confirmed_at=NOW)
        as_written_before(row, text)
    migrate("orders")
    watch = StockWatch.objects.get()
    assert (watch.email, watch.state) == (ADDRESS, state)


@pytest.mark.parametrize("others", [[], [ADDRESS], ["SHOP@mail.com", FOLDED]])
def test_a_suppression_is_kept_once(others: list[str]) -> None:
    for number, text in enumerate([UPPER, *others]):
        as_written_before(Suppression.objects.create(email=f"{number}@example.com", reason="bounce"), text)
    migrate("notifications")
    assert Suppression.objects.get().email == ADDRESS


def test_a_subscription_is_normalized_with_its_proof() -> None:
    subscriber(UPPER, news=True, confirmed_at=NOW)
    migrate("notifications")
    row = Subscriber.objects.get()
    assert (row.email, row.news, row.confirmed_at, row.left_at) == (ADDRESS, True, NOW, None)
    assert row.consents.get().address_hash == fingerprint(ADDRESS)


@pytest.mark.parametrize("left_first", [True, False])
def test_who_unsubscribed_under_one_spelling_stays_unsubscribed(*, left_first: bool) -> None:
    rows: list[dict[str, Any]] = [{"left_at": NOW}, {"news": True, "confirmed_at": NOW + timedelta(days=1)}]
    for text, given in zip((ADDRESS, UPPER), rows if left_first else rows[::-1], strict=True):
        subscriber(text, **given)
    migrate("notifications")
    row = Subscriber.objects.get()
    assert (row.email, row.left_at, row.news) == (ADDRESS, NOW, False)
    assert row.consents.count() == 2


def test_of_two_subscriptions_only_the_topics_of_both_remain() -> None:
    subscriber(ADDRESS, news=True, carts=True, confirmed_at=NOW)
    subscriber(UPPER, news=True, stock=True, confirmed_at=NOW)
    subscriber("SHOP@mail.com", carts=True)
    migrate("notifications")
    row = Subscriber.objects.get()
    assert (row.news, row.carts, row.stock, row.confirmed_at) == (True, False, False, NOW)


def test_a_confirmation_that_another_mailbox_gave_does_not_count_but_its_unsubscription_does() -> None:
    subscriber(FOLDED, news=True, confirmed_at=NOW)
    migrate("notifications")
    assert not Subscriber.objects.agreeing("news").exists()
    Subscriber.objects.all().delete()
    subscriber(FOLDED, confirmed_at=NOW, left_at=NOW)
    migrate("notifications")
    row = Subscriber.objects.get()
    assert (row.left_at, row.confirmed_at) == (NOW, NOW), "unconfirmed rows are forgotten, and with them that it left"


@pytest.mark.parametrize(("text", "to"), [(UPPER, ADDRESS), (FOLDED, f"@{ERASED_DOMAIN}")])
def test_a_privacy_link_read_by_another_mailbox_opens_nothing(text: str, to: str) -> None:
    mail = OutgoingEmail.objects.create(kind="privacy_link", dedupe_key="1", to="a@example.com")
    as_written_before(mail, text, "to")
    migrate("notifications")
    assert OutgoingEmail.objects.get().to.endswith(to)


def account(text: str, *, verified: bool = True) -> User:
    user = User.objects.create_user(f"{User.objects.count()}@example.com", "long-enough-4-anyone")
    as_written_before(EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True), text)
    return as_written_before(user, text)


def state(user: User) -> tuple[str, bool, list[tuple[str, bool, bool]]]:
    user.refresh_from_db()
    rows = EmailAddress.objects.filter(user=user).values_list("email", "verified", "primary")
    return user.email, user.has_usable_password(), list(rows)


def test_an_account_keeps_its_address_in_normalized_form() -> None:
    user = account(UPPER)
    migrate("accounts")
    assert state(user) == (ADDRESS, True, [(ADDRESS, True, True)])


def test_an_account_proven_by_another_mailbox_has_to_prove_its_address_again() -> None:
    user = account(FOLDED)
    migrate("accounts")
    assert state(user) == (ADDRESS, False, [])


@pytest.mark.parametrize("texts", [(ADDRESS, FOLDED), (FOLDED, ADDRESS), (FOLDED, UPPER), (UPPER, FOLDED)])
def test_of_two_accounts_the_one_whose_mail_arrives_keeps_the_address(texts: tuple[str, str]) -> None:
    users = {text: account(text) for text in texts}
    loser = users.pop(FOLDED)
    [owner] = users.values()
    migrate("accounts")
    assert state(owner) == (ADDRESS, True, [(ADDRESS, True, True)])
    email, can_sign_in, addresses = state(loser)
    assert email.endswith(ERASED_DOMAIN)
    assert (can_sign_in, addresses) == (False, [])


def test_two_rows_of_one_account_become_one_and_another_accounts_proof_stays() -> None:
    ana = account("ana@example.com")
    for text, verified in (("second@mail.com", False), ("Second@mail.com", True), ("Third@mail.com", True)):
        EmailAddress.objects.create(user=ana, email=text, verified=verified)
    other = User.objects.create_user("other@example.com")
    EmailAddress.objects.create(user=other, email="third@mail.com", verified=True)
    migrate("accounts")
    rows = EmailAddress.objects.exclude(email="ana@example.com").values_list("user", "email", "verified")
    assert set(rows) == {
        (ana.pk, "second@mail.com", True),
        (ana.pk, "third@mail.com", False),
        (other.pk, "third@mail.com", True),
    }


@pytest.mark.parametrize(("text", "kept"), [(UPPER, [ADDRESS]), (FOLDED, [])])
def test_a_waiting_erasure_is_of_the_mailbox_that_asked(text: str, kept: list[str]) -> None:
    as_written_before(Erasure.objects.create(fingerprint="before", email="a@example.com"), text)
    migrate("accounts")
    assert list(Erasure.objects.values_list("email", flat=True)) == kept
    assert [x.fingerprint for x in Erasure.objects.all()] == [fingerprint(x) for x in kept]


def test_two_erasures_of_one_address_become_one() -> None:
    Erasure.objects.create(fingerprint=fingerprint(ADDRESS), state="done")
    as_written_before(Erasure.objects.create(fingerprint="before", email="a@example.com"), UPPER)
    migrate("accounts")
    assert Erasure.objects.get().email == ADDRESS
