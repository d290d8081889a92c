"""What stops a request before any view: JSON posts of other sites' pages (H13), text in another charset (H23), and
what is answered before the host is checked.
"""

import json

import pytest
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpResponse
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from ilytat.integrations import limits
from ilytat.middleware import ApiErrorMiddleware
from orders.models import Cart
from tests import factories

pytestmark = pytest.mark.django_db

CREATE_SESSION = "/api/checkout/create-session"
JSON_ROUTES = (CREATE_SESSION, "/api/orders/fulfill")
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "")
OWN_PAGE = {"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
OTHER_PAGES = {
    "another site": {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    "another host of this site": {"Origin": "http://blog.testserver", "Sec-Fetch-Site": "same-site"},
    "a browser without fetch metadata": {"Origin": "https://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "another port": {"Origin": "http://testserver:8001"},
    "another scheme": {"Origin": "https://testserver"},
    "no origin": {"Sec-Fetch-Site": "cross-site"},
}


def cart_body() -> str:
    variant = factories.variant()
    item = {"product_id": variant.product_id, "variant_id": variant.variant_id, "quantity": 1}
    return json.dumps({"items": [item]})


@pytest.mark.parametrize("path", JSON_ROUTES)
@pytest.mark.parametrize("content_type", FORM_TYPES)
def test_a_post_that_a_form_could_send_is_refused_with_415(client: Client, path: str, content_type: str) -> None:
    answer = client.generic("POST", path, cart_body(), content_type=content_type)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "not_json")
    assert not Cart.objects.exists()


@pytest.mark.parametrize("path", [*JSON_ROUTES, CREATE_SESSION + "/"])
@pytest.mark.parametrize("headers", OTHER_PAGES.values(), ids=OTHER_PAGES)
def test_a_json_post_from_another_origin_is_refused_with_403(
    client: Client, path: str, headers: dict[str, str]
) -> None:
    answer = client.post(path, cart_body(), content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "other_origin")
    assert not Cart.objects.exists()


@pytest.mark.parametrize("headers", [{}, OWN_PAGE, {"Origin": "http://testserver"}], ids=["program", "page", "old"])
@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
def test_a_json_post_from_a_program_or_our_own_page_is_accepted(
    client: Client, headers: dict[str, str], content_type: str
) -> None:
    answer = client.post(CREATE_SESSION, cart_body(), content_type=content_type, headers=headers)
    assert answer.status_code == 200
    assert Cart.objects.count() == 1


def test_too_many_requests_are_answered_in_json_by_the_api_and_with_a_page_elsewhere(rf: RequestFactory) -> None:
    limited = limits.ratelimit("0/minute", methods=frozenset({"GET"}))(lambda _request: HttpResponse())
    requests = rf.get("/api/x"), rf.get("/x")
    for request in requests:
        request.session, request.user = SessionStore(), AnonymousUser()
    api, page = map(ApiErrorMiddleware(limited), requests)
    assert (api.status_code, page.status_code) == (429, 429)
    assert json.loads(api.content)["error"]["code"] == "too_many"
    assert api["Retry-After"] == page["Retry-After"] == "60"
    assert "That was a little too often" in page.content.decode()


def test_a_read_from_another_origin_is_answered(client: Client) -> None:
    headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert client.get("/api/products", headers=headers).status_code == 200


@pytest.mark.parametrize("charset", ["raw_unicode_escape", "unicode_escape", "utf-7", "utf-16", "latin-1", "no-such"])
@pytest.mark.parametrize("path", ["/orders/find/", "/accounts/login/", "/newsletter/", "/search/"])
def test_text_in_another_charset_than_utf_8_is_refused(client: Client, path: str, charset: str) -> None:
    form = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n\\ud800\r\n--x--\r\n'
    answer = client.generic("POST", path, form, content_type=f"multipart/form-data; boundary=x; charset={charset}")
    assert answer.status_code == 400
    answer = client.get(f"{path}?q=%5Cud800a", CONTENT_TYPE=f"text/plain; charset={charset}")
    assert answer.status_code == 400


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8"])
def test_utf_8_is_read_however_it_is_spelled(client: Client, charset: str) -> None:
    content_type = f"application/x-www-form-urlencoded; charset={charset}"
    assert client.generic("POST", "/orders/find/", "number=x", content_type=content_type).status_code == 200


# --- The health pages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["10.0.0.7", "10.0.0.7:8000", "[fd00::7]", "anything.internal"])
@pytest.mark.parametrize("path", ["/healthz", "/healthz/deep"])
def test_the_health_pages_answer_any_host_over_http_in_production(
    client: Client, settings: Settings, path: str, host: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    factories.running_processes()
    answer = client.get(path, headers={"Host": host})
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/", "/healthz/x", "/healthz/deep/x", "/admin/healthz", "/api/products"])
def test_other_pages_still_refuse_a_foreign_host_and_redirect_to_https(
    client: Client, settings: Settings, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path, headers={"Host": "10.0.0.7"}).status_code == 400
    answer = client.get(path)
    assert (answer.status_code, answer.headers["Location"]) == (301, f"https://testserver{path}")
