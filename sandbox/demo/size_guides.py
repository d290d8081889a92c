"""Measurements of the demo's goods, as the catalogue API gives them and as a table in HTML."""

from collections.abc import Mapping
from html import escape
from typing import TypedDict

_Measures = Mapping[str, tuple[float, ...]]
_LETTERS = ("S", "M", "L", "XL", "2XL", "3XL")
_SHIRT: _Measures = {
    "Width": (18, 20, 22, 24, 26, 28),
    "Length": (28, 29, 30, 31, 32, 33),
    "Sleeve length (from center back)": (15.1, 16.5, 18, 19.5, 21, 22.4),
}
_JERSEY: _Measures = {
    "Width": (18, 20, 22, 24, 26, 28),
    "Length": (28, 29, 30, 31, 32, 33),
    "Sleeve length": (8.9, 9.2, 9.5, 9.8, 10.1, 10.4),
}
_HOODIE: _Measures = {
    "Width": (20, 22, 24, 26, 28, 30),
    "Length": (27, 28, 29, 30, 31, 32),
    "Sleeve length (from center back)": (33.5, 34.5, 35.5, 36.5, 37.5, 38.5),
}
_AOP_HOODIE: _Measures = {"Width": (20, 21.5, 23, 24.5, 26, 27.5), "Length": (27, 28, 29, 30, 31, 32)}
_GUIDES: dict[int, tuple[tuple[str, ...], _Measures]] = {
    6: (_LETTERS, _SHIRT),
    12: (_LETTERS, _JERSEY),
    77: (_LETTERS, _HOODIE),
    450: (_LETTERS, _AOP_HOODIE),
    68: (("11oz",), {"Height": (3.8,), "Diameter": (3.25,)}),
    425: (("11oz", "15oz"), {"Height": (3.8, 4.7), "Diameter": (3.25, 3.4)}),
    1389: (('15" x 16"',), {"Width": (15,), "Height": (16,), "Handle length": (20,)}),
    1447: (("One size",), {"Circumference": (22.5,), "Crown height": (3.5,), "Visor length": (2.7,)}),
    220: (
        ('14" × 14"', '16" × 16"', '18" × 18"', '20" × 20"'),
        {"Width": (14, 16, 18, 20), "Height": (14, 16, 18, 20)},
    ),
    74: (('6" × 8"',), {"Width": (6,), "Height": (8,)}),
}


class Range(TypedDict("Range", {"from": str | None})):
    to: str | None


class Measure(TypedDict):
    name: str
    units: str
    ranges: list[Range]


class SizeGuide(TypedDict):
    sizes: list[str]
    types: list[Measure]


def size_guide(blueprint_id: int) -> SizeGuide | None:
    """None where the blueprint has no guide (posters, stickers: their sizes say it all)."""
    if blueprint_id not in _GUIDES:
        return None
    titles, measures = _GUIDES[blueprint_id]
    rows = [
        Measure(name=name, units=unit, ranges=[{"from": f"{value:.2f}", "to": None} for value in converted])
        for name, values in measures.items()
        for unit, converted in (("in", values), ("cm", tuple(round(value * 2.54, 1) for value in values)))
    ]
    return SizeGuide(sizes=list(titles), types=rows)


_HEAD = "color:#000000;font-weight:500;text-align:left;font-size:15px;padding:10px;"
_CELL = "padding:10px;color:#525252;font-size:15px;border-top:1px solid #ededed;word-break: break-word;"


def table(blueprint_id: int) -> str:
    """The guide as Printify pastes it into descriptions: a table of that id, styled cell by cell."""
    guide = size_guide(blueprint_id)
    if guide is None:
        return ""
    head = "".join(f'<th style="{_HEAD}">{escape(size)}</th>' for size in guide["sizes"])
    rows = "".join(_row(measure) for measure in guide["types"])
    return (
        '<table id="size-guide" style="min-width:360px;">\n'
        f'<thead><tr><th style="padding:10px;"></th>{head}</tr></thead>\n<tbody>{rows}</tbody>\n</table>'
    )


def _row(measure: Measure) -> str:
    cells = "".join(f'<td style="{_CELL}">{step["from"]}</td>' for step in measure["ranges"])
    return f'\n<tr><td style="{_CELL}">{escape(measure["name"])}, {measure["units"]}</td>{cells}</tr>'
