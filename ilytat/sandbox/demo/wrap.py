"""Bends a design round a mug: flat pictures on round goods are what gives a mockup away."""

import base64
import io
import math
from functools import lru_cache

import resvg_py
from PIL import Image

_SIDE = 720
_STRIPS = 36
_HALF_ANGLE = math.radians(58)  # how far round the mug the design reaches, either way
_BOW = 30  # how much lower its middle hangs than its edges, seen a little from above


@lru_cache(maxsize=4)
def round_a_cylinder(art: str) -> str:
    """The same square of 1000 units around the origin, as a picture."""
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-500 -500 1000 1000">{art}</svg>'
    drawn = resvg_py.svg_to_bytes(svg_string=svg, width=_SIDE, height=_SIDE, skip_system_fonts=True)
    with Image.open(io.BytesIO(drawn)) as flat, io.BytesIO() as out:
        mesh = [_strip(place) for place in range(_STRIPS)]
        bent = flat.convert("RGBA").transform((_SIDE, _SIDE), Image.Transform.MESH, mesh, Image.Resampling.BICUBIC)
        bent.save(out, "PNG", compress_level=1)
        data = base64.b64encode(out.getvalue()).decode()
    return f'<image x="-500" y="-500" width="1000" height="1000" href="data:image/png;base64,{data}"/>'


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
