"""Whatever a stranger sends as a body, no page answers 500, and no error with a traceback is logged (H23)."""

import io
import logging
from typing import Any, NoReturn

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from ilytat.integrations import limits
from ilytat.middleware import BODY_BYTES_MAX, MIB
from ilytat.wsgi import ShopRequest, application
from tests.ilytat.test_front_door import doors
from tests.notifications.conftest import Signer

pytestmark = pytest.mark.django_db

MULTIPART = "multipart/form-data; boundary=x"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def part(headers: bytes, content: bytes = b"ab") -> bytes:
    return b"--x\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n--x--\r\n" % (headers, content)


BODIES: dict[str, tuple[str, bytes]] = {
    "no boundary": ("multipart/form-data", b"x"),
    "an empty boundary": ("multipart/form-data; boundary=", b"x"),
    "a boundary that is not ASCII": ("multipart/form-data; boundary=é", b"x"),
    "no multipart": (MULTIPART, b"garbage"),
    "a cut part": (MULTIPART, part(b'name="email"')[:-12]),
    "a part without a name": (MULTIPART, part(b"")),
    "broken base64": (MULTIPART, part(b'name="email"\r\nContent-Transfer-Encoding: base64', b"!a")),
    "a file of broken base64": (MULTIPART, part(b'name="photos"; filename="a"\r\nContent-Transfer-Encoding: base64')),
    "a part in another charset": (
        MULTIPART,
        part(b'name="email"\r\nContent-Type: text/plain; charset=utf-7', b"+2AA-"),
    ),
    "a file in no charset": (
        MULTIPART,
        part(b'name="photos"; filename="../\xff\0"\r\nContent-Type: a/b; charset=none'),
    ),
    "a name in no charset": (MULTIPART, part(b"name*=none''email%ff")),
    "a file in place of a field": (MULTIPART, part(b'name="email"; filename="a"')),
    "many fields": (FORM, b"&".join(b"a%d=1" % n for n in range(1500))),
    "many files": (MULTIPART, b"".join(part(b'name="f"; filename="a"').removesuffix(b"--x--\r\n") for _ in range(150))),
    "too many bytes": (FORM, b"a=" + b"x" * 2 * MIB),
    "too many bytes of JSON": (JSON, b'{"a": "' + b"x" * 2 * MIB),
    "bytes": (FORM, b"\xff\xfe=%ff&%=%&;==&\x00=\x00"),
    "two charsets": (f"{FORM}; charset=utf-8; charset=utf-7", b"a=+2AA-"),
    "no type": (";;;===;é", b"a"),
    "a JSON list": (JSON, b"[1, 2]"),
    "deep JSON": (JSON, b"[" * 100_000),
    "a charset in no charset": (f"{FORM}; charset*=none''x", b"a=1"),
    "a parameter in no charset": ("a/b; x*=none''%ff", b"a=1"),
    "a very long type": (f"a/b; c={'x' * 20_000}", b"a=1"),
    "XML": ("text/xml", b"<a/>"),
}


class CutOff(io.RawIOBase):
    """A body whose sender is gone."""

    def read(self, *_size: object) -> NoReturn:
        raise ConnectionResetError("the sender is gone")


@pytest.fixture(autouse=True)
def _no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "hit", lambda *_: True)


