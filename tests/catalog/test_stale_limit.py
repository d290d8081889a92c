"""For how long the shop sells without Printify: staff's limit, the environment's until they set one."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog import attention, availability, freshness
from catalog.models import PrintifyCache, Product, SyncRun, Variant
from catalog.models.curation import StaleLimit
from catalog.staff import status
from catalog.sync import upsert
from tests import factories
from tests.catalog.conftest import Upstream, tee

pytestmark = pytest.mark.django_db


@pytest.fixture
def product() -> Product:
    upsert.store(tee(), timezone.now())
    return Product.objects.get()


def due(**ago: float) -> None:
    PrintifyCache.objects.update(expires_at=timezone.now() - timedelta(**ago))


def sold() -> bool:
    return availability.sellable(Variant.objects.get(variant_id=12001))


def limited(office: Client, hours: str) -> str:
    return office.post(reverse("admin:catalog_limit"), {"hours": hours}, follow=True).content.decode()


def test_until_staff_say_otherwise_the_environment_limits(product: Product, settings: LazySettings) -> None:
    settings.CACHE_STALE_LIMIT = timedelta(hours=5)
    due(hours=4)
    assert (freshness.limit(), sold()) == (timedelta(hours=5), True)
    due(hours=6)
    assert not sold()


def test_staffs_limit_holds_from_the_moment_they_set_it(
    office: Client, upstream: Upstream, product: Product, settings: LazySettings
) -> None:
    settings.CACHE_STALE_LIMIT = timedelta(hours=48)
    upstream.single[tee()["id"]] = 503
    due(hours=4)
    assert "holds from now on" in limited(office, "3")
    assert not sold()
    assert availability.ensure_fresh([product.pk]) == {product.pk}
    limited(office, "72")
    due(hours=60)
    assert (sold(), availability.ensure_fresh([product.pk])) == (True, frozenset())
    limited(office, "")
    assert not sold()
    assert not StaleLimit.objects.exists()


def test_with_zero_only_what_was_read_in_time_is_sold(office: Client, product: Product) -> None:
    limited(office, "0")
    assert sold()
    due(seconds=1)
    assert not sold()


def test_a_limit_is_told_once_logged_once_and_nonsense_refused(office: Client) -> None:
    limited(office, "12")
    assert "so already" in limited(office, "12")
    for wrong in ("-1", "721", "1.5", "soon", "٣", "9" * 5000):
        assert "Whole hours" in limited(office, wrong)
    assert StaleLimit.objects.get().hours == 12
    assert [entry.change_message for entry in LogEntry.objects.all()] == ["Sells without Printify: 12 h"]


def test_only_who_may_sets_it(client: Client) -> None:
    user = get_user_model().objects.create_user(email="looker@ilytat.test", password="x", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_syncrun"))
    client.force_login(user)
    assert client.post(reverse("admin:catalog_limit"), {"hours": "1"}).status_code == 403
    page = client.get(reverse("admin:catalog_panel")).content.decode()
    assert "Save the limit" not in page
    assert client.get(reverse("admin:catalog_limit")).status_code == 405


def test_the_panel_tells_until_when_the_shop_sells_and_what_it_sells_no_more(
    office: Client, staff: Any, product: Product
) -> None:
    factories.running_processes()
    SyncRun.objects.create(state="success", ended_at=timezone.now())
    freshness.choose(10, staff)
    reserve = status.status().reserve
    expires = PrintifyCache.objects.get().expires_at
    assert (reserve.hours, reserve.until, reserve.too_old) == (10, expires + timedelta(hours=10), 0)
    page = office.get(reverse("admin:catalog_panel")).content.decode()
    assert "everything until" in page
    assert "10 h past due" in page
    assert staff.email in page
    due(hours=11)
    card = status.status()
    assert (card.word, card.reserve.until, card.reserve.too_old) == ("Degraded", None, 1)
    assert "is not sold" in card.reason


def test_health_follows_staffs_limit(staff: Any, settings: LazySettings) -> None:
    ttl = timedelta(minutes=settings.CATALOG_TTL_MINUTES)
    SyncRun.objects.create(state="success", ended_at=timezone.now() - ttl - timedelta(hours=3))
    assert attention.recent().state == "warn"
    freshness.choose(2, staff)
    assert attention.recent().state == "down"


def test_what_is_older_than_the_limit_yields_even_to_an_older_answer(product: Product, staff: Any) -> None:
    old = tee(updated_at="2020-01-01 00:00:00+00:00", title="Older")
    due(hours=5)
    assert upsert.store(old, timezone.now()).outcome == "older"
    freshness.choose(4, staff)
    assert upsert.store(old, timezone.now()).outcome == "changed"
