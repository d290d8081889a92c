"""What a stranger can ask of a door is answered in the same words after the same work, whoever the address is (H19).

Queries and password hashes are compared instead of times: a busy machine changes neither.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ilytat.accounts.models import User
from ilytat.integrations import jobs
from notifications.models import OutgoingEmail

pytestmark = pytest.mark.django_db
KNOWN, UNCONFIRMED, UNKNOWN = "ana@example.com", "new@example.com", "who@example.com"
PASSWORD = "long-enough-4-anyone"


@pytest.fixture(autouse=True)
def _people() -> None:
    for email, verified in ((KNOWN, True), (UNCONFIRMED, False)):
        user = User.objects.create_user(email, PASSWORD)
        EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    Client().get("/accounts/login/")  # what pages keep in the cache is there


@contextmanager
def work(done: list[str]) -> Iterator[None]:
    """Every statement without its values, and every password that was hashed or checked."""
    real = Argon2PasswordHasher.encode

    def encode(*given: Any) -> str:
        done.append("a password")
        return str(real(*given))

    verify = Argon2PasswordHasher.verify

    def checked(*given: Any) -> bool:
        done.append("a password")
        return bool(verify(*given))

    with (
        CaptureQueriesContext(connection) as queries,
        mock.patch.object(Argon2PasswordHasher, "encode", encode),
        mock.patch.object(Argon2PasswordHasher, "verify", checked),
    ):
        yield
    done += [_shape(query["sql"]) for query in queries if "SAVEPOINT" not in query["sql"]]


def _shape(sql: str) -> str:
    return re.sub(r"'(?:[^']|'')*'|\b\d+\b|_django_curs_\w+", "?", sql)


def asked(path: str, **data: str) -> tuple[list[str], str]:
    done: list[str] = []
    client = Client()
    with work(done):
        answer = client.post(path, data)
    return done, _page(answer, client)


def _page(answer: HttpResponseBase, client: Client) -> str:
    where = answer.headers.get("Location", "")
    shown = client.get(where) if where else answer
    body = getattr(shown, "content", b"").decode()
    body = re.sub(r'value="\w{64}"', "", body)
    for email in (KNOWN, UNCONFIRMED, UNKNOWN):
        body = body.replace(email, "…")
    return f"{answer.status_code} {where} {body}"


@pytest.mark.parametrize("email", [KNOWN, UNCONFIRMED])
@pytest.mark.parametrize(
    ("path", "field", "others"),
    [
        ("/accounts/password/reset/", "email", {}),
        ("/accounts/login/", "login", {"password": "not-the-password"}),
        ("/accounts/privacy/ask/", "email", {}),
        ("/newsletter/", "email", {}),
    ],
)
def test_a_door_does_the_same_for_known_and_unknown(path: str, field: str, others: dict[str, str], email: str) -> None:
    known, unknown = (asked(path, **{field: one}, **others) for one in (email, UNKNOWN))
    assert known[0] == unknown[0]
    assert known[1] == unknown[1]


@pytest.mark.parametrize("email", [KNOWN, UNCONFIRMED])
def test_a_sign_up_does_the_same_for_known_and_unknown(email: str) -> None:
    known, unknown = (asked("/accounts/signup/", email=one, password1=PASSWORD) for one in (email, UNKNOWN))
    assert known[0] == unknown[0]
    assert known[1] == unknown[1]
    assert User.objects.count() == 3


def test_the_queue_finds_out_whose_reset_it_is() -> None:
    for email in (KNOWN, UNKNOWN):
        asked("/accounts/password/reset/", email=email)
    assert set(OutgoingEmail.objects.values_list("kind", flat=True)) == {"password_reset"}
    jobs.work_due("mail")
    assert set(OutgoingEmail.objects.values_list("to", "kind")) == {
        (KNOWN, "password_reset"),
        (UNKNOWN, "unknown_account"),
    }


def test_a_disabled_account_gets_no_link() -> None:
    User.objects.filter(email=KNOWN).update(is_active=False)
    asked("/accounts/password/reset/", email=KNOWN)
    jobs.work_due("mail")
    assert OutgoingEmail.objects.get().kind == "unknown_account"


def test_an_account_is_found_by_each_confirmed_address_and_by_no_other() -> None:
    ana = User.objects.get(email=KNOWN)
    EmailAddress.objects.create(user=ana, email="second@example.com", verified=True)
    EmailAddress.objects.create(user=ana, email="third@example.com", verified=False)
    found = [User.objects.with_address(f"{name}@Example.com") for name in ("Ana", "second", "third", "who")]
    assert found == [ana, ana, None, None]
