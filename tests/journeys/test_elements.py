"""Paying in Stripe's form on our page, and on Stripe's own page where its script cannot come."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import worlds
from tests.accessibility import violations
from tests.shopper import Shopper
from tests.stack import Stack

PATIENCE_MS = 20_000
pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
def elements_stack(stack_seed: worlds.Seed, tmp_path: Path) -> Iterator[Stack]:
    with worlds.stack_from(stack_seed, tmp_path, STRIPE_UI_MODE="elements") as running:
        yield running


def test_stripes_form_takes_the_money_and_its_own_page_does_where_the_form_cannot(
    elements_stack: Stack, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    try:
        _pays_in_the_form(elements_stack, context)
        _pays_without_the_script(elements_stack, context)
    finally:
        context.close()


def _ordered(stack: Stack, context: BrowserContext, nth: int) -> Page:
    """An order agreed to, and the page that asks for its money."""
    shopper = Shopper(stack)
    shopper.to_stripe(nth=nth)
    context.clear_cookies()
    context.add_cookies([{"name": c.name, "value": str(c.value), "url": stack.url} for c in shopper.session.cookies])
    (token,) = stack.sql("SELECT token FROM orders_order ORDER BY id DESC")[0]
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if "Content Security" in message.text else None)
    page.goto(f"{stack.url}/checkout/pay/{token}/")
    assert said == [], "the policy of this page lets Stripe's script work"
    return page


def _pays_in_the_form(stack: Stack, context: BrowserContext) -> None:
    page = _ordered(stack, context, 0)
    method = page.get_by_label("Pay with")
    expect(method).to_be_visible()
    expect(page.locator("#pay-fallback")).to_be_hidden()
    assert violations(page) == []
    method.select_option("decline")
    page.locator("#pay-button").click()
    expect(page.get_by_role("alert")).to_contain_text("did not go through")
    method.select_option("pay")
    with page.expect_navigation(url=re.compile("/checkout/success/")):
        page.locator("#pay-button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("worked|confirmed"))
    page.close()


def _pays_without_the_script(stack: Stack, context: BrowserContext) -> None:
    context.route("**/stripe.js", lambda route: route.abort())
    page = _ordered(stack, context, 1)
    expect(page.get_by_text("could not be loaded")).to_be_visible()
    assert violations(page) == []
    with page.expect_navigation(url=re.compile(f"{re.escape(stack.sandbox.url)}/pay/")):
        page.get_by_role("button", name="Pay on Stripe's own page instead").click()
    with page.expect_navigation(url=re.compile("/checkout/success/")):
        page.get_by_role("button", name=re.compile("^Pay ")).click()
    states = stack.sql("SELECT state FROM payments_checkoutsession ORDER BY id DESC LIMIT 2")
    assert states[1] == ("expired",), "our own form can no longer be paid"
