"""Printify's product JSON, read into frozen values that the rest of the shop can rely on.

What the shop could sell wrongly (an enabled variant without a clear price, two variants of one id) makes the product
`Unreadable`; everything else is read as far as it goes. Titles are never split: combinations are option-value ids.
Source: Printify contract, section 6.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from catalog.printify.errors import FailureCode
from catalog.printify.fields import Unreadable, amount, flag, moment, numbers, objects, small, text, whole

# Part of every stored hash: raising it makes the next sync read every product anew.
VERSION = 2
TITLE_MAX = 200
ID_MAX = 40
DESCRIPTION_MAX = 200_000
TAGS_MAX = 60


@dataclass(frozen=True)
class Value:
    id: int
    title: str
    colors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Axis:
    """One choice a buyer makes. Two values may share a title, never an id."""

    name: str
    type: str
    values: tuple[Value, ...]

    def as_json(self) -> dict[str, Any]:
        values = [{"id": value.id, "title": value.title, "colors": list(value.colors)} for value in self.values]
        return {"name": self.name, "type": self.type, "values": values}


@dataclass(frozen=True)
class VariantFacts:
    """Money is minor units. `option_ids` holds one value id an axis, in the order of the axes."""

    id: int
    sku: str
    title: str
    option_ids: tuple[int, ...]
    price: int
    cost: int
    grams: int
    is_enabled: bool
    is_available: bool
    is_default: bool


URL_MAX = 600
IMAGES_MAX = 120
FRONT_FIRST = {"front": 0, "back": 2}
OTHERS = 1
NUMBERED = re.compile(r"-\d.*$")


@dataclass(frozen=True)
class Mockup:
    """`variant_ids` is empty for a picture of no variant in particular.

    `kept` is our copy of it as a change recorded it (`mockups.recorded`), for one that staff brought back.
    """

    url: str
    variant_ids: tuple[int, ...]
    label: str
    is_default: bool
    kept: Mapping[str, Any] = field(default_factory=dict, compare=False)


def read_mockups(data: Mapping[str, Any], offered: set[int], first: int) -> tuple[Mockup, ...]:
    """Those of offered variants (or of none), once an address; those of the `first` variant come first."""
    merged: dict[str, Mockup] = {}
    for item in objects(data, "images"):
        mockup = _mockup(item, offered)
        if mockup is not None:
            known = merged.get(mockup.url)
            merged[mockup.url] = _together(known, mockup) if known else mockup
    return tuple(sorted(merged.values(), key=lambda mockup: _nearness(mockup, first))[:IMAGES_MAX])


def _mockup(item: Mapping[str, Any], offered: set[int]) -> Mockup | None:
    url, listed = text(item, "src", URL_MAX + 1), numbers(item.get("variant_ids"))
    shown = tuple(key for key in listed if key in offered)
    wanted = flag(item, "is_selected_for_publishing", default=True) or flag(item, "is_default", default=False)
    if not _is_address(url) or not wanted or (listed and not shown):
        return None
    return Mockup(url, shown, _label(url, text(item, "position", 40)), flag(item, "is_default", default=False))


def _is_address(url: str) -> bool:
    """Something that can be taken apart; whether it may be fetched is asked where that is done."""
    try:
        return 0 < len(url) <= URL_MAX and bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _label(url: str, position: str) -> str:
    """What it shows: front and back by position, the many "other" ones by their camera: person-2-front is a person."""
    return (camera_label(url) if position in {"", "other"} else "") or position


def camera_label(url: str) -> str:
    return NUMBERED.sub("", parse_qs(urlsplit(url).query).get("camera_label", [""])[0])[:40]


def _together(one: Mockup, other: Mockup) -> Mockup:
    ids = tuple(dict.fromkeys(one.variant_ids + other.variant_ids))
    return replace(one, variant_ids=ids, is_default=one.is_default or other.is_default)


def _nearness(mockup: Mockup, first: int) -> tuple[bool, bool, int]:
    return first not in mockup.variant_ids, not mockup.is_default, FRONT_FIRST.get(mockup.label, OTHERS)


@dataclass(frozen=True)
class ProductFacts:
    """`axes` and the enabled variants fit together: each has a complete combination of its own.

    `mockups` are those of enabled variants, the default one's first. `design` changes when the artwork does.
    """

    id: str
    title: str
    description: str
    safety_information: str
    tags: tuple[str, ...]
    axes: tuple[Axis, ...]
    variants: tuple[VariantFacts, ...]
    mockups: tuple[Mockup, ...]
    blueprint_id: int
    print_provider_id: int
    artwork_ids: tuple[str, ...]
    design: str
    visible: bool
    is_locked: bool
    is_deleted: bool
    created: datetime | None
    updated: datetime | None


def digest(data: Any) -> str:
    """The same for the same content, whatever the order of its keys."""
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{VERSION}:{canonical}".encode()).hexdigest()


def product_id(data: Any) -> str:
    """The product's id, or "" when the object has none that can be a key."""
    found = data.get("id") if isinstance(data, dict) else None
    plain = isinstance(found, str) and found.isascii() and found.isalnum() and len(found) <= ID_MAX
    return str(found) if plain else ""


