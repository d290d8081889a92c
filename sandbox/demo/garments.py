"""Puts a picture together from a drawing of `drawings/`, a colour, and a design of `designs/`.

A drawing is an SVG of 1200 by 1200 units in four layers, each begun by a comment of its name: `scene` (what stands
behind and the shadow thrown on it), `goods` (the article, flat), `shadows` and `lights` (its folds, black and white).
Scene and folds are the same for every colour, so they are drawn once and kept. The goods have blanks: the tones of
`inks.Tones`, `${art}` (a motif: a square of 1000 units around the origin, so that the drawing decides where it goes),
`${bleed}` (the same, of a design that covers its goods to the edge; one of the two is empty), `${wrap}` (the motif bent
round a cylinder) and `${edge}` (the white edge of a sticker of it).
"""

import re
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from pathlib import Path
from string import Template

from PIL import Image, ImageChops

from sandbox.demo import diecut, palette, raster, texture, wrap

SIDE = 1200
_HERE = Path(__file__).parent
_OUTER = re.compile(r"<svg[^>]*viewBox=\"([^\"]+)\"[^>]*>(.*)</svg>", re.DOTALL)
_VIEW_BOX = re.compile(r"viewBox=\"[^\"]+\"")
_LAYER = re.compile(r"<!--(scene|goods|shadows|lights)-->")
_SHADOW = (34, 22, 10)
_LIGHT = (255, 250, 240)
_TO_THE_EDGE = {"meadow-pattern", "hills-print"}


@dataclass(frozen=True)
class Picture:
    """`hexes` is one colour or, for a heather, two; `ground` what is printed on, where that is another colour;
    `view` a square view box ("left top side side") for a closer look.
    """

    drawing: str
    hexes: tuple[str, ...]
    design: str
    ground: str = ""
    view: str = ""


def draw(wanted: Picture) -> Image.Image:
    tones = palette.tones(wanted.hexes[0])
    goods = _goods(wanted)
    outline = goods.getchannel("A")
    picture = _seen(_scene(wanted.drawing), wanted.view)
    picture.paste(goods, mask=outline)
    if "url(#cloth)" in _layers(wanted.drawing)["goods"]:
        for colour, mask in zip((_SHADOW, _LIGHT), texture.grain(SIDE), strict=True):
            picture.paste(colour, mask=ImageChops.multiply(outline, mask))
    picture.paste(_SHADOW, mask=_folds(wanted, "shadows", tones.shadow))
    picture.paste(_LIGHT, mask=_folds(wanted, "lights", tones.glow))
    return picture


def art(design: str, ground: str) -> str:
    """The design as a square of 1000 units around the origin; empty where nothing is printed."""
    if not design:
        return ""
    box, inside = _design(design)
    if design not in _TO_THE_EDGE:
        inside = palette.on_ground(inside, ground)
    return f'<svg x="-500" y="-500" width="1000" height="1000" viewBox="{box}">{inside}</svg>'


def _goods(wanted: Picture) -> Image.Image:
    layer = _layers(wanted.drawing)["goods"]
    bleeds = wanted.design in _TO_THE_EDGE
    printed = art(wanted.design, wanted.ground or wanted.hexes[0])
    markup = Template(layer).substitute(
        asdict(palette.tones(wanted.hexes[0])),
        art="" if bleeds else printed,
        bleed=printed if bleeds else "",
        wrap=wrap.round_a_cylinder(printed) if "${wrap}" in layer else "",
        edge=diecut.edge(printed) if "${edge}" in layer else "",
    )
    markup += texture.paint(wanted.hexes[1] if len(wanted.hexes) > 1 else "")
    return _rendered(wanted.drawing, markup, SIDE, wanted.view)


@lru_cache(maxsize=24)
def _scene(drawing: str) -> Image.Image:
    """Soft, like the folds: drawn at half the size, which is four times as fast."""
    return _rendered(drawing, _layers(drawing)["scene"], SIDE // 2).convert("RGB")


@lru_cache(maxsize=48)
def _fold(drawing: str, layer: str) -> Image.Image:
    return _rendered(drawing, _layers(drawing)[layer], SIDE // 2).getchannel("A")


def _folds(wanted: Picture, layer: str, strength: float) -> Image.Image:
    weaker = _fold(wanted.drawing, layer).point([round(level * strength) for level in range(256)])
    return _seen(weaker, wanted.view)


def _seen(half: Image.Image, view: str) -> Image.Image:
    """A soft layer at full size, or the part of it in view: blurring it anew up close would take seconds."""
    left, top, side, _ = (float(part) / 2 for part in view.split()) if view else (0, 0, SIDE / 2, 0)
    return half.resize((SIDE, SIDE), Image.Resampling.BICUBIC, (left, top, left + side, top + side))


def _rendered(drawing: str, layer: str, side: int, view: str = "") -> Image.Image:
    head = _layers(drawing)["head"]
    if view:
        head = _VIEW_BOX.sub(f'viewBox="{view}"', head, count=1)
    return raster.drawn(f"{head}<defs>{_file('drawings', 'shared')}</defs>{layer}</svg>", side)


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
