"""Colours a garment comes in: option-value id, the printer's name, one hex or (for heathers) two."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    id: int
    title: str
    hexes: tuple[str, ...]


_ALL = (
    Colour(521, "White", ("#ffffff",)),
    Colour(418, "Black", ("#1d1c1b",)),
    # The printer lists Ash twice, under two ids and with two shades: a chooser must go by id.
    Colour(391, "Ash", ("#d9dad8",)),
    Colour(1372, "Ash", ("#cfd0cf", "#e2e2e0")),
    Colour(494, "Sand", ("#d8c8ac",)),
    Colour(448, "Military Green", ("#5f6750",)),
    Colour(510, "Texas Orange", ("#b5623a",)),
    Colour(369, "Sport Grey", ("#a9aaab", "#c3c4c5")),
    Colour(437, "Dark Heather", ("#45484b", "#5d6165")),
    Colour(1151, "Soft Cream", ("#efe4cd",)),
    Colour(1152, "Autumn", ("#b4663c",)),
    Colour(1153, "Heather Dust", ("#e2d6c6", "#d3c4b1")),
    Colour(1154, "Heather Mustard", ("#d9a24e", "#e6b86d")),
    Colour(1155, "Heather Sage", ("#98a58d", "#aab5a0")),
    Colour(1156, "Forest", ("#324338",)),
    Colour(1157, "Navy", ("#28303f",)),
    Colour(1158, "Vintage White", ("#f5f0e5",)),
    Colour(425, "Dark Chocolate", ("#43332b",)),
    Colour(1159, "Natural", ("#ece1cb",)),
    Colour(1160, "Rust", ("#ad5a36",)),
    Colour(1161, "Olive", ("#6b6a4c",)),
    Colour(1162, "Khaki", ("#bfae8c",)),
    Colour(1163, "Sage", ("#8d9a83",)),
    Colour(1164, "Gold", ("#dfb35f",)),
)
BY_ID = {colour.id: colour for colour in _ALL}


def named(title: str) -> Colour:
    """The first colour of that name; the second Ash is reached by its id only."""
    return next(colour for colour in _ALL if colour.title == title)
