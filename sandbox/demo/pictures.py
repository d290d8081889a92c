"""A product's mockups: one set per offered colour, addressed the way Printify addresses its own."""

import os
from typing import Any

from sandbox.demo.blueprints import BLUEPRINTS
from sandbox.demo.identity import hex_id, slug
from sandbox.demo.item import Item
from sandbox.demo.options import Value
from sandbox.demo.scenes import CAMERAS, Camera
from sandbox.demo.variants import Combination, combinations, offered


def base_url() -> str:
    """Where the sandbox says its pictures are; read at each call, so that tests may move it."""
    return os.environ.get("SANDBOX_URL", "http://127.0.0.1:8001").rstrip("/")


def product_id(item: Item) -> str:
    return hex_id("product", item.key)


def colour_of(combination: Combination) -> Value | None:
    return next((value for value in combination.values if value.colours), None)


def images(item: Item) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for lead in _one_per_colour(item):
        cameras = [each for each in CAMERAS[BLUEPRINTS[item.blueprint_id].kind] if each.every_colour or not found]
        found += [_image(item, lead, camera, is_default=camera is cameras[0]) for camera in cameras]
    if item.quirks.stray_image:
        found.append(found[-1] | {"variant_ids": [], "is_default": False, "mockup_id": None})
    return found


def _one_per_colour(item: Item) -> list[Combination]:
    leads: dict[int, Combination] = {}
    for each in offered(item):
        colour = colour_of(each)
        leads.setdefault(colour.id if colour else 0, each)
    return list(leads.values())


def _image(item: Item, lead: Combination, camera: Camera, *, is_default: bool) -> dict[str, Any]:
    path = f"mockups/{product_id(item)}/{lead.id}/{camera.id}/{slug(item.title)}.jpg"
    colour = colour_of(lead)
    return {
        "src": f"{base_url()}/{path}?camera_label={camera.label}",
        "variant_ids": [each.id for each in combinations(item.blueprint_id) if colour_of(each) == colour],
        "position": camera.position,
        "is_default": is_default,
        "is_selected_for_publishing": True,
        "order": None,
        "mockup_id": hex_id("mockup", path),
    }
