"""The admin's Setup check: results, the button that runs the checks, and the link on the first page."""

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from ilytat.integrations import readiness
from ilytat.integrations.health import State
from ilytat.integrations.models import HealthResult
from ilytat.integrations.readiness import Finding
from tests.pages import text

pytestmark = pytest.mark.django_db


def test_the_front_page_links_to_the_setup_check_until_it_is_complete(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [Finding("down", "Beat is off.", "Start it."), Finding("ok")]
    monkeypatch.setattr(readiness, "_checks", {"beat": lambda: findings[0]})
    assert "/admin/setup/" in admin_client.get("/admin/").content.decode()
    assert "have not been run yet" in text(admin_client.get("/admin/setup/"))
    page = text(admin_client.post("/admin/setup/", follow=True))
    assert "1 of 1 needs attention." in page
    assert "Beat is off. Start it." in page
    assert "/admin/setup/" in admin_client.get("/admin/").content.decode()
    findings.pop(0)
    assert "This installation is complete." in text(admin_client.post("/admin/setup/", follow=True))
    assert "/admin/setup/" not in admin_client.get("/admin/").content.decode()
    assert HealthResult.objects.get(name="setup:beat").ok_at


@pytest.mark.parametrize(("state", "tone"), [("down", "bad"), ("warn", "busy"), ("ok", "good")])
def test_the_page_is_red_only_while_something_is_to_fix(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, state: State, tone: str
) -> None:
    monkeypatch.setattr(readiness, "_checks", {"beat": lambda: Finding(state), "clock": lambda: Finding("ok")})
    page = admin_client.post("/admin/setup/", follow=True).content.decode()
    assert f"verdict--{tone}" in page


@pytest.mark.parametrize(("proxies", "forwarded", "warned"), [(0, True, True), (1, True, False), (0, False, False)])
def test_a_proxy_that_is_not_counted_is_named(
    admin_client: Client, settings: Settings, *, proxies: int, forwarded: bool, warned: bool
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": "203.0.113.1"} if forwarded else {}
    page = admin_client.get("/admin/setup/", headers=headers).content.decode()
    assert ("TRUSTED_PROXY_COUNT is 0" in page) is warned
