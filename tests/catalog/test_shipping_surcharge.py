"""The surcharge on shipping from the rate card, as staff set it on the control panel."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from catalog import shipping_surcharge
from catalog.models import ShippingSurcharge

pytestmark = pytest.mark.django_db


def save(office: Client, **given: str) -> str:
    form = {"is_on": "on", "percent": "10", "fixed": "0", **given}
    return office.post(reverse("admin:catalog_surcharge"), form, follow=True).content.decode()


def test_staff_save_a_surcharge_once_and_it_is_logged(office: Client, staff: Any) -> None:
    assert "applies to new quotes" in save(office, percent="5", fixed="1.50")
    assert "No change." in save(office, percent="5", fixed="1.50")
    saved = ShippingSurcharge.objects.get()
    assert (saved.is_on, saved.percent, saved.fixed, saved.by) == (True, 5, 150, staff)
    assert [x.change_message for x in LogEntry.objects.all()] == ["Estimated shipping: 5 % + $1.50 per package"]
    page = office.get(reverse("admin:catalog_panel")).content.decode()
    assert 'name="percent" type="number" min="0" max="100" step="1" inputmode="numeric" required value="5"' in page
    assert 'value="1.50"' in page


def test_an_unticked_box_turns_estimates_off(office: Client) -> None:
    office.post(reverse("admin:catalog_surcharge"), {"percent": "10", "fixed": "0"})
    assert not shipping_surcharge.current().is_on


@pytest.mark.parametrize(
    "wrong",
    [{"percent": "-1"}, {"percent": "101"}, {"percent": "5.5"}, {"fixed": "-1"}, {"fixed": "1.505"}, {"fixed": "NaN"}],
)
def test_an_unusable_surcharge_is_refused(office: Client, wrong: dict[str, str]) -> None:
    assert "Enter a percentage from 0 to 100" in save(office, **wrong)
    assert not ShippingSurcharge.objects.exists()


def test_only_who_may_changes_the_surcharge(client: Client) -> None:
    user = get_user_model().objects.create_user(email="looker@ilytat.test", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_syncrun"))
    client.force_login(user)
    assert client.post(reverse("admin:catalog_surcharge"), {"percent": "1", "fixed": "1"}).status_code == 403
    assert "Save surcharge" not in client.get(reverse("admin:catalog_panel")).content.decode()
