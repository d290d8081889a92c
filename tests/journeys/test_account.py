"""An account's whole life in a browser: sign-up, confirmation, a new password, a passkey, orders, export, erasure."""

import json
import re
from pathlib import Path

import pytest
from django.core import mail
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from ilytat.accounts.models import User
from ilytat.integrations import jobs
from orders.models import Order
from orders.states import OrderState
from tests import factories
from tests.accessibility import violations

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.django_db(transaction=True)]
EMAIL = "ana@example.com"
FIRST, SECOND = "long-enough-4-anyone", "another-1-for-tonight"


def press(page: Page, name: str) -> None:
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).first.click()


def link_in_mail(live_server: LiveServer) -> str:
    jobs.work_due("mail")
    found = re.search(r"http://\S+?(/accounts/\S+)", str(mail.outbox[-1].body))
    assert found, mail.outbox[-1].body
    return f"{live_server.url}{found[1]}"


def looks_right(page: Page) -> None:
    assert violations(page) == [], page.url
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} is {wider} px wider than the phone"


def test_an_account_from_sign_up_to_erasure(live_server: LiveServer, browser_page: Page, tmp_path: Path) -> None:
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 844})
    order = factories.order(factories.variant(), email=EMAIL, state=OrderState.EXPIRED)
    sign_up(live_server, page)
    forget_the_password(live_server, page)
    page.goto(f"{live_server.url}/accounts/")
    expect(page.get_by_role("link", name=order.number)).to_be_visible()  # the guest's order has joined
    looks_right(page)
    sign_in_by_passkey(live_server, page)
    export(live_server, page, tmp_path, order)
    erase(page, order)


def sign_up(live_server: LiveServer, page: Page) -> None:
    page.goto(f"{live_server.url}/accounts/signup/")
    looks_right(page)
    page.locator("main [name=email]").fill(EMAIL)
    page.locator("[name=password1]").fill(FIRST)
    press(page, "Make my account")
    page.goto(link_in_mail(live_server))
    looks_right(page)
    with page.expect_navigation():
        page.locator("main form button[type=submit]").first.click()


def forget_the_password(live_server: LiveServer, page: Page) -> None:
    page.context.clear_cookies()
    page.goto(f"{live_server.url}/accounts/password/reset/")
    looks_right(page)
    page.locator("main [name=email]").fill(EMAIL)
    with page.expect_navigation():
        page.locator("main form button[type=submit]").first.click()
    page.goto(link_in_mail(live_server))
    looks_right(page)
    page.locator("[name=password1]").fill(SECOND)
    page.locator("[name=password2]").fill(SECOND)
    with page.expect_navigation():
        page.locator("main form button[type=submit]").first.click()
    page.goto(f"{live_server.url}/accounts/login/")
    looks_right(page)
    page.locator("[name=login]").fill(EMAIL)
    page.locator("[name=password]").fill(SECOND)
    press(page, "Sign in")


def sign_in_by_passkey(live_server: LiveServer, page: Page) -> None:
    """The key is Chromium's own stand-in; all that is ours is real."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    key = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    more = {"isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": key | more})
    page.goto(f"{live_server.url}/accounts/2fa/webauthn/add/")
    prove(page)
    looks_right(page)
    page.locator("[name=name]").fill("My phone")
    page.locator("[name=passwordless]").check()
    with page.expect_navigation():
        page.locator("#mfa_webauthn_add").click()
    page.goto(f"{live_server.url}/accounts/2fa/")
    looks_right(page)
    page.context.clear_cookies()
    page.goto(f"{live_server.url}/accounts/login/")
    with page.expect_navigation(url=re.compile(r"/accounts/$")):
        page.locator("#passkey_login").click()


def prove(page: Page) -> None:
    """The password once more, if the page asks for it."""
    if "/reauthenticate/" in page.url:
        page.locator("[name=password]").fill(SECOND)
        with page.expect_navigation():
            page.locator("main form button[type=submit]").first.click()


def export(live_server: LiveServer, page: Page, folder: Path, order: Order) -> None:
    page.goto(f"{live_server.url}/accounts/privacy/")
    prove(page)
    looks_right(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download", exact=True).click()
    waiting.value.save_as(folder / "mine.json")
    kept = json.loads((folder / "mine.json").read_text())
    assert kept["orders"][0]["number"] == order.number
    assert kept["account"][0]["email"] == EMAIL


def erase(page: Page, order: Order) -> None:
    page.locator("[name=sure]").check()
    press(page, "Delete my data")
    expect(page.get_by_role("status").filter(has_text="is deleted")).to_be_visible()
    assert not User.objects.filter(email=EMAIL).exists()
    assert Order.objects.get(pk=order.pk).name == ""
