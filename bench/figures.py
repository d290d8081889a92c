"""A small table, and what stands in it."""

import sys
from collections.abc import Sequence
from statistics import median, quantiles


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    texts = [list(head), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(head))]
    for row in texts:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        sys.stdout.write("  " + "  ".join([row[0].ljust(widths[0]), *cells]).rstrip() + "\n")
    sys.stdout.flush()


def middle_and_tail(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    return median(seconds) * 1000, quantiles(seconds, n=20)[-1] * 1000


def _text(cell: object) -> str:
    return f"{cell:.1f}" if isinstance(cell, float) else str(cell)
