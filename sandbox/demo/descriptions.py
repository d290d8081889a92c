"""Descriptions in the HTML that Printify hands out: inline styles, `.:` bullets, line breaks, pastes."""

import tomllib
from functools import cache
from html import escape
from pathlib import Path
from typing import TypedDict, cast

from sandbox.demo import size_guides
from sandbox.demo.blueprints import BLUEPRINTS
from sandbox.demo.item import Item


class _Kind(TypedDict):
    text: str
    features: list[str]
    care: str


@cache
def _kinds() -> dict[str, _Kind]:
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return cast("dict[str, _Kind]", tomllib.loads(text))


def html(item: Item) -> str:
    """Two habits of writing alternate, as in a shop whose texts were pasted over the years."""
    kind = _kinds()[BLUEPRINTS[item.blueprint_id].kind]
    write = _pasted if len(item.key) % 2 else _dotted
    return write(item.lead, kind) + size_guides.table(item.blueprint_id)


def _dotted(lead: str, kind: _Kind) -> str:
    lines = "<br/>".join(f".: {escape(feature, quote=False)}" for feature in kind["features"])
    return f"{lead}<br/><br/>{kind['text']}<br/><br/>{lines}<br/>\n<p><br/></p>\n"


def _pasted(lead: str, kind: _Kind) -> str:
    lines = "".join(f"<br/>- {escape(feature, quote=False)}" for feature in kind["features"])
    style = "color: rgb(34, 34, 34); font-family: Arial, sans-serif;"
    return (
        f'<p id="isPasted"><span style="font-size: 18px;"><strong>{lead}</strong></span></p>\n'
        f'<p><span style="{style}">{kind["text"]}</span></p>\n'
        f"<p>Product features{lines}</p>\n"
    )


def safety_entries(kind: str) -> list[dict[str, str]]:
    entries = {
        "EU representative": "ILYTAT demo, sandbox@example.com, 1 Example Street, Sampletown, 00000",
        "Product information": "demo goods, two-year warranty in the EU and Northern Ireland",
        "Care instructions": _kinds()[kind]["care"],
    }
    return [{"title": title, "text": text} for title, text in entries.items()]


def safety_html(kind: str) -> str:
    return "".join(f"<p>{entry['title']}: {entry['text']}</p>" for entry in safety_entries(kind))
