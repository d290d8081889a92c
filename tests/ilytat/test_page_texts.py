"""The owner's own words in place of the built-in ones, version by version."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from pytest_django import Settings

from ilytat.accounts.models import User
from ilytat.pages import texts
from ilytat.pages.models import PageText
from tests.pages import text

pytestmark = pytest.mark.django_db
DRAFT = "Draft: to be reviewed by the owner's lawyer"
ADD = "/admin/pages/pagetext/add/"


@pytest.fixture
def owner(client: Client) -> User:
    user = User.objects.create_superuser("owner@ilytat.com", "long-enough-4-anyone")
    client.force_login(user)
    return user


def write(client: Client, **given: str) -> None:
    answer = client.post(
        ADD, {"slug": "terms", "language": "en", "title": "Our terms", "body": "<p>Be kind.</p>"} | given
    )
    assert answer.status_code == 302, answer.content.decode()


@pytest.mark.parametrize("slug", sorted(texts.SLUGS))
@pytest.mark.parametrize("language", ["en", "es", "fr"])
def test_every_page_has_a_built_in_text_in_every_language(client: Client, slug: str, language: str) -> None:
    page = client.get(f"/pages/{slug}/", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert f'<html lang="{language}"' in page.content.decode()
    own = texts.built_in(slug, language).template.source
    assert language == "en" or own != texts.built_in(slug, "en").template.source


@pytest.mark.parametrize(
    ("language", "receives", "deletes"),
    [
        (
            "en",
            "receives your name, email address, shipping address, what you ordered and the amount",
            "customer record",
        ),
        ("es", "recibe tu nombre, tu correo electrónico, la dirección de envío, lo que pediste y el importe", "ficha"),
        ("fr", "reçoit votre nom, votre e-mail, l’adresse de livraison, ce que vous avez commandé", "fiche client"),
    ],
)
def test_the_privacy_page_says_all_that_stripe_receives_and_what_is_deleted_there(
    client: Client, language: str, receives: str, deletes: str
) -> None:
    page = text(client.get("/pages/privacy/", headers={"Accept-Language": language}))
    assert receives in page
    assert deletes in page


def test_the_owners_text_takes_the_place_of_the_built_in_one_in_its_language_only(client: Client, owner: User) -> None:
    before = texts.version("terms", "en")
    assert before.startswith("built-in ")
    write(client)
    page = client.get("/pages/terms/").content.decode()
    assert "Be kind." in page
    assert "<h1>Our terms</h1>" in page
    assert "Be kind." not in client.get("/pages/terms/", headers={"Accept-Language": "fr"}).content.decode()
    assert texts.version("terms", "en") == "1"
    assert PageText.objects.get().published_by == owner.email


@pytest.mark.usefixtures("owner")
def test_a_change_is_a_new_version_and_the_old_one_stays(client: Client) -> None:
    write(client)
    write(client, body="<p>Be kinder.</p>")
    assert [(x.version, x.body) for x in PageText.objects.all()] == [(2, "<p>Be kinder.</p>"), (1, "<p>Be kind.</p>")]
    first = PageText.objects.get(version=1)
    client.post(f"/admin/pages/pagetext/{first.pk}/change/", {"body": "forged"})
    client.post(f"/admin/pages/pagetext/{first.pk}/delete/", {"post": "yes"})
    assert PageText.objects.get(version=1).body == "<p>Be kind.</p>"


@pytest.mark.usefixtures("owner")
def test_the_form_begins_with_what_readers_see_today(client: Client, settings: Settings) -> None:
    settings.STAFF_TWO_STEP = False
    form = client.get(f"{ADD}?slug=terms&language=en").content.decode()
    assert 'value="Terms of sale"' in form
    assert "1. Ordering" in form
    assert "&lt;nav" not in form  # the text alone, without the shop around it
    write(client)
    assert "Be kind." in client.get(f"{ADD}?slug=terms&language=en").content.decode()


@pytest.mark.usefixtures("owner")
def test_scripts_and_styles_are_taken_out_and_links_stay(client: Client) -> None:
    links = '<a href="/cart/">cart</a> <a href="javascript:x()">x</a>'
    write(client, body=f'<p onclick="x()" style="color:red">Hi {links}<script>y()</script></p>')
    page = client.get("/pages/terms/").content.decode()
    assert '<a href="/cart/"' in page
    assert not any(word in page for word in ("onclick", "javascript:", "y()", "color:red"))


def test_only_who_may_writes(client: Client) -> None:
    clerk = User.objects.create_user("clerk@ilytat.com", is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="view_pagetext"))
    client.force_login(clerk)
    assert client.get(ADD).status_code == 403


def test_an_unknown_page_is_not_found(client: Client) -> None:
    assert client.get("/pages/secrets/").status_code == 404


def test_only_staff_see_that_a_page_is_a_draft(client: Client, owner: User) -> None:
    assert DRAFT in text(client.get("/pages/terms/"))
    assert DRAFT not in text(client.get("/pages/about/"))
    client.logout()
    assert DRAFT not in text(client.get("/pages/terms/"))
    client.force_login(User.objects.create_user("ana@example.com", "x"))
    assert DRAFT not in text(client.get("/pages/terms/"))


def test_drafts_are_listed_until_the_owner_publishes_a_text(client: Client, owner: User) -> None:
    drafts = texts.drafts()
    assert {slug for slug, _language in drafts} == {
        "accessibility", "imprint", "privacy", "returns", "shipping", "terms"
    }  # fmt: skip
    assert "terms (en)" in text(client.get("/admin/pages/pagetext/"))

    write(client)

    assert set(drafts) - set(texts.drafts()) == {("terms", "en")}
    assert DRAFT not in text(client.get("/pages/terms/"))
    assert "terms (en)," not in text(client.get("/admin/pages/pagetext/"))
