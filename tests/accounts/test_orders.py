import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_confirmed
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from ilytat.accounts.models import User
from orders.states import OrderState
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.com", "long-enough-4-anyone")


def page_of(client: Client, user: User) -> str:
    client.force_login(user)
    return client.get("/accounts/").content.decode()


def confirm(user: User) -> None:
    address = EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    email_confirmed.send(sender=EmailAddress, request=None, email_address=address)


def test_the_account_shows_its_own_orders_and_nobody_elses(client: Client, ana: User) -> None:
    mine = factories.order(factories.variant(), user=ana, state=OrderState.PAID)
    other = factories.order(factories.variant())
    page = page_of(client, ana)
    assert mine.number in page
    assert mine.get_absolute_url() in page
    assert "Paid, being prepared" in page
    assert other.number not in page


def test_an_account_without_orders_says_how_they_come(client: Client, ana: User) -> None:
    assert "No orders yet" in page_of(client, ana)


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get("/accounts/").headers["Location"] == "/accounts/login/?next=/accounts/"


def test_guest_orders_join_the_account_when_the_address_is_confirmed(ana: User) -> None:
    guest = factories.order(email="Ana@Example.com")
    somebodys = factories.order(email="ana@example.com", user=User.objects.create_user("bo@example.com"))
    stranger = factories.order(email="bo@example.com")
    confirm(ana)
    for order in (guest, somebodys, stranger):
        order.refresh_from_db()
    assert guest.user == ana
    assert somebodys.user != ana
    assert stranger.user is None


NEIGHBORS = (
    "xana@example.com",
    "ana@example.com.evil.example",
    "ana@example.co",
    "ana@example.comx",
    "an@example.com",
    "ana+1@example.com",
    "a.na@example.com",
    "ana@mail.example.com",
    "ana@example.org",
    "ana_@example.com",
    "a_a@example.com",
    "ana%@example.com",
)


@pytest.mark.parametrize("neighbor", NEIGHBORS)
def test_a_confirmed_address_claims_no_order_of_a_similar_address(neighbor: str) -> None:
    """In neither direction: the address is compared as a whole."""
    confirmed, kept = User.objects.create_user("ana@example.com"), factories.order(email=neighbor)
    own = factories.order(email="ana@example.com")
    confirm(confirmed)
    assert list(confirmed.orders.all()) == [own]
    kept.refresh_from_db()
    assert kept.user is None


@pytest.mark.parametrize("neighbor", NEIGHBORS)
def test_a_similar_address_that_is_confirmed_claims_nothing(neighbor: str) -> None:
    order, other = factories.order(email="ana@example.com"), User.objects.create_user(neighbor)
    confirm(other)
    order.refresh_from_db()
    assert order.user is None


def test_a_page_of_orders_costs_the_same_number_of_queries_whatever_is_on_it(
    client: Client, ana: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    factories.order(factories.variant(), factories.variant(), user=ana)
    client.force_login(ana)
    client.get("/accounts/")
    with django_assert_num_queries(6):
        client.get("/accounts/")
    for _ in range(5):
        factories.order(factories.variant(), factories.variant(), user=ana)
    with django_assert_num_queries(6):
        client.get("/accounts/")


def test_the_eleventh_order_is_on_the_second_page(client: Client, ana: User) -> None:
    numbers = [factories.order(user=ana).number for _ in range(11)]
    client.force_login(ana)
    assert numbers[0] not in client.get("/accounts/").content.decode()
    assert numbers[0] in client.get("/accounts/?page=2").content.decode()
