from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from ilytat.accounts import emails
from ilytat.accounts.models import User
from ilytat.integrations import jobs
from notifications.models import OutgoingEmail

pytestmark = pytest.mark.django_db
VERIFY = "account/email/email_confirmation"


def verify(email: str) -> None:
    emails.queue(VERIFY, email, {"activate_url": "http://evil.example/accounts/confirm-email/1-abc/"}, language="en")


def test_a_mails_links_lead_to_our_own_site_whatever_host_the_request_named() -> None:
    verify("ana@example.com")
    url = OutgoingEmail.objects.get().context["url"]
    assert url == "http://testserver/accounts/confirm-email/1-abc/"


def test_an_address_gets_five_mails_of_a_kind_an_hour_whoever_asks() -> None:
    for _ in range(7):
        verify("ana@example.com")
    verify("ANA@example.com")
    verify("bo@example.com")
    to = list(OutgoingEmail.objects.values_list("to", flat=True))
    assert (to.count("ana@example.com"), to.count("bo@example.com"), len(to)) == (5, 1, 6)


def test_what_happened_to_an_account_is_told_every_time() -> None:
    told = {"timestamp": timezone.now(), "ip": "203.0.113.7", "user_agent": "Firefox"}
    for _ in range(7):
        emails.queue("account/email/password_changed", "ana@example.com", told, language="en")
    assert OutgoingEmail.objects.count() == 7


@pytest.mark.parametrize("email", ["who@example.com", "ana@example.com"])
def test_the_same_limit_holds_for_addresses_with_and_without_an_account(
    client: Client, settings: Settings, email: str
) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    User.objects.create_user("ana@example.com")
    for _ in range(7):
        client.post("/accounts/password/reset/", {"email": email})
        jobs.work_due("mail")
    assert OutgoingEmail.objects.filter(to=email).count() == 5


def test_an_account_remembers_the_language_it_was_made_in(client: Client) -> None:
    data = {"email": "ana@example.com", "password1": "long-enough-4-anyone"}
    client.post("/accounts/signup/", data, headers={"Accept-Language": "fr"})
    assert OutgoingEmail.objects.get().language == "fr"


def signed_in_with(agent: str, client: Client) -> int:
    """How many words of warning there are after that sign-in."""
    client.logout()
    given = {"login": "ana@example.com", "password": "long-enough-4-anyone"}
    client.post("/accounts/login/", given, headers={"User-Agent": agent})
    return OutgoingEmail.objects.filter(kind="new_sign_in").count()


def test_a_sign_in_from_a_new_browser_is_told_once(client: Client) -> None:
    ana = User.objects.create_user("ana@example.com", "long-enough-4-anyone")
    EmailAddress.objects.create(user=ana, email=ana.email, verified=True, primary=True)
    assert signed_in_with("Firefox/145.0", client) == 0  # right after the sign-up
    User.objects.update(date_joined=timezone.now() - timedelta(days=9))
    assert signed_in_with("Firefox/146.1", client) == 0  # the same browser, a month later
    assert signed_in_with("Chromium/156", client) == 1
    assert signed_in_with("Chromium/157", client) == 1
