"""Staff at the control panel, in a real browser over the whole stack: what a dry run tells, what staff decide."""

import os
import re
import signal

import pytest
from playwright.sync_api import Page, expect

from tests.stack import Stack

pytestmark = pytest.mark.needs("chromium")


def test_dry_run_difference_approval_revert_and_progress_that_moves(stack: Stack, browser_page: Page) -> None:
    page = browser_page
    stack.sandbox.arm("webhooks.printify", "drop", times=None)  # or a webhook would tell before the dry run does
    page.context.add_cookies([{"name": "sessionid", "value": stack.staff_session(), "url": stack.url}])
    page.goto(f"{stack.url}/admin/catalog/syncrun/panel/")
    title = ask_for_titles_and_change_one(stack, page)
    dry_run(stack, page, title)
    approve_and_revert(stack, page, title)
    follow_a_run(stack, page)


def press(page: Page, name: str) -> None:
    """A button or a link that loads a page."""
    pressed = page.get_by_role("button", name=name, exact=True).or_(page.get_by_role("link", name=name, exact=True))
    with page.expect_navigation():
        pressed.first.click()


def shown_title(stack: Stack, slug: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", stack.get(f"/products/{slug}/").text, re.DOTALL)
    return found.group(1).strip() if found else ""


def a_product(stack: Stack) -> tuple[str, str]:
    row = stack.sql("SELECT printify_id, slug FROM catalog_product WHERE in_stock ORDER BY id LIMIT 1")[0]
    return str(row[0]), str(row[1])


def ask_for_titles_and_change_one(stack: Stack, page: Page) -> str:
    page.get_by_label("Title").select_option("ask")
    press(page, "Save policies")
    expect(page.get_by_label("Title")).to_have_value("ask")
    printify_id, slug = a_product(stack)
    before = shown_title(stack, slug)
    stack.sandbox.post(f"/control/printify/products/{printify_id}", {"title": "A title from upstream"})
    return before


def dry_run(stack: Stack, page: Page, title: str) -> None:
    """The page of the run is never loaded again by us: it follows the run by itself."""
    press(page, "Dry run")
    press(page, "Dry run")
    expect(page.get_by_role("heading", name="Success · dry run")).to_be_visible()
    expect(page.get_by_text("A title from upstream").first).to_be_visible()
    assert shown_title(stack, a_product(stack)[1]) == title


def approve_and_revert(stack: Stack, page: Page, title: str) -> None:
    _id, slug = a_product(stack)
    press(page, "Apply")
    press(page, "Apply this dry run")
    expect(page.get_by_role("heading", name="Success", exact=True)).to_be_visible()
    assert shown_title(stack, slug) == title
    press(page, "Approve")
    assert shown_title(stack, slug) == "A title from upstream"
    press(page, "Revert")
    expect(page.get_by_text("Taken back: it is ours now.")).to_be_visible()
    assert shown_title(stack, slug) == title


def follow_a_run(stack: Stack, page: Page) -> None:
    """Printify holds its breath while we look; then the figures move and the end shows, without a press."""
    page.goto(f"{stack.url}/admin/catalog/product/")
    for box in page.locator("input.action-select").all()[:3]:
        box.check()
    page.locator("select[name=action]").select_option("sync_chosen")
    upstream = stack.running["sandbox"].pid
    os.killpg(upstream, signal.SIGSTOP)
    try:
        press(page, "Go")
        expect(page.get_by_role("heading", name="Running")).to_be_visible()
        expect(page.get_by_text("0 of 3")).to_be_visible()
    finally:
        os.killpg(upstream, signal.SIGCONT)
    expect(page.get_by_role("heading", name="Success", exact=True)).to_be_visible()
    expect(page.locator(".tile", has_text="Read")).to_contain_text("3")
