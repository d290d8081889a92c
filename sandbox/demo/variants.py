"""A product's variants: every combination the printer knows, of which the merchant enabled some."""

from dataclasses import dataclass
from itertools import product
from typing import Any

from sandbox.demo.blueprints import BLUEPRINTS
from sandbox.demo.identity import digits
from sandbox.demo.item import Choice, Item
from sandbox.demo.options import Value

_COST_PERCENT = 65


@dataclass(frozen=True)
class Combination:
    """The id is the same in all products of a blueprint and provider, as at Printify."""

    id: int
    place: int
    values: tuple[Value, ...]


def combinations(blueprint_id: int) -> list[Combination]:
    blueprint = BLUEPRINTS[blueprint_id]
    every = product(*(axis.values for axis in blueprint.axes))
    return [Combination(blueprint.first_variant_id + place, place, values) for place, values in enumerate(every)]


def _is_among(value: Value, choices: tuple[Choice, ...]) -> bool:
    return value.id in choices or value.title in choices


def is_offered(item: Item, combination: Combination) -> bool:
    return all(_is_among(value, choices) for value, choices in zip(combination.values, item.offered, strict=True))


def _is_available(item: Item, combination: Combination) -> bool:
    titles = tuple(value.title for value in combination.values)
    gone_upstream = not is_offered(item, combination) and combination.place % 11 == 0
    return not (item.quirks.sold_out or titles in item.quirks.unavailable or gone_upstream)


def _size_place(item: Item, combination: Combination) -> int:
    """Where the variant's size stands among the offered ones; 0 for goods without sizes."""
    for axis, value, choices in zip(BLUEPRINTS[item.blueprint_id].axes, combination.values, item.offered, strict=True):
        if axis.type == "size" and value.title in choices:
            return choices.index(value.title)
    return 0


def _retail(item: Item, combination: Combination) -> int:
    place = _size_place(item, combination)
    step = item.steps[place] if place < len(item.steps) else 0
    titles = {value.title for value in combination.values}
    return item.price + step + sum(amount for title, amount in item.extras if title in titles)


def _sku(item: Item, combination: Combination, *, enabled: bool) -> str:
    """Numbers for what is sold; what is not often keeps the vendor's own code."""
    if enabled or combination.place % 3:
        return digits(f"{item.key}:{combination.id}", 20)
    code = "_".join(value.title for value in combination.values)
    return f"{BLUEPRINTS[item.blueprint_id].model}_{code}".upper().replace(" ", "_")


def default_of(item: Item) -> Combination:
    """The first one offered; or, where the quirk says so, one that is not offered at all."""
    wanted = not item.quirks.default_is_disabled
    return next(each for each in _in_offered_order(item) if is_offered(item, each) is wanted)


def _in_offered_order(item: Item) -> list[Combination]:
    """The merchant names the best colour first, the printer sorts by its own list."""

    def rank(combination: Combination) -> tuple[int, ...]:
        return tuple(
            next((place for place, choice in enumerate(choices) if _is_among(value, (choice,))), len(choices))
            for value, choices in zip(combination.values, item.offered, strict=True)
        )

    return sorted(combinations(item.blueprint_id), key=rank)


def offered(item: Item) -> list[Combination]:
    return [each for each in _in_offered_order(item) if is_offered(item, each)]


def variant(item: Item, combination: Combination) -> dict[str, Any]:
    enabled = is_offered(item, combination)
    retail = _retail(item, combination)
    cost = retail * _COST_PERCENT // 100
    parts = [value.title for value in combination.values]
    return {
        "id": combination.id,
        "sku": _sku(item, combination, enabled=enabled),
        "cost": cost,
        # Nobody keeps the price of a disabled variant in order: most stand below their cost.
        "price": retail if enabled else cost - 54 - combination.place % 7,
        "title": " / ".join(reversed(parts) if item.quirks.title_backwards else parts),
        "grams": BLUEPRINTS[item.blueprint_id].grams + 9 * _size_place(item, combination),
        "is_enabled": enabled,
        "is_default": combination == default_of(item),
        "is_available": _is_available(item, combination),
        "is_printify_express_eligible": item.quirks.express,
        "options": [value.id for value in combination.values],
        "quantity": 1,
    }
