"""What holds at every door of the shop at once: form tokens, caches, hosts and ways on (H8, H9, H13, H32)."""

from collections.abc import Iterable, Iterator

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from ilytat.accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db

# Who has proven itself otherwise: by a signature, a signed link, a token or a check of its own.
EXEMPT = {
    "stripe_webhook",
    "printify_webhook",
    "sendgrid_webhook",
    "newsletter_leave",
    "api:api-root",  # there is nothing
}
DUMMIES = {"token": "x" * 32, "slug": "x", "key": "x", "uidb36": "1", "path": "x", "url": "x", "object_id": "1"}
ELSEWHERE = (
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "javascript:alert(1)",
    "https:evil.example",
)


@pytest.fixture
def ana() -> User:
    """Her address is confirmed: she can sign in."""
    made = User.objects.create_user("ana@example.com", "long-enough-4-anyone")
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    return made


def named(patterns: Iterable[URLPattern | URLResolver], space: str = "") -> Iterator[tuple[str, list[str]]]:
    for each in patterns:
        if isinstance(each, URLResolver):
            inner = f"{space}{each.namespace}:" if each.namespace else space
            yield from ((name, [*each.pattern.converters, *args]) for name, args in named(each.url_patterns, inner))
        elif each.name:
            yield f"{space}{each.name}", [*each.pattern.converters, *each.pattern.regex.groupindex]


def doors() -> dict[str, str]:
    """Each named address, with something in place of what varies."""
    found = {}
    for name, args in named(get_resolver().url_patterns):
        given = {arg: DUMMIES.get(arg, "1") for arg in args}
        try:
            found[name] = reverse(name, kwargs=given)
        except NoReverseMatch:
            continue  # the admin's own catch-all
    return found


def test_no_form_is_taken_without_its_token() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("chief@ilytat.test", "x"))
    closed = {403, 405, 415}  # 415: a JSON route, see test_middleware
    open_doors = {name for name, path in doors().items() if client.post(path).status_code not in closed}
    assert open_doors <= EXEMPT
    assert len(doors()) > 200


PERSONAL = (
    "/cart/",
    "/checkout/success/",
    "/orders/find/",
    "/orders/{token}/",
    "/orders/{token}/prove/",
    "/orders/{token}/verify/",
    "/orders/{token}/cancel/",
    "/orders/{token}/address/",
    "/orders/{token}/problem/",
    "/checkout/again/{token}/",
    "/cart/again/{token}/",
    "/newsletter/",
    "/newsletter/leave/x/",
    "/accounts/",
    "/accounts/details/",
    "/accounts/addresses/",
    "/accounts/addresses/new/",
    "/accounts/email/",
    "/accounts/sessions/",
    "/accounts/privacy/",
    "/accounts/privacy/ask/",
    "/accounts/2fa/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/password/change/",
    "/accounts/reauthenticate/",
    "/accounts/signup/",
    "/accounts/confirm-email/x/",
    "/accounts/password/reset/key/1-x/",
    "/accounts/privacy/link/x/",
    "/accounts/login/",
    "/accounts/password/reset/",
    "/admin/",
    "/admin/orders/order/",
)


@pytest.mark.parametrize("path", PERSONAL)
def test_no_cache_keeps_what_is_somebodys(admin_client: Client, admin_user: User, path: str) -> None:
    order = factories.paid_order(user=admin_user)
    answer = admin_client.get(path.format(token=order.token))
    assert "no-store" in answer["Cache-Control"], answer.status_code
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/products/", "/search/?q=tee"])
def test_a_page_for_everybody_is_kept_for_each_cookie_apart(client: Client, path: str) -> None:
    answer = client.get(path)
    assert "Cookie" in answer["Vary"]
    assert "public" not in answer.get("Cache-Control", "")


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "testserver@evil.example", "évil", "a b"])
def test_another_hosts_name_is_refused(client: Client, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 400


def test_a_forwarded_host_is_nobodys_word(client: Client) -> None:
    names = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Server": "evil.example", "Forwarded": "host=evil.example"}
    answer = client.get("/", headers={**names, "X-Original-URL": "/admin/", "X-Rewrite-Url": "/admin/"})
    assert answer.status_code == 200
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize("way", ELSEWHERE)
def test_no_way_on_leads_out_of_the_shop(client: Client, ana: User, way: str) -> None:
    order = factories.order()
    posts = {
        "/language/": {"language": "es", "next": way},
        f"/orders/{order.token}/prove/": {"email": order.email, "next": way},
        "/accounts/login/": {"login": "ana@example.com", "password": "long-enough-4-anyone", "next": way},
        "/accounts/logout/": {"next": way},
    }
    for path, body in posts.items():
        answer = client.post(path, body, headers={"Referer": "https://evil.example/"})
        assert answer.status_code in {204, 302}, path
        assert "evil" not in answer.get("Location", ""), path
        assert "javascript" not in answer.get("Location", ""), path


def test_a_session_is_another_after_signing_in(client: Client, ana: User) -> None:
    """Whoever planted a session's key in somebody's browser knows it no more (H20)."""
    variant = factories.variant()
    session = client.session
    session["cart"] = factories.cart(variant).token
    session.save()
    planted = client.cookies["sessionid"].value

    client.post("/accounts/login/", {"login": "ana@example.com", "password": "long-enough-4-anyone"})

    assert client.cookies["sessionid"].value != planted
    assert variant.product.title in client.get("/cart/").content.decode()
    assert Client(headers={"Cookie": f"sessionid={planted}"}).get("/accounts/").status_code == 302
