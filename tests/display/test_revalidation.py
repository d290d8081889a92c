"""A page that is as it was is not sent again, and no two people share one."""

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.test import RequestFactory
from django.urls import reverse

from ilytat.pages.revalidation import revalidated

TOKEN = '<input type="hidden" name="csrfmiddlewaretoken" value="%s">'


def asked(body: str = "page", *, status: int = 200, known: str = "", secret: str = "") -> HttpResponseBase:
    def view(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(body, status=status)

    request = RequestFactory().get("/", HTTP_IF_NONE_MATCH=known)
    request.META["CSRF_COOKIE"] = secret
    return revalidated(view)(request)


def etag(body: str = "page", *, secret: str = "") -> str:
    return asked(body, secret=secret)["ETag"]


def test_who_has_the_page_gets_no_second_copy() -> None:
    again = asked(known=etag())
    assert (again.status_code, again["ETag"]) == (304, etag())


def test_who_has_another_page_gets_this_one() -> None:
    again = asked(known=etag("older"))
    assert (again.status_code, again["ETag"]) == (200, etag())


def test_a_form_token_masked_anew_is_no_news_but_another_secret_is() -> None:
    assert etag(TOKEN % "one") == etag(TOKEN % "two")
    assert etag(TOKEN % "one", secret="mine") != etag(TOKEN % "one", secret="yours")


def test_each_browser_keeps_its_own_page_and_asks_each_time() -> None:
    page = asked()
    assert {part.strip() for part in page["Cache-Control"].split(",")} == {"private", "no-cache"}
    assert {part.strip() for part in page["Vary"].split(",")} == {"Accept-Language", "Cookie"}


def test_a_page_says_what_may_be_fetched_before_it_is_asked_for() -> None:
    assert asked()["Speculation-Rules"] == f'"{reverse("speculation")}"'


def test_the_view_gets_its_arguments_and_keeps_its_name() -> None:
    @revalidated
    def named(_request: HttpRequest, slug: str, *, page: int) -> HttpResponse:
        return HttpResponse(f"{slug} {page}")

    answer = named(RequestFactory().get("/"), "tee", page=2)
    assert isinstance(answer, HttpResponse)
    assert answer.content == b"tee 2"
    assert getattr(named, "__name__", "") == "named"


@pytest.mark.parametrize("status", [302, 404, 422, 503])
def test_an_answer_that_is_no_page_carries_no_validator(status: int) -> None:
    answer = asked(status=status)
    assert answer.status_code == status
    assert not {"ETag", "Cache-Control", "Speculation-Rules"} & set(answer.headers)
