"""axe-core over a page: the source is evaluated, not added as a script, which the page's own policy would block."""

import re
from functools import cache
from importlib.resources import files

from playwright.sync_api import Page, expect

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
SCRIPTS = re.compile(r"<script\b.*?</script>", re.DOTALL)
UNSCRIPTED = re.compile(r"</?noscript>")
# Brought to its end rather than waited for: one that is paused, or in a tab behind another, would never get there.
AT_REST = """() => document.getAnimations()
  .filter(each => each.effect.getComputedTiming().endTime !== Infinity).forEach(each => each.finish())"""


@cache
def _source() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong on the page, a line each: rule, impact and where. Asked once the page is at rest."""
    # What is being asked anew is dimmed, and what comes in fades: neither is how the page looks.
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    page.evaluate(AT_REST)
    page.evaluate(_source())
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{x['id']} ({x['impact']}): {node['target']}" for x in found for node in x["nodes"]]


def violations_without_scripts(page: Page) -> list[str]:
    """The same of a page whose browser runs no scripts, and so not axe-core either.

    The HTML it got is shown once more, without its scripts, under its own address, to a tab that does run them.
    """
    browser = page.context.browser
    assert browser
    html = UNSCRIPTED.sub("", SCRIPTS.sub("", page.content()))
    with browser.new_context(viewport=page.viewport_size, locale="en-US") as context:
        again = context.new_page()
        again.route(page.url, lambda route: route.fulfill(body=html, content_type="text/html; charset=utf-8"))
        again.goto(page.url)
        return violations(again)
