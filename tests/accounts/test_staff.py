import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
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
