"""What is in an order's parcels, as far as it is known."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orders.models import OrderLine, Shipment


@dataclass(frozen=True)
class PackedLine:
    """`quantity` of an order line: in one parcel, or not in any yet."""

    line: OrderLine
    quantity: int


@dataclass(frozen=True)
class Contents:
    """Of one order: what each parcel holds, and what has not left yet. Unknown contents are [].

    A line that Printify canceled is not still to come.
    """

    by_parcel: dict[int, list[PackedLine]]
    still_to_come: list[PackedLine]

    @property
    def is_known(self) -> bool:
        """Return whether the contents of every parcel are known, so that `still_to_come` is the whole truth."""
        return all(self.by_parcel.values())


def distribute(lines: Mapping[int, OrderLine], rows: Iterable[Shipment]) -> Contents:
    """Return the contents of `rows`. Runs no query when their `lines` are prefetched."""
    found = {row.pk: [PackedLine(lines[packed.line_id], packed.quantity) for packed in row.lines.all()] for row in rows}
    if not all(found.values()):
        return Contents(found, [])  # with one parcel unknown nobody can say what is missing
    sent: Counter[int] = Counter()
    for packed_lines in found.values():
        sent.update({packed.line.pk: packed.quantity for packed in packed_lines})
    coming = {pk: line.quantity - sent[pk] for pk, line in lines.items() if not line.is_canceled}
    return Contents(found, [PackedLine(lines[pk], quantity) for pk, quantity in coming.items() if quantity > 0])
