"""Bends a design round a mug: flat pictures on round goods are what gives a mockup away."""

import math
from functools import lru_cache

from PIL import Image

from sandbox.demo import raster

_SIDE = 720
_STRIPS = 36
_HALF_ANGLE = math.radians(58)  # how far round the mug the design reaches, either way
_BOW = 30  # how much lower its middle hangs than its edges, seen a little from above


@lru_cache(maxsize=4)
def round_a_cylinder(art: str) -> str:
    """The same square of 1000 units around the origin, as a picture."""
    mesh = [_strip(place) for place in range(_STRIPS)]
    flat = raster.motif(art, _SIDE)
    return raster.placed(flat.transform((_SIDE, _SIDE), Image.Transform.MESH, mesh, Image.Resampling.BICUBIC))


def _strip(place: int) -> tuple[tuple[int, int, int, int], tuple[float, ...]]:
    """Where one upright strip of the bent picture comes from in the flat one."""
    left, right = place * _SIDE // _STRIPS, (place + 1) * _SIDE // _STRIPS
    (from_left, up_left), (from_right, up_right) = _source(left), _source(right)
    corners = (
        *(from_left, -up_left), *(from_left, _SIDE - up_left),
        *(from_right, _SIDE - up_right), *(from_right, -up_right),
    )  # fmt: skip
    return (left, 0, right, _SIDE), corners


def _source(x: int) -> tuple[float, float]:
    across = (2 * x / _SIDE - 1) * math.sin(_HALF_ANGLE)
    angle = math.asin(across)
    return (angle / _HALF_ANGLE + 1) * _SIDE / 2, _BOW * (math.cos(angle) - 0.5)
