"""axe-core over a page: the source is evaluated, not added as a script, which the page's own policy would block."""

from functools import cache
from importlib.resources import files

from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@cache
def _source() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong on the page, a line each: rule, impact and where."""
    page.evaluate(_source())
    found = page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]
    return [f"{x['id']} ({x['impact']}): {node['target']}" for x in found for node in x["nodes"]]
