"""Between SVG and Pillow: draw markup to a picture, put a picture into markup."""

import base64
import io

import resvg_py
from PIL import Image


def drawn(svg: str, side: int) -> Image.Image:
    png = resvg_py.svg_to_bytes(svg_string=svg, width=side, height=side, skip_system_fonts=True)
    with Image.open(io.BytesIO(png)) as picture:
        return picture.convert("RGBA")


def motif(art: str, side: int, reach: int = 500) -> Image.Image:
    """A motif around the origin, as far as `reach` units to every side."""
    box = f"{-reach} {-reach} {2 * reach} {2 * reach}"
    return drawn(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{art}</svg>', side)


def href(picture: Image.Image) -> str:
    with io.BytesIO() as out:
        picture.save(out, "PNG", compress_level=1)
        return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def placed(picture: Image.Image, reach: int = 500) -> str:
    """The picture as markup, around the origin again."""
    side = 2 * reach
    return f'<image x="{-reach}" y="{-reach}" width="{side}" height="{side}" href="{href(picture)}"/>'
