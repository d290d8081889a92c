"""Grain for cloth and paper, as a small picture repeated over the drawing; the same grain on every machine."""

import random
from functools import cache

from PIL import Image, ImageChops, ImageColor, ImageFilter

from sandbox.demo import raster

_SIDE = 240
_SEED = 2025


def _noise(seed: int, blur: tuple[float, float]) -> Image.Image:
    """Grey noise that repeats without a seam: blurred as the middle one of nine."""
    tile = Image.frombytes("L", (_SIDE, _SIDE), random.Random(seed).randbytes(_SIDE * _SIDE))  # noqa: S311 - a picture, no secret
    nine = Image.new("L", (3 * _SIDE, 3 * _SIDE))
    for place in range(9):
        nine.paste(tile, (place % 3 * _SIDE, place // 3 * _SIDE))
    soft = nine.filter(ImageFilter.GaussianBlur(blur))
    return soft.crop((_SIDE, _SIDE, 2 * _SIDE, 2 * _SIDE))


def _spread(noise: Image.Image, low: int, high: int, top: int) -> Image.Image:
    """Stretches the greys between low and high to an alpha of 0 to `top`."""
    return noise.point([max(0, min(top, (level - low) * top // (high - low))) for level in range(256)])


def tiled(mask: Image.Image, side: int) -> Image.Image:
    whole = Image.new("L", (side, side))
    for left in range(0, side, _SIDE):
        for top in range(0, side, _SIDE):
            whole.paste(mask, (left, top))
    return whole


@cache
def grain(side: int) -> tuple[Image.Image, Image.Image]:
    """Faint shade and faint light, as masks: what tells cloth and paper from plastic."""
    noise = _noise(_SEED, (0.5, 0.8))
    return tiled(_spread(noise, 150, 230, 26), side), tiled(_spread(ImageChops.invert(noise), 150, 230, 22), side)


@cache
def paint(second: str) -> str:
    """The paint `cloth` that drawings lay over their base colour: streaks of a heather's second colour, or none."""
    if not second:
        return '<linearGradient id="cloth"><stop stop-opacity="0"/></linearGradient>'
    tile = Image.new("RGBA", (_SIDE, _SIDE), ImageColor.getrgb(second))
    tile.putalpha(_spread(_noise(_SEED + 1, (2.6, 0.6)), 112, 146, 235))
    return (
        f'<pattern id="cloth" width="{_SIDE}" height="{_SIDE}" patternUnits="userSpaceOnUse">'
        f'<image width="{_SIDE}" height="{_SIDE}" href="{raster.href(tile)}"/></pattern>'
    )
