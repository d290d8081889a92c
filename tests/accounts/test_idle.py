"""Staff who walked away are signed out; buyers are not."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ilytat.accounts.models import User

pytestmark = pytest.mark.django_db


def signed_in(client: Client, *, staff: bool) -> User:
    user = User.objects.create_user("ana@example.com", is_staff=staff, is_superuser=staff)
    client.force_login(user)
    return user


def in_hours(client: Client, hours: float, path: str = "/accounts/") -> int:
    with time_machine.travel(timezone.now() + timedelta(hours=hours), tick=False):
        return int(client.get(path).status_code)


def test_staff_are_signed_out_after_twelve_hours_without_a_click(client: Client) -> None:
    signed_in(client, staff=True)
    assert in_hours(client, 11.9, "/admin/") == 200
    assert in_hours(client, 11.9 + 12.1, "/admin/") == 302
    assert in_hours(client, 0) == 302, "signed out for good, whatever the clock says then"


def test_every_click_begins_the_hours_anew(client: Client) -> None:
    signed_in(client, staff=True)
    assert [in_hours(client, hours) for hours in (8, 16, 24, 32)] == [200] * 4


def test_a_buyer_stays_signed_in_for_weeks(client: Client) -> None:
    signed_in(client, staff=False)
    assert in_hours(client, 24 * 50) == 200


def test_who_becomes_staff_is_held_to_it_at_once(client: Client) -> None:
    user = signed_in(client, staff=False)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    assert in_hours(client, 13) == 302


def test_pictures_ask_for_no_session(client: Client) -> None:
    signed_in(client, staff=True)
    client.get("/media/none.webp")  # what pages keep in the cache is there
    with CaptureQueriesContext(connection) as queries:
        client.get("/media/none.webp")
    assert [query["sql"] for query in queries if "accounts_user" in query["sql"]] == []
