"""What the admin's log calls rows that hold an email address: an entry outlives its row, and its owner's erasure."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from ilytat.accounts.models import User
from notifications.models import OutgoingEmail, Subscriber, Suppression
from orders.models import StockWatch
from tests import factories
from tests.accounts.people import logged

if TYPE_CHECKING:
    from django.db.models import Model

pytestmark = pytest.mark.django_db
ADDRESS = "renee.lopez@example.com"


def mail() -> OutgoingEmail:
    return OutgoingEmail.objects.create(kind="welcome", dedupe_key="welcome:1", to=ADDRESS)


def user() -> User:
    return User.objects.create_user(ADDRESS, "long-enough-4-anyone")


def email_address() -> EmailAddress:
    return EmailAddress.objects.create(user=user(), email=ADDRESS)


def suppression() -> Suppression:
    return Suppression.objects.create(email=ADDRESS, reason="bounce")


def subscriber() -> Subscriber:
    return Subscriber.objects.create(email=ADDRESS)


def stock_watch() -> StockWatch:
    return StockWatch.objects.create(variant=factories.variant(), email=ADDRESS)


@pytest.mark.parametrize("make", [mail, user, email_address, suppression, subscriber, stock_watch])
def test_a_row_with_an_address_is_called_by_its_id(make: Any) -> None:
    row = make()
    assert ADDRESS not in str(row)
    assert str(row.pk) in str(row)


@pytest.mark.parametrize("make", [user, email_address, suppression])
def test_the_log_of_a_row_deleted_in_the_admin_holds_no_address(admin_client: Client, make: Any) -> None:
    row: Model = make()
    name = f"{row._meta.app_label}_{row._meta.model_name}"
    admin_client.post(reverse(f"admin:{name}_delete", args=[row.pk]), {"post": "yes"})
    entry = LogEntry.objects.get()
    assert not type(row)._default_manager.filter(pk=entry.object_id).exists()
    assert ADDRESS not in entry.object_repr + entry.change_message


MIGRATIONS = (
    "notifications.migrations.0007_log_without_addresses",
    "ilytat.accounts.migrations.0005_log_without_addresses",
)


def test_entries_from_before_lose_the_address_and_those_of_other_models_stay(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ilytat.integrations.admin_log.BATCH_ROWS", 1)
    rows = [mail(), email_address(), suppression(), subscriber(), User.objects.get(email=ADDRESS)]
    entries = [logged(admin_user, row, "Changed") for row in (*rows, rows[0])]
    order = logged(admin_user, factories.order(factories.variant(), email=ADDRESS), "Changed")
    LogEntry.objects.exclude(pk=order.pk).update(object_repr=f"{ADDRESS}: bounce")
    for name in MIGRATIONS:
        import_module(name).replace_addresses(apps, None)
    names = [LogEntry.objects.get(pk=entry.pk).object_repr for entry in entries]
    kinds = ("mail", "email address", "suppression", "subscriber", "user")
    assert names == [f"{kind} {row.pk}" for kind, row in zip((*kinds, "mail"), (*rows, rows[0]), strict=True)]
    assert LogEntry.objects.get(pk=order.pk).object_repr == order.object_repr
