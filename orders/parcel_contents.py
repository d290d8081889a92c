"""What is in an order's parcels, as far as it is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orders.models import Fulfilment, OrderLine, Shipment


@dataclass(frozen=True)
class Contents:
    """Of one order: what each parcel holds, and what has not left yet. Unknown contents are []."""

    by_parcel: dict[int, list[OrderLine]]
    still_to_come: list[OrderLine]


def contents(fulfilment: Fulfilment) -> Contents:
    lines = {line.pk: line for line in fulfilment.order.lines.all()}
    rows = list(Shipment.objects.filter(fulfilment=fulfilment))
    return distribute(lines, rows)


def distribute(lines: Mapping[int, OrderLine], rows: Iterable[Shipment]) -> Contents:
    found = {row.pk: [lines[pk] for pk, _quantity in row.contents if pk in lines] for row in rows}
    if not all(found.values()):
        return Contents(found, [])  # with one parcel unknown nobody can say what is missing
    gone = {line.pk for held in found.values() for line in held}
    return Contents(found, [line for line in lines.values() if line.pk not in gone])
