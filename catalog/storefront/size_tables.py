"""Printify's size table, whichever unit it is written in, in inches and centimetres."""

import re
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from catalog.search.facets import is_clothing_size
from catalog.storefront.descriptions import SizeTable
from catalog.storefront.staff_size_tables import MAX, MM, both

NAMES = {
    "width": _("Width"),
    "length": _("Length"),
    "height": _("Height"),
    "diameter": _("Diameter"),
    "sleeve length": _("Sleeve length"),
}
UNIT = re.compile(r",?\s*\(?\b(in|inch(?:es)?|cm)\)?\s*$", re.IGNORECASE)


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

    @property
    def of_garment(self) -> bool:
        """Not of a poster or a notebook, which nobody lays flat."""
        return any(map(is_clothing_size, self.sizes))


def in_both(table: SizeTable | None) -> Measures | None:
    """A measure told in both units is one row: that in inches, as both are rounded from the same."""
    if table is None:
        return None
    rows = [(*_named(name), cells) for name, cells in table.rows]
    inches = {name for name, unit, _cells in rows if unit == "in"}
    kept = [row for row in rows if row[1] != "cm" or row[0] not in inches]
    return Measures(table.sizes, [(_said(name), [_cell(cell, unit) for cell in cells]) for name, unit, cells in kept])


def _said(name: str) -> str:
    """In the reader's language, as far as the printers' usual names go."""
    return str(NAMES.get(name.strip().casefold(), name))


def _named(name: str) -> tuple[str, str]:
    """Its name says the unit: "Width, in". "" for what says none, which is shown as it is."""
    found = UNIT.search(name)
    return (name[: found.start()], "cm" if found[1].lower() == "cm" else "in") if found else (name, "")


def _cell(text: str, unit: str) -> Cell:
    if not unit:
        return Cell(text, "")
    ends = [_in_both(end, unit) for end in text.split("–")]
    known = [end for end in ends if end]
    if len(known) < len(ends):
        return Cell(text, "")
    return Cell("–".join(inches for _, inches in known), "–".join(centimetres for centimetres, _ in known))


def _in_both(text: str, unit: str) -> tuple[str, str] | None:
    """Return centimeters and inches; None where the text is no length."""
    try:
        length = Decimal(text) * MM[unit]
    except ArithmeticError:
        return None
    return both(int(length.to_integral_value())) if length.is_finite() and 0 <= length <= MAX else None
