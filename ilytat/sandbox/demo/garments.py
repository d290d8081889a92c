"""Puts a picture together from a drawing of `drawings/`, a colour, and a design of `designs/`.

A drawing is an SVG of 1200 by 1200 units in four layers, each begun by a comment of its name: `scene` (what stands
behind and the shadow thrown on it), `goods` (the article, flat), `shadows` and `lights` (its folds, black and white).
The goods have blanks: the tones of `inks.Tones`, `${art}` (a motif: a square of 1000 units around the origin, so that
the drawing decides where it goes) and `${bleed}` (the same, of a design that covers its goods to the edge; one of the
two is empty). Scene and folds are the same for every colour, so they are drawn once and kept.
"""

import io
import re
from dataclasses import asdict
from functools import cache, lru_cache
from pathlib import Path
from string import Template

import resvg_py
from PIL import Image, ImageChops

from ilytat.sandbox.demo import cloth, inks

SIDE = 1200
_HERE = Path(__file__).parent
_OUTER = re.compile(r"<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>(.*)</svg>", re.DOTALL)
_LAYER = re.compile(r"<!--(scene|goods|shadows|lights)-->")
_SHADOW = (34, 22, 10)
_LIGHT = (255, 250, 240)
_SMOOTH = Image.Resampling.BICUBIC
_TO_THE_EDGE = {"meadow-pattern", "hills-print"}


def draw(drawing: str, hexes: tuple[str, ...], design: str) -> Image.Image:
    """`hexes` is one colour or, for a heather, two."""
    tones = inks.tones(hexes[0])
    picture = _scene(drawing).copy()
    goods = _goods(drawing, tones, hexes, design)
    outline = goods.getchannel("A")
    picture.paste(goods, mask=outline)
    if "url(#cloth)" in _layers(drawing)["goods"]:
        for colour, mask in zip((_SHADOW, _LIGHT), cloth.grain(SIDE), strict=True):
            picture.paste(colour, mask=ImageChops.multiply(outline, mask))
    picture.paste(_SHADOW, mask=_folds(drawing, "shadows", tones.shadow))
    picture.paste(_LIGHT, mask=_folds(drawing, "lights", tones.glow))
    return picture


def art(design: str, ground: str) -> str:
    """The design as a square of 1000 units around the origin; empty where nothing is printed."""
    if not design:
        return ""
    box, inside = _design(design)
    if design not in _TO_THE_EDGE:
        inside = inks.on_ground(inside, ground)
    return f'<svg x="-500" y="-500" width="1000" height="1000" viewBox="{box}">{inside}</svg>'


def _goods(drawing: str, tones: inks.Tones, hexes: tuple[str, ...], design: str) -> Image.Image:
    picture = art(design, hexes[0])
    bleeds = design in _TO_THE_EDGE
    markup = Template(_layers(drawing)["goods"]).substitute(
        asdict(tones), art="" if bleeds else picture, bleed=picture if bleeds else ""
    )
    return _rendered(drawing, markup + cloth.paint(hexes[1] if len(hexes) > 1 else ""), SIDE)


@lru_cache(maxsize=8)
def _scene(drawing: str) -> Image.Image:
    return _rendered(drawing, _layers(drawing)["scene"], SIDE // 2).convert("RGB").resize((SIDE, SIDE), _SMOOTH)


@lru_cache(maxsize=24)
def _fold(drawing: str, layer: str) -> Image.Image:
    """Soft enough to be drawn at half the size, which is four times as fast."""
    return _rendered(drawing, _layers(drawing)[layer], SIDE // 2).getchannel("A")


def _folds(drawing: str, layer: str, strength: float) -> Image.Image:
    weaker = _fold(drawing, layer).point([round(level * strength) for level in range(256)])
    return weaker.resize((SIDE, SIDE), _SMOOTH)


def _rendered(drawing: str, layer: str, side: int) -> Image.Image:
    shared = _file("drawings", "shared")
    svg = f"{_layers(drawing)['head']}<defs>{shared}</defs>{layer}</svg>"
    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side, skip_system_fonts=True)
    with Image.open(io.BytesIO(drawn)) as picture:
        return picture.convert("RGBA")


@cache
def _layers(drawing: str) -> dict[str, str]:
    """The four layers, and under `head` the opening tag with the drawing's own definitions."""
    head, *rest = _LAYER.split(_file("drawings", drawing).rpartition("</svg>")[0])
    return {"head": head} | dict(zip(rest[::2], rest[1::2], strict=True))


@cache
def _design(name: str) -> tuple[str, str]:
    """Its view box and what is inside."""
    found = _OUTER.search(_file("designs", name))
    if found is None:
        raise ValueError(f"the design {name} has no view box")
    return found[1], found[2]


@cache
def _file(folder: str, name: str) -> str:
    return (_HERE / folder / f"{name}.svg").read_text(encoding="utf-8")
