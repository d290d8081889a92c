"""What is said when a page cannot be shown: a database that is away is a 503, so that people come back (G6)."""

import pytest
from django.contrib.auth.models import Group
from django.db.utils import OperationalError
from django.test import Client

from ilytat.accounts.models import User


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


@pytest.mark.django_db
def test_staff_without_the_right_are_told_of_their_role(client: Client) -> None:
    user = User.objects.create_user("viewer@ilytat.test", "x", is_staff=True)
    user.groups.add(Group.objects.get(name="viewer"))
    client.force_login(user)
    answer = client.get("/admin/accounts/user/")
    assert answer.status_code == 403
    assert "Your role does not include this." in answer.content.decode()


@pytest.mark.django_db
def test_a_mistyped_address_leads_on_also_to_an_order(client: Client) -> None:
    assert 'Were you looking for an order? <a href="/orders/find/">' in client.get("/orders/cut-off/").content.decode()
