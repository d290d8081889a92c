"""The admin's Setup check: results, the button that runs the checks, and the link on the first page."""

import contextlib
import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django.fixtures import Settings

from ilytat.accounts.models import User
from ilytat.health import HEALTH_CHECKS, SETUP_CHECKS
from ilytat.integrations import readiness
from ilytat.integrations.health import State
from ilytat.integrations.models import HealthResult
from ilytat.integrations.readiness import Check, Finding
from tests.pages import text

pytestmark = pytest.mark.django_db


def replace_checks(monkeypatch: pytest.MonkeyPatch, checks: dict[str, Check]) -> None:
    for name in list(SETUP_CHECKS):
        monkeypatch.delitem(SETUP_CHECKS, name)
    for name, check in checks.items():
        monkeypatch.setitem(SETUP_CHECKS, name, check)


def acknowledgment(detail: str) -> dict[str, str]:
    return {"acknowledge": "setup:tax", "detail": detail}


def test_the_front_page_links_to_the_setup_check_until_it_is_complete(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = [Finding("down", "Beat is off.", "Start it."), Finding("ok")]
    replace_checks(monkeypatch, {"beat": lambda: findings[0]})
    assert "/admin/setup/" in admin_client.get("/admin/").content.decode()
    assert "have not been run in the last 30 days" in text(admin_client.get("/admin/setup/"))
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
    replace_checks(monkeypatch, {"beat": lambda: Finding(state), "clock": lambda: Finding("ok")})
    page = admin_client.post("/admin/setup/", follow=True).content.decode()
    assert f"verdict--{tone}" in page


def test_an_acknowledged_warning_is_settled_until_it_says_something_else(
    admin_client: Client, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = {"tax": Finding("warn", "No tax.", "Register.")}
    replace_checks(monkeypatch, {"tax": lambda: findings["tax"]})
    admin_client.post("/admin/setup/")
    page = text(admin_client.post("/admin/setup/", acknowledgment("No tax. Register."), follow=True))
    assert "This installation is complete." in page
    assert f"by {admin_user.email}" in page
    assert "/admin/setup/" not in admin_client.get("/admin/").content.decode()
    page = text(admin_client.post("/admin/setup/", follow=True))
    assert "This installation is complete." in page, "the same again"
    findings["tax"] = Finding("warn", "No tax in Ohio.", "Register.")
    assert "1 of 1 needs attention." in text(admin_client.post("/admin/setup/", follow=True))


def test_the_doctor_says_who_acknowledged_a_warning(
    admin_client: Client, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tax() -> str:
        out = io.StringIO()
        with contextlib.suppress(CommandError):  # another part may be down
            call_command("doctor", stdout=out, no_color=True)
        return next(line for line in out.getvalue().splitlines() if line.startswith("tax "))

    for name in list(HEALTH_CHECKS):
        monkeypatch.delitem(HEALTH_CHECKS, name)
    replace_checks(monkeypatch, {"tax": lambda: Finding("warn", "No tax.", "Register.")})
    assert tax().endswith("warn  No tax. Register.")
    admin_client.post("/admin/setup/", acknowledgment("No tax. Register."))
    day = HealthResult.objects.get(name="setup:tax").acknowledged_at
    assert day
    expected = f"Acknowledged on {date_format(timezone.localtime(day))} by {admin_user.email}."
    assert tax().endswith(f"warn  No tax. Register. {expected}")


@pytest.mark.parametrize(
    ("state", "shown"), [("down", "Broken."), ("warn", "Another warning."), ("warn", "\x00"), ("ok", "Broken.")]
)
def test_only_the_warning_that_was_shown_can_be_acknowledged(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, state: State, shown: str
) -> None:
    replace_checks(monkeypatch, {"tax": lambda: Finding(state, "Broken.")})
    admin_client.post("/admin/setup/")
    admin_client.post("/admin/setup/", acknowledgment(shown))
    assert HealthResult.objects.get().acknowledged_at is None


def test_results_count_for_thirty_days(admin_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_checks(monkeypatch, {"beat": lambda: Finding("ok"), "clock": lambda: Finding("ok")})
    admin_client.post("/admin/setup/")
    assert readiness.is_complete(SETUP_CHECKS)
    HealthResult.objects.filter(name="setup:beat").update(checked_at=timezone.now() - timedelta(days=31))
    assert "1 check has not been run in the last 30 days." in text(admin_client.get("/admin/setup/"))
    assert "/admin/setup/" in admin_client.get("/admin/").content.decode()


@pytest.mark.parametrize(("proxies", "forwarded", "warned"), [(0, True, True), (1, True, False), (0, False, False)])
def test_a_proxy_that_is_not_counted_is_named(
    admin_client: Client, settings: Settings, *, proxies: int, forwarded: bool, warned: bool
) -> None:
    settings.TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": "203.0.113.1"} if forwarded else {}
    page = admin_client.get("/admin/setup/", headers=headers).content.decode()
    assert ("TRUSTED_PROXY_COUNT is 0" in page) is warned
