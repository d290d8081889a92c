"""How mails look, in a real browser: every kind, three widths, light and dark, pictures switched off.

One page is used for all, and facts are asked instead of pictures compared: a font of another machine moves no fact.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from notifications import rendering
from notifications.email_types import KINDS
from notifications.samples import sample
from tests import accessibility

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.django_db]
WIDTHS = (320, 390, 680)
# Colors come with the layout: mails of one shape of context share it.
DISTINCT = {kind.context: kind.name for kind in KINDS.values()}.values()
LINKS = {"leave_url": "https://a.example/", "choices_url": "https://b.example/"}

FACTS = """() => {
  const wrong = [], root = document.documentElement, wide = root.clientWidth;
  if (root.scrollWidth > wide) wrong.push(`scrolls sideways by ${root.scrollWidth - wide}`);
  for (const img of document.images)
    if (!img.getAttribute("height") || !img.hasAttribute("alt")) wrong.push("picture without size or alt: " + img.src);
  for (const button of document.querySelectorAll(".button")) {
    const box = button.getBoundingClientRect(), words = button.textContent;
    const cut = button.scrollWidth > button.clientWidth + 1;
    if (box.left < 0 || box.right > wide || cut) wrong.push("clipped button: " + words);
    if (box.height < 44) wrong.push("small button: " + words);
  }
  for (const cell of document.querySelectorAll("td, p, h1, h2"))
    if (cell.getBoundingClientRect().right > wide + 0.5) wrong.push("runs out: " + cell.textContent.trim());
  if (document.querySelector(".sheet").getBoundingClientRect().width > 600) wrong.push("wider than 600");
  return wrong;
}"""
CONTRAST = """async () => {
  const rules = ["color-contrast", "link-name", "image-alt", "html-has-lang", "document-title"];
  const found = await axe.run(document, {runOnly: rules});
  return found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.target}`));
}"""


@pytest.fixture
def quiet_page(browser_page: Page) -> Page:
    """Loads nothing: as in a mail program that shows no pictures."""
    browser_page.route("**/*", lambda route: route.abort())
    return browser_page


def test_every_mail_fits_is_readable_and_can_be_pressed(quiet_page: Page) -> None:
    found = {f"{kind} {where}": wrong for kind in KINDS for where, wrong in _looks(quiet_page, kind) if wrong}
    assert found == {}


def _looks(page: Page, kind: str) -> Iterator[tuple[str, list[str]]]:
    """In French, which runs longest."""
    page.set_content(rendering.render(kind, "fr", sample(kind), links=LINKS).html)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 700})
            yield f"{width} {scheme}", page.evaluate(FACTS)
        if kind in DISTINCT:
            page.evaluate(accessibility._source())
            yield scheme, page.evaluate(CONTRAST)
