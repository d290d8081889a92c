"""Colour families for the filter: printers have a hundred names for green, a shopper looks for "Green"."""

import colorsys
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HEX = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class ColorGroup:
    """`shade` is what its swatch shows."""

    slug: str
    name: str | Promise
    shade: str


FAMILIES = (
    ColorGroup("white", _("White & cream"), "#f7f3e9"),
    ColorGroup("grey", _("Grey"), "#9a9b9c"),
    ColorGroup("black", _("Black"), "#1d1c1b"),
    ColorGroup("brown", _("Brown & sand"), "#a9825b"),
    ColorGroup("red", _("Red"), "#b3322c"),
    ColorGroup("orange", _("Orange & rust"), "#c9713a"),
    ColorGroup("yellow", _("Yellow & gold"), "#e3b94f"),
    ColorGroup("green", _("Green"), "#66795f"),
    ColorGroup("blue", _("Blue"), "#37557f"),
    ColorGroup("purple", _("Purple"), "#6d4f86"),
    ColorGroup("pink", _("Pink"), "#dd9bb0"),
)
BY_SLUG = {family.slug: family for family in FAMILIES}
# Upper ends of the hue circle's parts, in degrees.
HUES = ((14, "red"), (33, "orange"), (68, "yellow"), (170, "green"), (255, "blue"), (290, "purple"), (345, "pink"))
YELLOW_GREEN = 50
DARK, PALE, GREYISH, EARTHY, OLIVE = 0.17, 0.86, 0.09, 0.34, 0.45


def clean_hexes(colours: Iterable[object]) -> tuple[str, ...]:
    """Only what is a colour: the values go into the page's markup."""
    return tuple(str(colour).lower() for colour in colours if HEX.fullmatch(str(colour)))


def family_of(colour: str) -> str:
    """The family's slug of a hex colour such as "#98a58d"."""
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    hue, light, _saturation = colorsys.rgb_to_hls(red, green, blue)
    chroma = max(red, green, blue) - min(red, green, blue)
    if light < DARK and chroma < GREYISH:
        return "black"
    if light > PALE:
        return "white"
    if chroma < GREYISH:
        return _nearly_grey(hue * 360, chroma)
    return _by_hue(hue * 360, light, chroma)


def _nearly_grey(hue: float, chroma: float) -> str:
    """Olive and sage hardly have a colour, and are green to every eye all the same."""
    return "green" if 60 < hue < 170 and chroma > GREYISH / 2 else "grey"  # noqa: PLR2004 (the hue circle)


def _by_hue(hue: float, light: float, chroma: float) -> str:
    name = next((slug for end, slug in HUES if hue < end), "red")
    if name == "yellow" and hue > YELLOW_GREEN and light < OLIVE:
        return "green"
    if name in {"red", "orange", "yellow"} and chroma < EARTHY and (name != "red" or light < PALE / 2):
        return "brown"
    return name
