"""A database that is away: 503 for people and programs, so that they come back (G6)."""

import pytest
from django.db.utils import OperationalError
from django.test import Client


def _away(*_args: object, **_kwargs: object) -> None:
    raise OperationalError("the database system is shutting down")


def _broken(*_args: object, **_kwargs: object) -> None:
    raise KeyError("a mistake")


@pytest.mark.parametrize(("trouble", "status"), [(_away, 503), (_broken, 500)])
def test_the_page_says_whether_it_is_worth_trying_again(
    monkeypatch: pytest.MonkeyPatch, trouble: object, status: int
) -> None:
    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", trouble)
    answer = Client(raise_request_exception=False).get("/cart/")
    assert answer.status_code == status
    assert ("Retry-After" in answer) == (status == 503)
    assert "not your fault" in answer.content.decode()
