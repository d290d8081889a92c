"""The white edge of a sticker: one piece without holes, wherever its drawing is open."""

from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from sandbox.demo import raster

REACH = 620
_SMALL = 372  # pixels for twice the reach: the shape is smooth, so it is found small and enlarged
_SIDE = 1240
_FAINT = 8  # of 255: where the blur still counts as sticker
_REACHED = 128
_GROWN = 11.0  # blur that joins what lies apart
_SHRUNK = 7.0  # blur that brings the edge back to the drawing


@lru_cache(maxsize=4)
def edge(art: str) -> str:
    """White in the shape to cut, with the shadow it throws, in the units of the motif."""
    shape = _shape(raster.motif(art, _SMALL, REACH).getchannel("A"))
    fallen = ImageChops.offset(_cut(shape).filter(ImageFilter.GaussianBlur(2.2)), 1, 3)
    sheet = _filled_with("#2a1a0a", _large(fallen.point([level // 2 for level in range(256)])))
    sharp = _cut(_large(shape))
    sheet.alpha_composite(_filled_with("#fffdf9", sharp))
    return raster.placed(sheet, REACH)


def _shape(inked: Image.Image) -> Image.Image:
    grown = inked.filter(ImageFilter.GaussianBlur(_GROWN)).point([0] * _FAINT + [255] * (256 - _FAINT))
    return _without_holes(grown).filter(ImageFilter.GaussianBlur(_SHRUNK))


def _without_holes(shape: Image.Image) -> Image.Image:
    """Whatever the outside does not reach belongs to the sticker."""
    outside = shape.copy()
    ImageDraw.floodfill(outside, (0, 0), _REACHED)
    return outside.point([0 if level == _REACHED else 255 for level in range(256)])


def _cut(shape: Image.Image) -> Image.Image:
    return shape.point([max(0, min(255, (level - 232) * 20)) for level in range(256)])


def _large(mask: Image.Image) -> Image.Image:
    return mask.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)


def _filled_with(colour: str, alpha: Image.Image) -> Image.Image:
    sheet = Image.new("RGBA", alpha.size, colour)
    sheet.putalpha(alpha)
    return sheet
