"""Fills a drawing of `drawings/` with a colour and a design of `designs/`."""

import re
from dataclasses import asdict
from functools import cache
from pathlib import Path
from string import Template

from ilytat.sandbox.demo import inks

_HERE = Path(__file__).parent
_OUTER = re.compile(r"<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>(.*)</svg>", re.DOTALL)


@cache
def _drawing(name: str) -> Template:
    return Template((_HERE / "drawings" / f"{name}.svg").read_text(encoding="utf-8"))


@cache
def _design(name: str) -> tuple[str, str]:
    """Its view box and what is inside."""
    text = (_HERE / "designs" / f"{name}.svg").read_text(encoding="utf-8")
    found = _OUTER.search(text)
    if found is None:
        raise ValueError(f"the design {name} has no view box")
    return found[1], found[2]


def art(design: str, ground: str) -> str:
    """The design as a square of 1000 units around the origin; empty where nothing is printed."""
    if not design:
        return ""
    box, inside = _design(design)
    inside = inks.on_ground(inside, ground)
    return f'<svg x="-500" y="-500" width="1000" height="1000" viewBox="{box}">{inside}</svg>'


def draw(drawing: str, hexes: tuple[str, ...], design: str) -> str:
    fields = asdict(inks.tones(hexes[0]))
    return _drawing(drawing).substitute(fields, art=art(design, hexes[0]))
