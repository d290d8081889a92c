"""Setup checks that no provider answers: what each finds missing, and that the finding goes away."""

import os
import time
from email.utils import formatdate
from pathlib import Path

import pytest
import responses
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import Group
from pytest_django.fixtures import Settings

from ilytat.accounts.models import User
from ilytat.health import SETUP_CHECKS
from ilytat.integrations import alerts, readiness
from ilytat.integrations.errors import Refused
from ilytat.integrations.models import HealthResult
from ilytat.integrations.readiness import Check, Finding
from ilytat.pages.models import PageText
from ilytat.pages.texts import LEGAL
from tests import factories

pytestmark = pytest.mark.django_db


def finding(name: str) -> Finding:
    return readiness._run(name, SETUP_CHECKS[name])


def test_each_missing_worker_is_named_with_the_command_that_starts_it() -> None:
    result = finding("workers")
    assert result.state == "down"
    assert "celery -A ilytat worker -n orders@%h -Q webhooks,fulfilment,mail" in result.fix
    assert HealthResult.objects.get(name="setup:workers").detail.endswith(result.fix), "the fix is never cut off"
    assert finding("beat").fix == "Start: celery -A ilytat beat"
    factories.running_processes()
    assert (finding("workers").state, finding("beat").state) == ("ok", "ok")
    factories.silence("beat")
    assert (finding("workers").state, finding("beat").state) == ("ok", "down")


def test_an_owner_with_the_second_factor_must_exist(settings: Settings) -> None:
    settings.STAFF_TWO_STEP = True
    User.objects.create_user("sam@ilytat.com", "x", is_staff=True)
    assert "createsuperuser" in finding("staff-login").fix
    owner = User.objects.create_user("owner@ilytat.com", "x", is_staff=True)
    owner.groups.add(Group.objects.get(name="owner"))
    assert "second factor" in finding("staff-login").detail
    TOTP.activate(owner, "JBSWY3DPEHPK3PXP")
    assert finding("staff-login").state == "ok"


def test_a_legal_page_is_reminded_of_until_the_owner_publishes_a_text() -> None:
    assert finding("legal-pages").detail == f"Still the built-in draft: {', '.join(LEGAL)}."
    for slug in LEGAL[1:]:
        PageText.objects.create(slug=slug, language="en", version=1, title="x", body="x")
    assert finding("legal-pages").detail == f"Still the built-in draft: {LEGAL[0]}."
    PageText.objects.create(slug=LEGAL[0], language="en", version=1, title="x", body="x")
    assert finding("legal-pages").state == "ok"


@pytest.mark.parametrize(("skew", "state"), [(5, "ok"), (-300, "down"), (300, "down")])
def test_a_clock_that_differs_from_stripes_is_found(skew: int, state: str) -> None:
    with responses.RequestsMock() as mock:
        date = formatdate(time.time() + skew, usegmt=True)
        mock.head("https://api.stripe.com", status=404, headers={"Date": date})
        assert finding("clock").state == state


def test_the_age_of_the_last_backup_is_read_from_the_marker(settings: Settings, tmp_path: Path) -> None:
    assert finding("backup").state == "warn"
    marker = tmp_path / "last-backup"
    settings.BACKUP_MARKER = str(marker)
    assert finding("backup").detail.startswith("No backup has been made")
    marker.touch()
    assert finding("backup").state == "ok"
    os.utime(marker, (0, time.time() - 27 * 3600))
    assert finding("backup").detail == "The last backup was 27 h ago."


def test_sales_tax_is_reminded_of_while_stripe_tax_is_off(settings: Settings) -> None:
    settings.STRIPE_AUTOMATIC_TAX = False
    assert "Illinois" in finding("sales-tax").detail
    settings.STRIPE_AUTOMATIC_TAX = True
    assert finding("sales-tax").state == "ok"


def test_printing_that_nobody_asked_for_puts_the_approval_setting_in_doubt() -> None:
    assert finding("printify-approval").state == "ok"
    alerts.open_alert("approval:A1-1", "Order A1 is in production though we never asked.")
    assert "Manual" in finding("printify-approval").fix
    alerts.close_alert("approval:A1-1")
    assert finding("printify-approval").state == "ok"


def test_a_check_that_cannot_ask_its_provider_is_a_finding() -> None:
    def refuses() -> Finding:
        raise Refused("Stripe: no such key")

    checks: dict[str, Check] = {"a": refuses, "b": lambda: Finding("ok" if 1 / 0 else "down")}
    found = readiness.run_checks(checks)
    assert found["a"].detail == "Stripe: no such key."
    assert "ZeroDivisionError" in found["b"].detail
    assert not readiness.is_complete(checks)
