from datetime import timedelta
from typing import Any

import pytest
import responses
from django.conf import LazySettings
from django.utils import timezone

from catalog import attention
from catalog.models import PrintifyCache, SyncRun
from catalog.sync import upsert
from tests.catalog.conftest import tee

pytestmark = pytest.mark.django_db

SHOPS = "https://api.printify.com/v1/shops.json"


@pytest.mark.parametrize(
    ("answer", "state", "detail"),
    [
        ({"json": [{"id": 1001, "title": "Ours", "sales_channel": "custom_integration"}]}, "ok", "Ours"),
        ({"json": [{"id": 2002, "title": "Other"}]}, "down", "not for shop 1001. Its shops: 2002."),
        ({"json": [{"id": 1001, "sales_channel": "disconnected"}]}, "down", "disconnected"),
        ({"json": {}, "status": 401}, "down", "does not accept our key"),
        ({"body": "<html>", "status": 200}, "down", "could not be read"),
        ({"json": {"error": "oops"}, "status": 503}, "down", "503"),
    ],
)
def test_printify_is_asked_for_our_shop(
    answer: dict[str, Any], state: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _seconds: None)
    with responses.RequestsMock() as mock:
        mock.get(SHOPS, **answer)
        verdict = attention.reachable()
    assert verdict.state == state
    assert detail in verdict.detail


def test_an_installation_without_a_token_is_warned(settings: LazySettings) -> None:
    settings.PRINTIFY_API_KEY = ""
    assert attention.reachable().state == "warn"


def ran(**ago: float) -> None:
    SyncRun.objects.create(state="success", ended_at=timezone.now() - timedelta(**ago))


@pytest.mark.parametrize(("hours", "state"), [(0.1, "ok"), (3, "warn"), (60, "down")])
def test_the_catalogue_is_as_well_as_its_last_complete_run_is_recent(hours: float, state: str) -> None:
    ran(hours=hours)
    assert attention.recent().state == state


def test_quarantined_products_are_worth_a_warning() -> None:
    ran(minutes=1)
    upsert.store(tee(), timezone.now())
    PrintifyCache.objects.update(error="no usable price")
    assert "1 products in quarantine" in attention.recent().detail


def test_a_catalogue_never_read_is_worth_a_warning() -> None:
    assert attention.recent().state == "warn"
