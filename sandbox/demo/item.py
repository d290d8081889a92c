"""The form in which a demo product is written down; `expand.py` turns it into Printify's object."""

from dataclasses import dataclass
from typing import Literal

Choice = str | int  # an option value's title, or its id where a title is not unique


@dataclass(frozen=True)
class Quirks:
    """The oddities that real catalogues show, one switch each. The defaults are the ordinary product."""

    visible: bool = True
    locked: bool = False
    published: bool = True  # has the `external` key
    safety: Literal["text", "null", "absent"] = "text"
    sold_out: bool = False
    unavailable: tuple[tuple[Choice, ...], ...] = ()  # combinations offered, but out of stock
    default_is_disabled: bool = False
    title_backwards: bool = False
    stray_image: bool = False  # one more image that belongs to no variant
    express: bool = False


@dataclass(frozen=True)
class Item:
    """`offered` holds, per axis of the blueprint, the option values that the merchant enabled.

    `price` (minor units) is that of the first offered size; `steps` says what each offered size adds to it.
    """

    key: str
    title: str
    blueprint_id: int
    design: str
    lead: str
    price: int
    offered: tuple[tuple[Choice, ...], ...]
    created: str
    steps: tuple[int, ...] = ()
    extras: tuple[tuple[str, int], ...] = ()  # added for other option values, by title
    back: str = ""
    ground: str = "#ffffff"  # what is printed on, for goods that come in no colours
    quirks: Quirks = Quirks()
