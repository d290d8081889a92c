"""From sign-up to a new password, as a visitor walks it: pages, mails and the links in them."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core import mail
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from ilytat.accounts.models import User
from ilytat.integrations import jobs

pytestmark = pytest.mark.django_db
ADDRESS = "ana@example.com"
PASSWORD = "long-enough-4-anyone"
SIGNUP, LOGIN, RESET = "/accounts/signup/", "/accounts/login/", "/accounts/password/reset/"


def post(client: Client, path: str, **data: str) -> HttpResponse:
    response = client.post(path, data, follow=True)
    assert isinstance(response, HttpResponse)
    return response


def last_mail() -> mail.EmailMultiAlternatives:
    """Whatever was queued leaves; the newest is returned."""
    jobs.work_due("mail")
    message = mail.outbox[-1]
    assert isinstance(message, mail.EmailMultiAlternatives)
    return message


def path_in(message: mail.EmailMultiAlternatives) -> str:
    found = re.search(r"http://testserver(/accounts/\S+/)", str(message.body))
    assert found, message.body
    return found[1]


def sign_up(client: Client) -> str:
    """Returns the path of the link in the mail."""
    post(client, SIGNUP, email=ADDRESS, password1=PASSWORD)
    return path_in(last_mail())


def signed_in(client: Client) -> bool:
    return client.get("/accounts/").status_code == 200


@pytest.fixture
def ana(client: Client) -> User:
    """Signed up and confirmed, signed out."""
    client.post(sign_up(client))
    client.logout()
    cache.clear()  # the pause between two mails to one address
    return User.objects.get()


def test_sign_up_confirm_sign_in_and_out(client: Client) -> None:
    link = sign_up(client)
    assert last_mail().to == [ADDRESS]
    assert not signed_in(client)
    assert "Is ana@example.com yours?" in client.get(link).content.decode()
    post(client, link)
    assert EmailAddress.objects.get().verified
    client.logout()
    post(client, LOGIN, login=ADDRESS, password=PASSWORD)
    assert signed_in(client)
    post(client, "/accounts/logout/")
    assert not signed_in(client)


def test_nobody_signs_in_before_the_address_is_confirmed(client: Client) -> None:
    sign_up(client)
    page = post(Client(), LOGIN, login=ADDRESS, password=PASSWORD)
    assert "One more step" in page.content.decode()


def test_a_forgotten_password_is_replaced_by_the_link_in_the_mail_once(client: Client, ana: User) -> None:
    post(client, RESET, email=ADDRESS)
    link = path_in(last_mail())
    form = client.get(link, follow=True)
    action = form.redirect_chain[-1][0]
    post(client, action, password1="quite-another-1", password2="quite-another-1")
    assert last_mail().subject == "Your password was changed"
    client.logout()
    post(client, LOGIN, login=ADDRESS, password=PASSWORD)
    assert not signed_in(client)
    post(client, LOGIN, login=ADDRESS, password="quite-another-1")
    assert signed_in(client)
    assert "This link no longer works" in Client().get(link, follow=True).content.decode()


def test_a_second_sign_up_looks_like_the_first_and_tells_only_the_owner(client: Client, ana: User) -> None:
    first = post(Client(), SIGNUP, email="new@example.com", password1=PASSWORD)
    second = post(client, SIGNUP, email=ADDRESS, password1="other-words-here-5")
    assert first.redirect_chain == second.redirect_chain  # type: ignore[attr-defined]  # added by follow=True
    assert User.objects.filter(email=ADDRESS).count() == 1
    assert last_mail().to == [ADDRESS]
    assert "already" in str(mail.outbox[-1].body)


def test_a_reset_for_an_unknown_address_looks_like_any_other(client: Client, ana: User) -> None:
    known, unknown = post(client, RESET, email=ADDRESS), post(Client(), RESET, email="who@example.com")
    assert known.redirect_chain == unknown.redirect_chain  # type: ignore[attr-defined]  # added by follow=True
    jobs.work_due("mail")
    assert {message.to[0]: message.subject for message in mail.outbox[-2:]} == {
        ADDRESS: "Choose a new password",
        "who@example.com": "Your sign-in at ILYTAT Designs",
    }


def test_wrong_passwords_are_refused_for_a_while_even_when_the_right_one_comes(client: Client, ana: User) -> None:
    for _ in range(5):
        post(client, LOGIN, login=ADDRESS, password="wrong-wrong-wrong")
    page = post(client, LOGIN, login=ADDRESS, password=PASSWORD)
    assert "Too many failed login attempts" in page.content.decode()
    assert not signed_in(client)


def test_wrong_passwords_are_counted_while_redis_is_away(client: Client, ana: User, settings: LazySettings) -> None:
    nobody_there = {"BACKEND": "ilytat.caching.ForgivingRedisCache", "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": nobody_there}
    for _ in range(5):
        post(client, LOGIN, login=ADDRESS, password="wrong-wrong-wrong")
    page = post(client, LOGIN, login=ADDRESS, password=PASSWORD)
    assert "Too many failed login attempts" in page.content.decode()
    assert not signed_in(client)


def test_a_form_with_errors_says_so_in_summary_field_and_title(client: Client) -> None:
    page = post(client, SIGNUP, email="no address", password1="short").content.decode()
    assert "<title>Error:" in page
    assert 'id="errors"' in page
    assert page.count("Enter a valid email address.") == 2


def test_the_cookie_of_a_session_changes_at_sign_in(client: Client, ana: User) -> None:
    client.get(LOGIN)
    client.session["x"] = 1
    before = client.session.session_key
    post(client, LOGIN, login=ADDRESS, password=PASSWORD)
    assert client.session.session_key != before


def test_of_a_changed_address_the_old_and_the_new_one_are_told(client: Client, ana: User) -> None:
    EmailAddress.objects.create(user=ana, email="ana@new.example", verified=True)
    post(client, LOGIN, login=ADDRESS, password=PASSWORD)
    post(client, "/accounts/email/", email="ana@new.example", action_primary="")
    jobs.work_due("mail")
    told = [
        message for message in mail.outbox if "changed from ana@example.com to ana@new.example" in str(message.body)
    ]
    assert sorted(message.to[0] for message in told) == [ADDRESS, "ana@new.example"]
