"""Log lines outlive every erasure: nothing secret and nobody's address stands in them (I11, J2)."""

import logging

import pytest
from django.test import RequestFactory

from ilytat import logs


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("key sk_" + "live_abcDEF123456 refused", "key [redacted] refused"),
        ("Authorization: Bearer abc.def", "Authorization: [redacted]"),
        ("DETAIL: Key (email)=(renee.lopez+shop@mail.example.com) exists", "DETAIL: Key (email)=([address]) exists"),
        ("{'ada@example.com': (550, b'no')}", "{'[address]': (550, b'no')}"),
        ("order IL-10482 at 12:30", "order IL-10482 at 12:30"),
        ("Gone: /accounts/privacy/link/ImFiYyI:1vN3xQ:zzzz_-/", "Gone: /accounts/privacy/link/[link]/"),
        ("/orders/Zk3uXx0r9q2mQ8s7ab-_Xw/prove/?next=/", "/orders/[link]/prove/?next=/"),
        ("/newsletter/leave/12:Zk3uXx0r9q2mQ8s7ab/", "/newsletter/leave/[link]/"),
        (
            "/accounts/password/reset/key/1-cn6lq4-91f0a7b2c3/",  # pragma: allowlist secret
            "/accounts/password/reset/key/[link]/",
        ),
        ("/admin/orders/order/17/change/", "/admin/orders/order/17/change/"),
        ("/products/be-kind-unisex-heavy-cotton-tee/", "/products/be-kind-unisex-heavy-cotton-tee/"),
    ],
)
def test_what_must_not_be_written_down_is_taken_out(said: str, kept: str) -> None:
    assert logs.redact(None, "", {"event": said, "exception": said, "row": 7}) == {
        "event": kept,
        "exception": kept,
        "row": 7,
    }


def test_a_long_line_without_an_address_is_read_in_linear_time() -> None:
    assert logs.redact(None, "", {"event": "a" * 200_000})["event"] == "a" * 200_000


def test_the_request_beside_a_line_names_no_link_either() -> None:
    request = RequestFactory().post("/orders/Zk3uXx0r9q2mQ8s7ab-_Xw/prove/?email=ada@example.com")
    told = logs.redact(None, "", {"request": request, "status_code": 422, "_record": request})

    assert told == {
        "request": "<WSGIRequest: POST '/orders/[link]/prove/?email=[address]'>",
        "status_code": 422,
        "_record": request,
    }


@pytest.mark.parametrize(
    ("status", "level", "has_traceback"), [(400, "WARNING", False), (413, "WARNING", False), (500, "ERROR", True)]
)
def test_only_our_own_errors_are_logged_as_errors_with_a_traceback(
    status: int, level: str, *, has_traceback: bool
) -> None:
    record = logging.LogRecord(
        "django.security", logging.ERROR, "", 0, "refused", None, (ValueError, ValueError(), None)
    )
    record.status_code = status
    assert logs.ClientErrorFilter().filter(record)
    assert (record.levelname, bool(record.exc_info)) == (level, has_traceback)
