from datetime import timedelta
from typing import Any

import pytest
import responses
from django.conf import LazySettings
from django.utils import timezone

from catalog import health, status, upsert
from catalog.models import PrintifyCache, SyncRun
from ilytat.integrations import leases
from ilytat.integrations.models import ApiUsage, Lease
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db

SHOPS = "https://api.printify.com/v1/shops.json"


@pytest.mark.parametrize(
    ("answer", "state", "detail"),
    [
        ({"json": [{"id": 1001, "title": "Ours", "sales_channel": "custom_integration"}]}, "ok", "Ours"),
        ({"json": [{"id": 2002, "title": "Other"}]}, "down", "1001 is not among the token's: 2002"),
        ({"json": [{"id": 1001, "sales_channel": "disconnected"}]}, "down", "disconnected"),
        ({"json": {}, "status": 401}, "down", "refuses the token"),
        ({"body": "<html>", "status": 200}, "down", "unreadable"),
        ({"json": {"error": "oops"}, "status": 503}, "down", "503"),
    ],
)
def test_printify_is_asked_for_our_shop(
    answer: dict[str, Any], state: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    with responses.RequestsMock() as mock:
        mock.get(SHOPS, **answer)
        verdict = health.reachable()
    assert verdict.state == state
    assert detail in verdict.detail


def test_an_installation_without_a_token_is_warned(settings: LazySettings) -> None:
    settings.PRINTIFY_API_KEY = ""
    assert health.reachable().state == "warn"


def ran(**ago: float) -> None:
    SyncRun.objects.create(state="success", ended_at=timezone.now() - timedelta(**ago))


@pytest.mark.parametrize(("hours", "state"), [(0.1, "ok"), (3, "warn"), (60, "down")])
def test_the_catalogue_is_as_well_as_its_last_complete_run_is_recent(hours: float, state: str) -> None:
    ran(hours=hours)
    assert health.recent().state == state


def test_quarantined_products_are_worth_a_warning() -> None:
    ran(minutes=1)
    upsert.store(tee(), timezone.now())
    PrintifyCache.objects.update(error="no usable price")
    assert "1 products in quarantine" in health.recent().detail


def test_a_catalogue_never_read_is_worth_a_warning() -> None:
    assert health.recent().state == "warn"


def test_the_card_says_in_a_word_how_the_synchronisation_is() -> None:
    words = [status.status().word]
    SyncRun.objects.create(state="failed", note="Printify: 503")
    words.append(status.status().word)
    ran(minutes=1)
    words.append(status.status().word)
    SyncRun.objects.all().delete()
    SyncRun.objects.create(
        state="success", started_at=timezone.now() - timedelta(hours=9), ended_at=timezone.now() - timedelta(hours=8)
    )
    words.append(status.status().word)
    SyncRun.objects.create()
    words.append(status.status().word)
    assert words == ["never run", "failed", "up to date", "late", "running"]


def test_the_card_counts_what_staff_ask_for() -> None:
    upsert.store(tee(1), timezone.now())
    upsert.store(tee(2), timezone.now() - timedelta(days=1))
    upsert.store(tee(3, title=""), timezone.now())
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    ApiUsage.objects.create(integration="printify", hour=hour, calls=200, errors=7)
    leases.heartbeat("worker")
    Lease.objects.create(name="beat", beat_at=timezone.now() - timedelta(hours=1))
    card = status.status()
    assert (card.for_sale, card.cached, card.stale, card.quarantined) == (2, 2, 1, 1)
    assert (card.calls, card.errors, card.error_share, card.pictures_due) == (200, 7, 3.5, 8)
    assert [(beat.name, beat.late) for beat in card.beats] == [("worker", False), ("beat", True)]
