"""Colour arithmetic: the tones of a garment, and the inks that read on it."""

import math
from dataclasses import dataclass

CHARCOAL = "#21201d"  # in a design: the ink that must stand out from any ground
CREAM = "#f6ecd8"
_PALETTE = ("#5c6a5c", "#89977e", "#aea773", "#c36c40", "#dd9b5e", "#e4bc75")
_RUST, _RUST_IN_THE_DARK = "#c36c40", "#d98253"
_TOO_CLOSE = 78.0  # distance in RGB below which a colour drowns in its ground
_CLOSE = 100.0  # and below which it does so where both are as bright
_AS_BRIGHT = 0.12
_WAY_OUT = {CREAM: "#fbe6b8", CHARCOAL: "#6b3419"}  # towards which a drowning colour is pulled, by the ink
_DARK_GROUND = 0.3
_MID_GROUND = 0.6
_PALE_GROUND = 0.72


@dataclass(frozen=True)
class Tones:
    """What a drawing needs to shade one colour; `shadow` and `glow` say how strong its folds are."""

    base: str
    light: str
    lit: str
    low: str
    deep: str
    stitch: str
    shadow: float
    glow: float


def _rgb(hexed: str) -> tuple[int, int, int]:
    return int(hexed[1:3], 16), int(hexed[3:5], 16), int(hexed[5:7], 16)


def mix(first: str, second: str, share: float) -> str:
    """`share` of the second colour in the first."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def luminance(hexed: str) -> float:
    red, green, blue = _rgb(hexed)
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def _distance(first: str, second: str) -> float:
    return math.dist(_rgb(first), _rgb(second))


def tones(base: str) -> Tones:
    """Dark cloth shows its folds by light, pale cloth by shadow."""
    level = luminance(base)
    return Tones(
        base=base,
        light=mix(base, "#ffffff", 0.10 + 0.10 * level),
        lit=mix(base, "#fff6e6", 0.05 + 0.05 * level),
        low=mix(base, "#1a120a", 0.16 if level > _PALE_GROUND else 0.26),
        deep=mix(base, "#120c06", 0.34 if level > _PALE_GROUND else 0.5),
        stitch=mix(base, "#120c06", 0.22) if level > _DARK_GROUND else mix(base, "#ffffff", 0.16),
        shadow=0.16 + 0.3 * (1 - level),
        glow=0.10 + 0.32 * level,
    )


def _drowns(colour: str, ground: str) -> bool:
    distance = _distance(colour, ground)
    as_bright = abs(luminance(colour) - luminance(ground)) < _AS_BRIGHT
    return distance < _TOO_CLOSE or (as_bright and distance < _CLOSE)


def on_ground(markup: str, ground: str) -> str:
    """The design in inks that read on a ground of this colour."""
    ink = CREAM if luminance(ground) < _MID_GROUND else CHARCOAL
    for colour in _PALETTE:
        if _drowns(colour, ground):
            markup = markup.replace(colour, mix(colour, _WAY_OUT[ink], 0.65))
    if ink == CREAM:
        markup = markup.replace(_RUST, _RUST_IN_THE_DARK)
    return markup.replace(CHARCOAL, ink)
