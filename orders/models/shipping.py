"""Shipments of an order, and what is in each as far as it is known."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import models
from django.db.models import Q
from django.utils import timezone

from ilytat.pages.carriers import carrier_name
from orders.models.fulfillment import Fulfilment
from orders.models.order import OrderLine


class Shipment(models.Model):
    """One parcel. It has no `lines` as long as Printify does not say what is in it."""

    fulfilment = models.ForeignKey(Fulfilment, on_delete=models.CASCADE, related_name="shipments")
    carrier = models.CharField(max_length=60)
    number = models.CharField(max_length=120)
    url = models.URLField(max_length=600, blank=True)
    provider_id = models.PositiveIntegerField(null=True, blank=True, help_text="The printer that sent it.")
    shipped_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["shipped_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["fulfilment", "carrier", "number"], name="shipment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.carrier_name} {self.number}"

    @property
    def carrier_name(self) -> str:
        return carrier_name(self.carrier)


class ShipmentLine(models.Model):
    """How many of an order line are in a shipment."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipment_lines")
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "line"], name="shipment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="shipment_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line.title} ({self.line.label})"


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
