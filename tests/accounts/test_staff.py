import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import Group, Permission
from django.core import mail
from django.http import HttpResponse
from django.test import Client

from ilytat.accounts.models import User
from ilytat.integrations import jobs

pytestmark = pytest.mark.django_db
PASSWORD = "long-enough-4-anyone"


@pytest.fixture
def chief() -> User:
    return User.objects.create_superuser("chief@ilytat.test", PASSWORD)


def sign_in(client: Client, path: str = "/accounts/login/?next=/admin/") -> HttpResponse:
    data = {"login": "chief@ilytat.test", "password": PASSWORD}
    response = client.post(path, data, follow=True)
    assert isinstance(response, HttpResponse)
    return response


def prove(client: Client) -> None:
    """Changing how an account is protected asks for the password once more."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def code(secret: str) -> str:
    counter = next(yield_hotp_counters_from_time())
    written: str = format_hotp_value(hotp_value(secret, counter))
    return written


def test_staff_sign_in_to_the_control_panel_through_the_shops_own_page(client: Client, chief: User) -> None:
    first = client.get("/admin/", follow=True)
    assert first.redirect_chain[-1][0].startswith("/accounts/login/?next=")
    page = sign_in(client, first.redirect_chain[-1][0])
    assert page.redirect_chain[-1][0] == "/admin/"  # type: ignore[attr-defined]  # added by follow=True
    assert "Control panel" in page.content.decode()


def test_a_buyer_is_not_let_into_the_control_panel(client: Client) -> None:
    client.force_login(User.objects.create_user("ana@example.com", PASSWORD))
    assert client.get("/admin/login/").status_code == 403


def test_two_step_sign_in_can_be_switched_on_and_then_asks_for_a_code(client: Client, chief: User) -> None:
    sign_in(client)
    assert client.get("/accounts/2fa/totp/activate/").status_code == 302
    prove(client)
    page = client.get("/accounts/2fa/totp/activate/").content.decode()
    assert "data:image/svg+xml" in page
    secret = re.search(r'id="authenticator_secret"[^>]* value="(\w+)"', page)
    assert secret
    client.post("/accounts/2fa/totp/activate/", {"code": code(secret[1])}, follow=True)
    assert get_adapter().is_mfa_enabled(chief)
    jobs.work_due("mail")
    assert {"Two-step sign-in is on", "New recovery codes"} >= {message.subject for message in mail.outbox}
    client.logout()
    page = sign_in(client).content.decode()
    assert 'name="code"' in page
    assert client.get("/admin/").status_code == 302
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=1)):  # a code is good for one use
        client.post("/accounts/2fa/authenticate/", {"code": code(secret[1])})
        assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/sessions/",
        "/accounts/logout/",
        "/accounts/reauthenticate/",
        "/accounts/2fa/totp/activate/",
    ],
)
def test_every_page_of_an_account_opens_in_the_shops_frame(client: Client, chief: User, path: str) -> None:
    sign_in(client)
    prove(client)
    page = client.get(path)
    assert page.status_code == 200
    words = page.content.decode()
    assert '<main class="main' in words
    assert words.count("<h1") == 1
    assert " style=" not in words
    assert not re.search(r"<script(?![^>]*(src=|application/json))", words)


@pytest.mark.parametrize("path", ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"])
def test_the_doors_open_in_the_shops_frame(client: Client, path: str) -> None:
    words = client.get(path).content.decode()
    assert '<main class="main' in words
    assert words.count("<h1") == 1
    assert "<label" in words


def test_staff_find_add_and_change_users_by_address(admin_client: Client) -> None:
    page = admin_client.get("/admin/accounts/user/?q=admin").content.decode()
    assert "admin@example.com" in page
    data = {"email": "New@Example.com", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    admin_client.post("/admin/accounts/user/add/", data)
    made = User.objects.get(email__iexact="new@example.com")
    assert made.check_password(PASSWORD)
    assert admin_client.get(f"/admin/accounts/user/{made.pk}/change/").status_code == 200


def test_nobody_reads_the_secrets_of_two_step_sign_in(admin_client: Client) -> None:
    assert admin_client.get("/admin/mfa/authenticator/").status_code == 404


@pytest.fixture
def owner() -> User:
    return with_group("owner")


@pytest.fixture
def manager() -> User:
    """May change users, and is no owner."""
    user = User.objects.create_user("manager@ilytat.test", PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__model="user", codename__endswith="_user"))
    return user


def with_group(name: str) -> User:
    user = User.objects.create_user(f"{name}@ilytat.test", PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    return user


def grant(client: Client, by: User, user: User, *groups: str) -> set[str]:
    """Submit the form of `user` with these groups. Return those the user has then."""
    client.force_login(by)
    keys = [group.pk for group in Group.objects.filter(name__in=groups)]
    data = {"email": user.email, "first_name": "Renamed", "last_name": "", "language": "en", "groups": keys}
    data |= {"is_active": "on", "is_staff": "on"}
    client.post(f"/admin/accounts/user/{user.pk}/change/", data)
    return set(user.groups.values_list("name", flat=True))


def test_the_right_to_change_users_gives_no_groups_and_takes_none(client: Client, manager: User) -> None:
    support = with_group("support")
    assert grant(client, manager, manager, "owner") == set()
    assert grant(client, manager, support) == {"support"}
    support.refresh_from_db()
    assert support.first_name == "Renamed", "the rest of the form is saved"


def test_owners_and_superusers_give_and_take_groups(client: Client, owner: User, chief: User) -> None:
    support = with_group("support")
    assert grant(client, owner, support, "finance") == {"finance"}
    assert grant(client, chief, support, "owner") == {"owner"}


def test_an_owners_account_is_changed_by_owners_only(client: Client, manager: User, owner: User) -> None:
    password_page = f"/admin/accounts/user/{owner.pk}/password/"
    client.force_login(manager)
    assert client.get(password_page).status_code == 403
    assert grant(client, manager, owner) == {"owner"}
    owner.refresh_from_db()
    assert owner.first_name == ""
    client.force_login(owner)
    assert client.get(password_page).status_code == 200
