"""Draws the pictures of the demo's goods: the article, in its colour, with the design printed on it."""

import io

from PIL import Image

from sandbox.demo import garments
from sandbox.demo.blueprints import BLUEPRINTS
from sandbox.demo.catalogue import item_by_product_id
from sandbox.demo.item import Item
from sandbox.demo.pictures import colour_of
from sandbox.demo.scenes import CAMERAS, Camera
from sandbox.demo.variants import combinations

_QUALITY = 88


def render(product_id: str, variant_id: int, camera: str) -> bytes:
    """A JPEG of 1200 by 1200 pixels; the same bytes for the same question.

    `camera` is the id of Printify's path or the label of its query. Raises KeyError for what does not exist.
    """
    item = item_by_product_id(product_id)
    kind = BLUEPRINTS[item.blueprint_id].kind
    view = _camera(kind, camera)
    design = item.design if view.side == "front" else item.back
    hexes = _hexes(item, variant_id)
    return _jpeg(garments.draw(garments.Picture(view.drawing, hexes, design, view.ground, view.view)))


def _camera(kind: str, wanted: str) -> Camera:
    for camera in CAMERAS[kind]:
        if wanted in {camera.id, camera.label}:
            return camera
    raise KeyError(wanted)


def _hexes(item: Item, variant_id: int) -> tuple[str, ...]:
    for each in combinations(item.blueprint_id):
        if each.id == variant_id:
            colour = colour_of(each)
            return colour.colours if colour else (item.ground,)
    raise KeyError(variant_id)


def _jpeg(picture: Image.Image) -> bytes:
    with io.BytesIO() as out:
        picture.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
        return out.getvalue()