@pytest.fixture
def stranger(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr("django.test.client.WSGIRequest", ShopRequest)
    settings.SENDGRID_WEBHOOK_PUBLIC_KEY = Signer().public
    return Client(raise_request_exception=False)


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as an error or with a traceback since the last look."""
    lines = [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR or r.exc_info]
    caplog.clear()
    return lines


@pytest.mark.parametrize("why", BODIES)
def test_no_body_breaks_a_page(
    stranger: Client, caplog: pytest.LogCaptureFixture, settings: Settings, why: str
) -> None:
    content_type, body = BODIES[why]
    token = {"Authorization": f"Bearer {settings.API_TOKEN}"}
    for path in doors().values():
        answer = stranger.generic("POST", path, body, content_type=content_type, headers=token)
        assert (answer.status_code < 500, errors(caplog)) == (True, []), path


@pytest.mark.parametrize("content_type", [MULTIPART, FORM, JSON])
def test_a_sender_who_breaks_off_breaks_no_page(
    stranger: Client, caplog: pytest.LogCaptureFixture, content_type: str
) -> None:
    for path in doors().values():
        broken: dict[str, Any] = {"wsgi.input": CutOff(), "CONTENT_LENGTH": "10", "CONTENT_TYPE": content_type}
        answer = stranger.post(path, **broken)
        assert (answer.status_code < 500, errors(caplog)) == (True, []), path


@pytest.mark.parametrize("host", ["evil.example", "a b", "évil"])
def test_a_foreign_host_is_a_warning_without_a_traceback(
    stranger: Client, caplog: pytest.LogCaptureFixture, host: str
) -> None:
    assert stranger.get("/", headers={"Host": host}).status_code == 400
    assert "Invalid HTTP_HOST header" in caplog.text
    assert errors(caplog) == []


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/", BODY_BYTES_MAX),
        ("/cart/add/", BODY_BYTES_MAX),
        ("/accounts/login/", BODY_BYTES_MAX),
        ("/api/checkout/create-session", BODY_BYTES_MAX),
        ("/api/webhooks/stripe", BODY_BYTES_MAX),
        ("/api/webhooks/printify", BODY_BYTES_MAX),
        ("/api/webhooks/sendgrid", MIB),
        ("/admin/login/", 12 * MIB),
        ("/orders/x/problem/", 56 * MIB),
    ],
)
def test_a_body_is_bounded_by_its_page_before_it_is_read(stranger: Client, path: str, limit: int) -> None:
    def post(length: str) -> int:
        unread: dict[str, Any] = {"wsgi.input": CutOff(), "CONTENT_LENGTH": length, "CONTENT_TYPE": JSON}
        return int(stranger.post(path, **unread).status_code)

    assert post(str(limit + 1)) == 413
    assert post("9" * 30) == 413
    assert post(str(limit)) != 413


def test_a_body_that_is_too_large_is_explained_to_people_and_to_programs(stranger: Client) -> None:
    body = "x" * (BODY_BYTES_MAX + 1)
    page = stranger.post("/cart/add/", body, content_type=FORM).content.decode()
    assert "That was too large to send" in page
    assert "shorten your text" in page
    assert "Photos" not in page, "this form takes none"
    answer = stranger.post("/api/checkout/create-session", body, content_type=JSON)
    assert answer.json()["error"]["code"] == "too_large"


def test_photos_that_are_too_large_are_explained_where_a_form_takes_some(stranger: Client) -> None:
    unread: dict[str, Any] = {"wsgi.input": CutOff(), "CONTENT_LENGTH": str(56 * MIB + 1), "CONTENT_TYPE": MULTIPART}
    page = stranger.post("/orders/x/problem/", **unread).content.decode()
    assert "Photos may have up to 10 MB each." in page
    assert "shorten your text" not in page


@pytest.mark.parametrize("path", ["/cart/add/", "/api/checkout/create-session", "/api/webhooks/stripe"])
def test_a_body_without_a_length_is_refused(stranger: Client, path: str) -> None:
    answer = stranger.post(path, "a=1", content_type=JSON, headers={"Transfer-Encoding": "chunked"})
    assert answer.status_code == 411


@pytest.mark.parametrize("header", ["Stripe-Signature", "X-Pfy-Signature", "Authorization", "Cookie"])
@pytest.mark.parametrize("value", [f"t={'9' * 12},v1=é", "t=²,v1=", "Bearer é", "sessionid=ÿ; csrftoken=é"])
def test_no_header_breaks_a_page(stranger: Client, caplog: pytest.LogCaptureFixture, header: str, value: str) -> None:
    for path in doors().values():
        answer = stranger.post(path, "{}", content_type=JSON, headers={header: value})
        assert (answer.status_code < 500, errors(caplog)) == (True, []), path


def test_the_server_reads_requests_in_the_same_way() -> None:
    assert application.request_class is ShopRequest
