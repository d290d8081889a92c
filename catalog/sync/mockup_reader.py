"""The mockups in Printify's product JSON: which of them the shop shows, and in what order.

Source: Printify contract, section 6: several may be default (one a colour), one may belong to no variant.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from catalog.sync.payload_fields import flag, numbers, objects, text

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
