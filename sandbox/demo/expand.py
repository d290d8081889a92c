"""From the short form of a product to the full object that Printify's products.json gives."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.demo import descriptions
from sandbox.demo.blueprints import BLUEPRINTS, Blueprint
from sandbox.demo.identity import digits, hex_id, slug
from sandbox.demo.item import Item
from sandbox.demo.options import Axis
from sandbox.demo.pictures import base_url, images, product_id
from sandbox.demo.shipping import SHIPPING
from sandbox.demo.variants import combinations, variant

USER_ID = 9_120_344
SHOP_ID = 10_278_115


def full_product(item: Item) -> dict[str, Any]:
    blueprint = BLUEPRINTS[item.blueprint_id]
    return (
        {
            "id": product_id(item),
            "title": item.title,
            "description": descriptions.html(item),
            "tags": list(blueprint.tags),
            "options": [_option(axis) for axis in blueprint.axes],
            "variants": [variant(item, each) for each in combinations(blueprint.id)],
            "images": images(item),
            **_standing(item),
            "blueprint_id": blueprint.id,
            "print_provider_id": blueprint.provider_id,
            "user_id": USER_ID,
            "shop_id": SHOP_ID,
            "print_areas": [_print_area(item, blueprint)],
            "print_details": [],
            "sales_channel_properties": [],
            "views": [_view(blueprint, place) for place in range(len(blueprint.positions))],
        }
        | _safety(item, blueprint)
        | _external(item)
        | _shipping_flags(item)
    )


def _option(axis: Axis) -> dict[str, Any]:
    values = [
        {"id": value.id, "title": value.title} | ({"colors": list(value.colours)} if value.colours else {})
        for value in axis.values
    ]
    return {
        "name": axis.name,
        "type": axis.type,
        "values": values,
        "display_in_preview": axis.type == "color",
    }


def _standing(item: Item) -> dict[str, Any]:
    created = datetime.fromisoformat(f"{item.created}+00:00")
    updated = created + timedelta(hours=int(digits(f"updated:{item.key}", 3)) % 900, minutes=13)
    return {
        "created_at": created.isoformat(" "),
        "updated_at": updated.isoformat(" "),
        "visible": item.quirks.visible,
        "is_locked": item.quirks.locked,
        "is_deleted": False,
        "original_product_id": "",
    }


def _print_area(item: Item, blueprint: Blueprint) -> dict[str, Any]:
    return {
        "variant_ids": [each.id for each in combinations(blueprint.id)],
        "placeholders": [
            {
                "position": position,
                "decoration_method": blueprint.decoration,
                "images": _artwork(item, blueprint, position),
            }
            for position in blueprint.positions
        ],
        "background": "transparent",
    }


def _artwork(item: Item, blueprint: Blueprint, position: str) -> list[dict[str, Any]]:
    everywhere = blueprint.kind == "hoodie_aop"
    design = item.design if position == "front" or everywhere else item.back if position == "back" else ""
    return [_upload(design)] if design else []


def _upload(design: str) -> dict[str, Any]:
    """One upload per design, whatever it is printed on: the same id tells that products belong together."""
    upload_id = hex_id("upload", design)
    return {
        "id": upload_id,
        "name": f"{design}.png",
        "type": "image/png",
        "height": 4500,
        "width": 4500,
        "x": 0.5,
        "y": 0.5,
        "scale": 1,
        "angle": 0,
        "src": f"{base_url()}/uploads/{upload_id}",
    }


def _view(blueprint: Blueprint, place: int) -> dict[str, Any]:
    position = blueprint.positions[place]
    file = {
        "src": f"{base_url()}/catalog/{hex_id('view', f'{blueprint.id}:{position}')}.svg",
        "variant_ids": [each.id for each in combinations(blueprint.id)],
    }
    label = f"{position.replace('_', ' ').capitalize()} side"
    return {"id": blueprint.id * 10 + place, "label": label, "position": position, "files": [file]}


def _safety(item: Item, blueprint: Blueprint) -> dict[str, Any]:
    if item.quirks.safety == "absent":
        return {}
    text = descriptions.safety_html(blueprint.kind) if item.quirks.safety == "text" else None
    return {"safety_information": text}


def _external(item: Item) -> dict[str, Any]:
    """The key is missing, not null, on what was never published."""
    if not item.quirks.published:
        return {}
    return {"external": {"id": digits(f"external:{item.key}", 6), "handle": f"/products/{slug(item.title)}"}}


def _shipping_flags(item: Item) -> dict[str, Any]:
    economy = "economy" in SHIPPING[item.blueprint_id].methods
    return {
        "is_printify_express_eligible": item.quirks.express,
        "is_printify_express_enabled": item.quirks.express,
        "is_economy_shipping_eligible": economy,
        "is_economy_shipping_enabled": economy,
    }
