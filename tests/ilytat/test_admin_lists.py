"""Whatever staff type into the address of an admin list, or send from it, the list answers."""

import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db import models
from django.test import Client
from django.urls import reverse

from ilytat.accounts.models import User
from tests import factories

pytestmark = pytest.mark.django_db

SEARCHES = ("tee", "ana@example.com x", "²", "9" * 30, "x" * 3000, '"')
PAGES = ("p=-1", "p=999999", "p=x", "p=²", "all=", "o=x.-99.²", "_facets=True", "_to_field=x", "id__exact=NaN")
FILTER_VALUES = ("x", "9" * 30, "²", "2026-13-45", "a,b")
NO_ROWS = ("NaN", "", "9" * 30, "²", "\0", "-1", "1.5")
LISTS = {model._meta.label_lower: own for model, own in admin.site._registry.items()}
ADDRESSES = {name: reverse(f"admin:{name.replace('.', '_')}_changelist") for name in LISTS}
SINGLETON = "notifications.brand"  # its list leads to its only row


@pytest.fixture
def chief() -> Client:
    factories.paid_order()
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.create_superuser("chief@ilytat.test", "x"))
    return client


def odd_queries(client: Client, name: str) -> Iterator[str]:
    yield from (f"q={quote(text)}" for text in SEARCHES)
    yield from (quote(query, safe="=.&") for query in PAGES)
    yield from (f"o={column}" for column in range(len(LISTS[name].list_display) + 2))
    if hierarchy := LISTS[name].date_hierarchy:
        yield from (f"{hierarchy}__year={year}" for year in ("x", "0", "99999"))
        yield f"{hierarchy}__year=2026&{hierarchy}__month=2&{hierarchy}__day=31"
    shown: Any = client.get(ADDRESSES[name])
    changelist = shown.context_data["cl"]
    for spec in changelist.filter_specs:
        yield from (f"{each}={quote(value)}" for each in spec.expected_parameters() for value in FILTER_VALUES)
        yield from (choice["query_string"].removeprefix("?") for choice in spec.choices(changelist))


@pytest.mark.parametrize("name", [name for name in LISTS if name != SINGLETON])
def test_no_search_filter_order_or_page_breaks_a_list(
    chief: Client, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    for query in odd_queries(chief, name):
        assert chief.get(f"{ADDRESSES[name]}?{query}").status_code < 500, query
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("name", LISTS)
def test_garbage_among_the_selected_rows_changes_nothing(chief: Client, name: str) -> None:
    request = chief.get(ADDRESSES[name]).wsgi_request
    actions = [action for action, _label in LISTS[name].get_action_choices(request) if action]
    for row_id in NO_ROWS:
        form = {"action": (actions or ["none"])[0], "_selected_action": row_id, "index": "0"}
        assert chief.post(ADDRESSES[name], form).status_code in {200, 302, 403}, row_id


def test_garbage_among_the_selected_rows_is_explained(chief: Client) -> None:
    form = {"action": "delete_selected", "_selected_action": ["1", "NaN"], "index": "0"}
    page = chief.post(ADDRESSES["catalog.category"], form, follow=True)
    assert "The selection could not be read. Nothing was changed." in page.content.decode()


def test_each_list_shows_rows_with_an_integer_id() -> None:
    """`ilytat.admin.ROW_ID` takes no others."""
    assert [name for name, own in LISTS.items() if not isinstance(own.model._meta.pk, models.IntegerField)] == []


def test_active_sessions_are_found_by_email(chief: Client) -> None:
    user = User.objects.create_user("ana@example.com", "x")
    UserSession.objects.create(user=user, ip="192.0.2.1", session_key="k", user_agent="", data={})
    shown: Any = chief.get(ADDRESSES["usersessions.usersession"], {"q": "ana@example"})
    assert shown.context_data["cl"].result_count == 1
