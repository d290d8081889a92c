"""Printify's description taken apart: the words, and the size table that stands in some of them."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from ilytat.pages.markup import cleaned

TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
# Descriptions bring their lists as lines that begin with a dash or with ".:".
DASHED = re.compile(r"(?:<br\s*/?>\s*(?:[-–•]|\.:)\s*[^<]+)+")
LINE = re.compile(r"<br\s*/?>\s*(?:[-–•]|\.:)\s*([^<]+)")
EMPTY = re.compile(r"<(p|div|span)>(?:\s|&nbsp;|<br\s*/?>)*</\1>")


@dataclass(frozen=True)
class ParsedSizeTable:
    """Sizes across, one measure a row: ("Width, in", ["18.00", …])."""

    sizes: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class Description:
    """`html` has been cleaned: it is safe to show."""

    html: str
    table: ParsedSizeTable | None


class _Cells(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (HTMLParser's signature)
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def described(raw: str, guide: ParsedSizeTable | None = None) -> Description:
    """Take the size table out of the text. With a `guide` that has its sizes it is not needed; another table stays."""
    html = str(cleaned(raw))
    found = TABLE.search(html)
    table = _size_table(found.group()) if found else None
    if found and table and (guide is None or not set(guide.sizes).isdisjoint(table.sizes)):
        html = html.replace(found.group(), "")
    table = guide or table
    # Cleaned again: a list ends the paragraph it stood in, and the parser writes that out.
    html = str(cleaned(DASHED.sub(_as_list, html)))
    return Description(EMPTY.sub("", html), table)


def _as_list(found: re.Match[str]) -> str:
    return "<ul>" + "".join(f"<li>{item.strip()}</li>" for item in LINE.findall(found.group())) + "</ul>"


def _size_table(html: str) -> ParsedSizeTable | None:
    """None when the table is not one of sizes across and measures down."""
    reader = _Cells()
    reader.feed(html)
    head, *body = reader.rows or [[]]
    rows = [(row[0], row[1:]) for row in body if len(row) == len(head) and row[0]]
    return ParsedSizeTable(head[1:], rows) if len(head) > 1 and rows else None
