"""Where somebody is signed in: by name, and each place can be signed out by itself."""

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.test import Client

from ilytat.accounts import sign_in
from ilytat.accounts.models import User

pytestmark = pytest.mark.django_db
PASSWORD = "long-enough-4-anyone"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def signed_in(user: User, agent: str) -> Client:
    client = Client(headers={"User-Agent": agent})
    EmailAddress.objects.get_or_create(user=user, email=user.email, verified=True, primary=True)
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana@example.com", PASSWORD)


def test_one_place_is_signed_out_and_the_others_stay(ana: User) -> None:
    phone, laptop = signed_in(ana, PHONE), signed_in(ana, LAPTOP)
    page = laptop.get("/accounts/sessions/").content.decode()
    assert "Safari · iPhone" in page
    assert "Firefox · Linux" in page
    lost = UserSession.objects.get(user_agent=PHONE)
    for _twice in range(2):
        assert laptop.post(f"/accounts/sessions/{lost.pk}/end/").status_code == 302
    assert phone.get("/accounts/").status_code == 302
    assert laptop.get("/accounts/").status_code == 200


def test_nobody_signs_out_anybody_else_nor_this_very_browser(ana: User) -> None:
    mine = signed_in(ana, LAPTOP)
    theirs = signed_in(User.objects.create_user("bo@example.com", PASSWORD), PHONE)
    for place in UserSession.objects.all():
        mine.post(f"/accounts/sessions/{place.pk}/end/")
    assert [client.get("/accounts/").status_code for client in (mine, theirs)] == [200, 200]
    assert mine.get(f"/accounts/sessions/{place.pk}/end/").status_code == 405


def test_everywhere_else_at_once(ana: User) -> None:
    phone, laptop = signed_in(ana, PHONE), signed_in(ana, LAPTOP)
    laptop.post("/accounts/sessions/")
    assert [client.get("/accounts/").status_code for client in (phone, laptop)] == [302, 200]


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (PHONE, "Safari · iPhone"),
        (LAPTOP, "Firefox · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/141.0 Safari/537.36 Edg/141.0", "Edge · Windows"),
        (
            "Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28 Chrome/130 Safari/537.36",
            "Samsung Internet · Android",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome/141.0 Safari/537.36", "Chrome · macOS"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_its_name(agent: str, name: str) -> None:
    assert sign_in.browser_name(agent) == name


def test_signing_in_greets_by_the_address_and_not_by_a_number(ana: User) -> None:
    EmailAddress.objects.create(user=ana, email=ana.email, verified=True, primary=True)
    page = Client().post("/accounts/login/", {"login": ana.email, "password": PASSWORD}, follow=True)
    assert "signed in as ana@example.com" in page.content.decode()
