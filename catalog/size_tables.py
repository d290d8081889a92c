"""Printify's size table, which is written in inches, in centimetres as well."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from catalog.descriptions import SizeTable
from catalog.measures import MM, both

INCHES = re.compile(r",?\s*(?:in|inch(?:es)?|\(in\))\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Cell:
    """`centimetres` is empty where `inches` is no number but words."""

    inches: str
    centimetres: str


@dataclass(frozen=True)
class Measures:
    """Sizes across, one measure a row."""

    sizes: list[str]
    rows: list[tuple[str, list[Cell]]]


def in_both(table: SizeTable | None) -> Measures | None:
    return Measures(table.sizes, [_row(name, cells) for name, cells in table.rows]) if table else None


def _row(name: str, cells: list[str]) -> tuple[str, list[Cell]]:
    """Its name says the unit: "Width, in". What says none is shown as it is."""
    if not INCHES.search(name):
        return name, [Cell(cell, "") for cell in cells]
    return INCHES.sub("", name), [_cell(cell) for cell in cells]


def _cell(text: str) -> Cell:
    try:
        centimetres, inches = both(int(Decimal(text) * MM["in"]))
    except (InvalidOperation, ValueError, OverflowError):
        return Cell(text, "")
    return Cell(inches, centimetres)
