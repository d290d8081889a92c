"""Made-up products in the shape Printify's API has, the same for the same number."""

from itertools import product as every
from typing import Any

THINGS = ("Tee", "Hoodie", "Mug", "Poster", "Tote", "Cap", "Pillow", "Notebook", "Sticker", "Magnet")
MOODS = ("Gentle", "Brave", "Quiet", "Kind", "Bright", "Slow", "Warm", "Wild", "Soft", "Steady", "Hopeful")
MOTIFS = (
    "Daisy",
    "Moon",
    "Otter",
    "River",
    "Pine",
    "Comet",
    "Fern",
    "Whale",
    "Lantern",
    "Robin",
    "Tide",
    "Ember",
)
COLOURS = ("White", "Black", "Navy", "Ash", "Red", "Forest Green", "Sand", "Pink", "Royal", "Orange")
SIZES = ("XS", "S", "M", "L", "XL", "2XL", "3XL", "4XL", "5XL", "6XL")
MOMENT = "2026-10-05 11:00:00+00:00"
WORDS = "A picture of ours on a thing that lasts, printed when you order it and not before. "


def title(number: int) -> str:
    mood, motif, thing = MOODS[number % 11], MOTIFS[number // 11 % 12], THINGS[number % 10]
    return f"{mood} {motif} {thing} {number}"


def made(number: int, variants: int) -> dict[str, Any]:
    """At most 100 variants: ten colours by ten sizes."""
    colours, sizes = COLOURS[: max(1, -(-variants // 10))], SIZES[: min(10, variants)]
    pairs = list(every(range(len(colours)), range(len(sizes))))[:variants]
    key = f"{number:024x}"
    return {
        "id": key,
        "title": title(number),
        "description": f"<p>{WORDS * 20}</p>",
        "tags": [f"{THINGS[number % 10]}s", MOTIFS[number // 11 % 12]],
        "options": [
            {"name": "Colors", "type": "color", "values": _values(200, colours, colors=["#f4f4f4"])},
            {"name": "Sizes", "type": "size", "values": _values(100, sizes)},
        ],
        "variants": [_variant(number, colour, size) for colour, size in pairs],
        "images": [_image(key, colour, side) for colour in range(len(colours)) for side in ("front", "back")],
        "print_areas": [_area(number, [_id(*pair) for pair in pairs])],
        "print_details": [],
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "visible": True,
        "is_locked": False,
        "blueprint_id": 6,
        "print_provider_id": 99,
        "user_id": 1,
        "shop_id": 1001,
        "sales_channel_properties": [],
    }


def _id(colour: int, size: int) -> int:
    return 10_000 + colour * 10 + size


def _values(first: int, names: tuple[str, ...], **more: Any) -> list[dict[str, Any]]:
    return [{"id": first + place, "title": name, **more} for place, name in enumerate(names)]


def _variant(number: int, colour: int, size: int) -> dict[str, Any]:
    return {
        "id": _id(colour, size),
        "sku": f"{number}-{colour}-{size}",
        "title": f"{COLOURS[colour]} / {SIZES[size]}",
        "cost": 900,
        "price": 1500 + number % 40 * 50 + size * 100,
        "grams": 180,
        "is_enabled": True,
        "is_default": colour == size == 0,
        "is_available": (colour + size + number) % 7 != 0,
        "is_printify_express_eligible": False,
        "options": [200 + colour, 100 + size],
        "quantity": 1,
    }


def _image(key: str, colour: int, side: str) -> dict[str, Any]:
    return {
        "src": f"https://images.printify.com/mockup/{key}/{_id(colour, 0)}/92570/made.jpg?camera_label={side}",
        "variant_ids": [_id(colour, size) for size in range(len(SIZES))],
        "position": side,
        "is_default": colour == 0 and side == "front",
    }


def _area(number: int, variant_ids: list[int]) -> dict[str, Any]:
    file = {"id": f"{number % 300:024x}", "name": "design.png", "type": "image/png", "height": 100, "width": 100}
    placed = {**file, "x": 0.5, "y": 0.5, "scale": 1, "angle": 0}
    return {"variant_ids": variant_ids, "placeholders": [{"position": "front", "images": [placed]}]}
