"""Printify's size table, whichever unit it is written in, in inches and centimetres."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import Product
from catalog.models.curation import SizeTable
from catalog.search.facets import is_clothing_size
from catalog.storefront.descriptions import ParsedSizeTable

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


def in_both(table: ParsedSizeTable | None) -> Measures | None:
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


MM = {"cm": Decimal(10), "in": Decimal("25.4")}
MAX = Decimal(5000)  # millimetres; more is a slip of the finger
COLUMNS_MAX = 20


class Unclear(ValueError):
    """The text is no size table; the message names the line."""


@dataclass(frozen=True)
class Row:
    """Each cell in centimetres and in inches, as they are shown."""

    name: str
    cells: list[tuple[str, str]]


@dataclass(frozen=True)
class StaffMeasures:
    name: str
    measured: str | Promise
    sizes: list[str]
    rows: list[Row]
    tolerance: tuple[str, str]


def of_product(product: Product) -> StaffMeasures | None:
    table = SizeTable.objects.filter(blueprint_id=product.blueprint_id).first() if product.blueprint_id else None
    return measures(table) if table else None


def measures(table: SizeTable) -> StaffMeasures:
    rows = [Row(str(name), [both(each) for each in cells]) for name, cells in table.rows]
    return StaffMeasures(table.name, table.get_measured_display(), table.sizes, rows, both(table.tolerance))


def both(millimetres: int) -> tuple[str, str]:
    """457 → ("45.7", "18")."""
    return _short(Decimal(millimetres) / MM["cm"]), _short(Decimal(millimetres) / MM["in"])


def _short(value: Decimal) -> str:
    return f"{value:.1f}".removesuffix(".0")


def parse(text: str, unit: str) -> tuple[list[str], list[list[object]]]:
    """A table as people type or paste it: sizes in the first line, then a measure a line. Raises Unclear."""
    lines = [_cells(line) for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or len(lines[0]) < 2:  # noqa: PLR2004 (a head and a row, a name and a size)
        raise Unclear("First line: Size | S | M | L. Then one measure a line: Width | 46 | 51 | 56.")
    sizes = lines[0][1:]
    if len(sizes) > COLUMNS_MAX:
        raise Unclear(f"At most {COLUMNS_MAX} sizes.")
    rows: list[list[object]] = [[cells[0], _numbers(cells, len(sizes), unit)] for cells in lines[1:]]
    return sizes, rows


def written(table: SizeTable, unit: str) -> str:
    """The same table as text, to be edited."""
    at = 0 if unit == "cm" else 1
    lines = [["Size", *table.sizes], *([str(name), *(both(each)[at] for each in cells)] for name, cells in table.rows)]
    return "\n".join(" | ".join(line) for line in lines)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"\s*[|;\t]\s*", line.strip().strip("|"))]


def _numbers(cells: list[str], count: int, unit: str) -> list[int]:
    if len(cells) != count + 1 or not cells[0]:
        raise Unclear(f"“{' | '.join(cells)}”: a name and {count} numbers are needed.")
    return [_millimetres(cell, unit) for cell in cells[1:]]


def _millimetres(cell: str, unit: str) -> int:
    try:
        value = Decimal(cell.replace(",", ".")) * MM[unit]
    except InvalidOperation as error:
        raise Unclear(f"“{cell}” is not a number.") from error
    if not value.is_finite() or not 0 < value <= MAX:
        raise Unclear(f"“{cell}” cannot be a measure.")
    return int(value.to_integral_value())
