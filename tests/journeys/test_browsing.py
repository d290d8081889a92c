"""Looking around in a real browser: suggestions, filters, further pages and Back, pictures, countries."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect

from tests.accessibility import violations
from tests.stack import Stack

PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 15_000
pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport=PHONE, locale="en-US", color_scheme="dark")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(f"{message.text} {message.location}")

    page.on("console", hear)
    yield page
    context.close()
    assert said == []


def test_a_shopper_searches_filters_looks_further_and_comes_back(stack: Stack, phone: Page) -> None:
    suggestions(stack, phone)
    filters(stack, phone)
    further_and_back(stack, phone)
    pictures_and_countries(phone)


def suggestions(stack: Stack, page: Page) -> None:
    page.goto(stack.url)
    box = page.get_by_role("combobox", name="Search the shop")
    box.press_sequentially("mug")
    first = page.get_by_role("option").first
    expect(first).to_contain_text("Mugs")
    expect(box).to_have_attribute("aria-expanded", "true")
    box.press("ArrowDown")
    expect(first).to_have_attribute("aria-selected", "true")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.fill("hoddie")
    with page.expect_navigation():
        box.press("Enter")
    expect(page.get_by_text("so this is what we have for “hoodie”")).to_be_visible()
    expect(page.get_by_role("combobox", name="Search the shop")).to_have_value("hoddie")
    assert violations(page) == []


def filters(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.url}/products/")
    page.locator(".filters > summary").click()
    page.get_by_role("checkbox", name=re.compile("T-shirts")).check()
    with page.expect_navigation():
        page.get_by_role("button", name="Show designs").click()
    chips = page.get_by_role("list", name="Filters in use")
    with page.expect_navigation():
        chips.get_by_role("link", name="T-shirts").click()
    expect(chips).to_have_count(0)
    # Where there is room the filters stand open, and a tick applies at once.
    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_role("checkbox", name=re.compile("Mugs")).check()
    expect(page).to_have_url(re.compile("type=mugs"))
    expect(chips.get_by_role("link", name="Mugs")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("Mugs"))).to_be_focused()
    page.go_back()
    expect(chips).to_have_count(0)
    page.set_viewport_size(PHONE)


def further_and_back(stack: Stack, page: Page) -> None:
    page.goto(f"{stack.url}/products/")
    cards = page.locator("[data-grid] > li")
    expect(cards).to_have_count(24)
    page.get_by_role("button", name="Show more designs").click()
    expect(cards).not_to_have_count(24)
    expect(page).to_have_url(re.compile("page=2"))
    count = cards.count()
    with page.expect_navigation():
        cards.nth(25).get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_back()
    expect(page.locator("[data-grid] > li")).to_have_count(count)
    page.wait_for_function("window.scrollY > 1000")


def pictures_and_countries(page: Page) -> None:
    with page.expect_navigation():
        page.locator("[data-grid] > li:has(img)").first.get_by_role("link").first.click()
    page.locator(".gallery__slide a").first.click()
    dialog = page.get_by_role("dialog", name="Picture in full")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    page.get_by_label("Deliver to").select_option("CA")
    expect(page.get_by_text("To Canada: order today")).to_be_visible()
    expect(page).to_have_url(re.compile("to=CA"))
    assert violations(page) == []
