"""Staff's size tables: written in centimetres or inches, kept in millimetres, shown in both."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.functional import Promise

from catalog.models import Product
from catalog.models.curation import SizeTable

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
class Measures:
    name: str
    measured: str | Promise
    sizes: list[str]
    rows: list[Row]
    tolerance: tuple[str, str]


def of_product(product: Product) -> Measures | None:
    table = SizeTable.objects.filter(blueprint_id=product.blueprint_id).first() if product.blueprint_id else None
    return measures(table) if table else None


def measures(table: SizeTable) -> Measures:
    rows = [Row(str(name), [both(each) for each in cells]) for name, cells in table.rows]
    return Measures(table.name, table.get_measured_display(), table.sizes, rows, both(table.tolerance))


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
