"""The account's own pages: details, addresses, and the account made with one field after a purchase."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from pytest_django import Settings

from ilytat.accounts.models import Address, User
from ilytat.accounts.roles import ROLES
from notifications import consent
from notifications.models import OutgoingEmail, Subscriber
from orders.models import Order
from tests import factories
from tests.addresses import ADDRESS

pytestmark = pytest.mark.django_db
PASSWORD = "long-enough-4-anyone"


@pytest.fixture
def ana(client: Client) -> User:
    user = User.objects.create_user("ana@example.com", PASSWORD)
    client.force_login(user)
    return user


def test_an_address_is_added_changed_and_removed(client: Client, ana: User) -> None:
    assert client.post("/accounts/addresses/new/", ADDRESS).status_code == 302
    kept = ana.addresses.get()
    assert kept.city == "Chicago"
    client.post(f"/accounts/addresses/{kept.pk}/", ADDRESS | {"address1": "1 N State St", "usual": "on"})
    kept.refresh_from_db()
    assert (kept.address1, kept.usual) == ("1 N State St", True)
    assert "1 N State St" in client.get("/accounts/addresses/").content.decode()
    for _twice in range(2):
        assert client.post(f"/accounts/addresses/{kept.pk}/remove/").status_code == 302
    assert not ana.addresses.exists()


def test_a_wrong_postcode_is_said_beside_its_field(client: Client, ana: User) -> None:
    page = client.post("/accounts/addresses/new/", ADDRESS | {"zip": "1"})
    assert page.status_code == 200
    assert "id_zip_error" in page.content.decode()
    assert not ana.addresses.exists()


def test_one_address_comes_first(client: Client, ana: User) -> None:
    client.post("/accounts/addresses/new/", ADDRESS | {"usual": "on"})
    client.post("/accounts/addresses/new/", ADDRESS | {"usual": "on", "address1": "2 E Lake St"})
    assert list(ana.addresses.values_list("address1", "usual")) == [("2 E Lake St", True), ("233 S Wacker Dr", False)]


def test_anothers_address_is_not_there(client: Client, ana: User) -> None:
    other = Address.objects.create(user=User.objects.create_user("bo@example.com"), **ADDRESS)
    assert client.get(f"/accounts/addresses/{other.pk}/").status_code == 404
    client.post(f"/accounts/addresses/{other.pk}/remove/")
    assert Address.objects.filter(pk=other.pk).exists()
    assert not ana.addresses.exists()


def test_details_are_saved_and_nothing_else(client: Client, ana: User) -> None:
    answer = client.post("/accounts/details/", {"first_name": "Ana", "language": "fr", "is_staff": "on"})
    ana.refresh_from_db()
    assert (ana.first_name, ana.language, ana.is_staff) == ("Ana", "fr", False)
    assert answer.cookies["django_language"].value == "fr"


@pytest.mark.usefixtures("ana")
def test_the_account_leads_to_the_mail_choices_and_ticks_nothing(client: Client) -> None:
    for _twice in range(2):
        page = client.post("/accounts/mails/", follow=True)
        assert page.redirect_chain[-1][0].startswith("/newsletter/choices/")
    assert not consent.may_write("ana@example.com", "news")
    assert Subscriber.objects.count() == 1


def prove(client: Client, order: Order) -> None:
    client.post(f"/orders/{order.token}/prove/", {"email": order.email})


def test_one_field_makes_an_account_for_the_orders_address(client: Client) -> None:
    order = factories.order(factories.variant(), email="new@example.com")
    stranger = client.post(f"/accounts/join/{order.token}/", {"password1": PASSWORD})
    assert stranger["Location"] == f"/orders/{order.token}/prove/"  # a forwarded link makes nobody's account
    prove(client, order)
    weak = client.post(f"/accounts/join/{order.token}/", {"password1": "short"})
    assert "new@example.com" not in weak.content.decode()
    assert not User.objects.exists()
    client.post(f"/accounts/join/{order.token}/", {"password1": PASSWORD, "email": "thief@example.com"})
    assert User.objects.get().email == "new@example.com"
    assert OutgoingEmail.objects.get(kind="verify_email").to == "new@example.com"
    assert client.get("/accounts/").status_code == 302  # not signed in before the address is confirmed


def test_joining_with_a_known_address_looks_the_same(client: Client) -> None:
    User.objects.create_user("ana@example.com", PASSWORD)
    known = factories.order(factories.variant())
    fresh = factories.order(factories.variant(), email="new@example.com")
    prove(client, known)
    prove(client, fresh)
    answers = [client.post(f"/accounts/join/{x.token}/", {"password1": PASSWORD}) for x in (known, fresh)]
    assert answers[0].status_code == answers[1].status_code == 302
    assert answers[0]["Location"] == answers[1]["Location"]
    assert client.post("/accounts/join/nonsense/", {"password1": PASSWORD}).status_code == 404


def staff(role: str) -> User:
    user = User.objects.create_user(f"{role}@ilytat.com", PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return user


def test_every_role_exists_and_only_finance_and_owner_touch_money() -> None:
    assert set(ROLES) <= set(Group.objects.values_list("name", flat=True))
    may = {role: staff(role).has_perm("payments.change_refund") for role in ROLES}
    assert may == {"viewer": False, "support": False, "fulfilment": False, "finance": True, "owner": True}
    assert all(User.objects.get(email=f"{role}@ilytat.com").has_perm("orders.view_order") for role in ROLES)


def test_every_permission_a_role_names_exists() -> None:
    named = {name for names in ROLES.values() for name in names if not name.endswith(".*")}
    known = {f"{x.content_type.app_label}.{x.codename}" for x in Permission.objects.select_related("content_type")}
    assert named <= known


def test_staff_without_a_second_step_are_sent_to_switch_it_on(client: Client, settings: Settings) -> None:
    settings.STAFF_TWO_STEP = True
    client.force_login(staff("viewer"))
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/2fa/"
    assert client.get("/admin/orders/order/").status_code == 302