def read_product(data: Any) -> ProductFacts:
    """Raises Unreadable with the reason. `data` must have gone through `fields.storable`."""
    if not product_id(data):
        raise Unreadable(FailureCode.INCOMPLETE, "not an object with a product id")
    title = text(data, "title", TITLE_MAX)
    if not title:
        raise Unreadable(FailureCode.NO_TITLE, "title is missing")
    axes, variants = _fitted(_axes(data), _variants(data))
    areas = list(objects(data, "print_areas"))
    return ProductFacts(
        id=product_id(data),
        title=title,
        description=text(data, "description", DESCRIPTION_MAX),
        safety_information=text(data, "safety_information", DESCRIPTION_MAX),
        tags=_tags(data.get("tags")),
        axes=axes,
        variants=variants,
        mockups=_mockups(data, variants),
        blueprint_id=small(data, "blueprint_id"),
        print_provider_id=small(data, "print_provider_id"),
        artwork_ids=_artwork_ids(areas),
        design=design(data),
        visible=flag(data, "visible", default=True),
        is_locked=flag(data, "is_locked", default=False),
        is_deleted=flag(data, "is_deleted", default=False),
        created=moment(data, "created_at"),
        updated=moment(data, "updated_at"),
    )


def design(data: Mapping[str, Any]) -> str:
    """What is printed where: while it stays the same, so do the mockups."""
    return digest(data.get("print_areas"))


def _tags(value: Any) -> tuple[str, ...]:
    found = [tag.strip()[:80] for tag in value if isinstance(tag, str)] if isinstance(value, list) else []
    return tuple(dict.fromkeys(tag for tag in found if tag))[:TAGS_MAX]


def _axes(data: Mapping[str, Any]) -> tuple[Axis, ...]:
    found = (
        Axis(text(axis, "name", 60) or "Option", text(axis, "type", 20), _values(axis))
        for axis in objects(data, "options")
    )
    return tuple(axis for axis in found if axis.values)


def _values(axis: Mapping[str, Any]) -> tuple[Value, ...]:
    """Values in their order; a second one of the same id is the first again."""
    found: dict[int, Value] = {}
    for item in objects(axis, "values"):
        key = whole(item.get("id"))
        if key is not None:
            found.setdefault(key, Value(key, text(item, "title", 120) or str(key), _colors(item.get("colors"))))
    return tuple(found.values())


def _colors(value: Any) -> tuple[str, ...]:
    found = [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
    return tuple(color for color in found if color.startswith("#") and color[1:].isalnum() and len(color) in {4, 7})


def _variants(data: Mapping[str, Any]) -> tuple[VariantFacts, ...]:
    if not isinstance(data.get("variants"), list):
        raise Unreadable(FailureCode.INCOMPLETE, "variants are missing")
    found = [variant for item in objects(data, "variants") if (variant := _variant(item)) is not None]
    twice = [key for key, count in Counter(variant.id for variant in found).items() if count > 1]
    if twice:
        raise Unreadable(FailureCode.DUPLICATE_VARIANT, f"variant {twice[0]} is listed more than once")
    return tuple(found)


def _variant(item: Mapping[str, Any]) -> VariantFacts | None:
    """None for a disabled variant that makes no sense: nobody would buy it (half of them have nonsense prices)."""
    enabled = flag(item, "is_enabled", default=False)
    key, price = whole(item.get("id")), amount(item.get("price"))
    if key is None or key < 0 or not price:
        if enabled:
            reason = f"enabled variant {item.get('id')!r} has no usable price: {item.get('price')!r}"
            raise Unreadable(FailureCode.NO_PRICE, reason[:300])
        return None
    return VariantFacts(
        id=key,
        sku=text(item, "sku", 80),
        title=text(item, "title", TITLE_MAX) or str(key),
        option_ids=numbers(item.get("options")),
        price=price,
        cost=amount(item.get("cost")) or 0,
        grams=small(item, "grams"),
        is_enabled=enabled,
        is_available=flag(item, "is_available", default=False),
        is_default=flag(item, "is_default", default=False),
    )


Fitted = tuple[tuple[Axis, ...], tuple[VariantFacts, ...]]


def _fitted(axes: tuple[Axis, ...], variants: tuple[VariantFacts, ...]) -> Fitted:
    """Option ids in the order of the axes; where the enabled variants do not fit them, one axis of our own."""
    ordered = tuple(replace(variant, option_ids=_in_order(axes, variant.option_ids)) for variant in variants)
    offered = [variant.option_ids for variant in ordered if variant.is_enabled]
    if all(len(ids) == len(axes) for ids in offered) and len(set(offered)) == len(offered):
        return axes, tuple(sorted(ordered, key=_rank_of(axes)))
    values = tuple(Value(variant.id, variant.title) for variant in variants if variant.is_enabled)
    return (Axis("Option", "", values),), tuple(replace(variant, option_ids=(variant.id,)) for variant in variants)


def _in_order(axes: tuple[Axis, ...], ids: tuple[int, ...]) -> tuple[int, ...]:
    wanted = set(ids)
    return tuple(value.id for axis in axes for value in axis.values if value.id in wanted)


def _rank_of(axes: tuple[Axis, ...]) -> Any:
    ranks = [{value.id: place for place, value in enumerate(axis.values)} for axis in axes]

    def rank(variant: VariantFacts) -> tuple[int, ...]:
        return tuple(places.get(key, 0) for places, key in zip(ranks, variant.option_ids, strict=False))

    return rank


def _artwork_ids(areas: list[dict[str, Any]]) -> tuple[str, ...]:
    """The uploads printed on it. Text layers all share one id and are left out."""
    images = (image for area in areas for place in objects(area, "placeholders") for image in objects(place, "images"))
    return tuple(dict.fromkeys(key for image in images if (key := _upload(image))))


def _upload(image: Mapping[str, Any]) -> str:
    return "" if text(image, "type", 5) == "text/" else text(image, "id", 40)


def _mockups(data: Mapping[str, Any], variants: tuple[VariantFacts, ...]) -> tuple[Mockup, ...]:
    """Printify's default variant may be a disabled one: the page then opens with the first that is offered."""
    enabled = [variant for variant in variants if variant.is_enabled]
    first = next((variant.id for variant in enabled if variant.is_default), enabled[0].id if enabled else 0)
    return read_mockups(data, {variant.id for variant in enabled}, first)
