"""Parcels: kept once, with what is in each as far as Printify lets us know, and told to the buyer once.

Printify's order names its parcels and which of its lines have left, not which line is in which parcel. The event of a
shipment names its SKUs; what else has left is in the one parcel of which nothing is known, if there is only one and
one print provider sent it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import prefetch_related_objects
from django.utils import timezone

from catalog.printify.orders import Parcel, UpstreamLine, UpstreamOrder
from orders import emails
from orders.models import Fulfilment, OrderLine, Shipment, ShipmentLine, shipping

Skus = Mapping[str, Iterable[str]]  # the number of a parcel → what its event says is in it
LEFT = "fulfilled"


@dataclass(frozen=True)
class SentLine:
    """An order line that has left, and what Printify says of it."""

    line: OrderLine
    upstream: UpstreamLine


def record_parcels(fulfilment: Fulfilment, upstream: UpstreamOrder, skus: Skus | None = None) -> bool:
    """Create the parcels, contents and deliveries that are new. Return whether there were any.

    Call inside a transaction that has written the fulfillment's row: its lock makes poller and webhook take turns, so
    that each reads what the other has stored. Runs the same number of reads for any number of parcels.
    """
    prefetch_related_objects([fulfilment.order], "lines")
    lines = {line.pk: line for line in fulfilment.order.lines.all()}
    known = {(row.carrier, row.number): row for row in Shipment.objects.filter(fulfilment=fulfilment)}
    created = _create_missing(fulfilment, upstream, known)
    packed = _pack(fulfilment, known.values(), _sent_lines(fulfilment, upstream, lines), skus or {})
    arrived = _mark_delivered(upstream, known)
    rows = list(Shipment.objects.filter(fulfilment=fulfilment).prefetch_related("lines"))
    count = _count(fulfilment, upstream, rows)
    if created or arrived:
        contents = shipping.distribute(lines, rows)
        current = _current(upstream, rows)
        for number, row in enumerate(created, len(current) - len(created) + 1):
            emails.shipped(fulfilment.order, row, contents, number=number, count=count)
        delivered_before = sum(row.delivered_at is not None for row in current) - len(arrived)
        for number, row in enumerate(arrived, delivered_before + 1):
            emails.delivered(fulfilment.order, row, contents, number=number, count=count)
    return bool(created or packed or arrived)


def have_all_numbers(upstream: UpstreamOrder, rows: Iterable[Shipment]) -> bool:
    """Return whether everything has left, and each print provider that sent something has a parcel.

    Providers ship separately (Printify contract, section 8), so with fewer parcels than that a number is missing.
    """
    known = [row.provider_id for row in _current(upstream, rows) if row.provider_id]
    senders = {line.provider_id for line in upstream.lines if line.status == LEFT and line.provider_id}
    return upstream.status == LEFT and len(upstream.parcels) - len(known) >= len(senders.difference(known))


def _current(upstream: UpstreamOrder, rows: Iterable[Shipment]) -> list[Shipment]:
    """Without parcels that Printify has replaced: it names them no longer."""
    named = {_key(parcel) for parcel in upstream.parcels}
    return [row for row in rows if (row.carrier, row.number) in named]


def _count(fulfilment: Fulfilment, upstream: UpstreamOrder, rows: list[Shipment]) -> int:
    """Store and return how many parcels there are: 0 while more may follow. Page and emails say the same number."""
    count = len(upstream.parcels) if have_all_numbers(upstream, rows) else 0
    if count != fulfilment.parcel_count:
        fulfilment.parcel_count = count
        Fulfilment.objects.filter(pk=fulfilment.pk).update(parcel_count=count)
    return count


def _create_missing(
    fulfilment: Fulfilment, upstream: UpstreamOrder, known: dict[tuple[str, str], Shipment]
) -> list[Shipment]:
    created = []
    for parcel in upstream.parcels:
        if _key(parcel) not in known:
            row = Shipment.objects.create(
                fulfilment=fulfilment, carrier=parcel.carrier, number=parcel.number, url=parcel.url
            )
            known[_key(parcel)] = row
            created.append(row)
    return created


def _key(parcel: Parcel) -> tuple[str, str]:
    return parcel.carrier, parcel.number


def _sent_lines(fulfilment: Fulfilment, upstream: UpstreamOrder, lines: Mapping[int, OrderLine]) -> list[SentLine]:
    prefix = f"{fulfilment.order.number}-"
    sent = {_pk(line): line for line in upstream.lines if line.status == LEFT and line.external_id.startswith(prefix)}
    return [SentLine(line, sent[pk]) for pk, line in lines.items() if pk in sent]


def _pk(line: UpstreamLine) -> int:
    tail = line.external_id.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


def _pack(fulfilment: Fulfilment, shipments: Iterable[Shipment], sent: list[SentLine], skus: Skus) -> bool:
    """Store in which shipment each sent line is, where that is known. A line is in one shipment only."""
    stored = ShipmentLine.objects.filter(shipment__fulfilment=fulfilment).values_list("shipment_id", "line_id")
    packed_shipments, packed_lines = {pk for pk, _line in stored}, {pk for _shipment, pk in stored}
    empty = [shipment for shipment in shipments if shipment.pk not in packed_shipments]
    loose = [item for item in sent if item.line.pk not in packed_lines]
    packed: list[tuple[Shipment, list[SentLine]]] = []
    for shipment in [shipment for shipment in empty if skus.get(shipment.number)]:
        named = set(skus[shipment.number])
        packed.append((shipment, [item for item in loose if item.upstream.sku in named]))
        loose = [item for item in loose if item.upstream.sku not in named]
        empty.remove(shipment)
    if len(empty) == 1 and len({item.upstream.provider_id for item in loose}) == 1:
        packed.append((empty[0], loose))  # two providers never share a parcel: the other's number is still to come
    for shipment, items in packed:
        _store(shipment, items)
    return any(items for _shipment, items in packed)


def _store(shipment: Shipment, items: list[SentLine]) -> None:
    rows = [ShipmentLine(shipment=shipment, line=item.line, quantity=item.line.quantity) for item in items]
    ShipmentLine.objects.bulk_create(rows)
    providers = {item.upstream.provider_id for item in items if item.upstream.provider_id}
    if len(providers) == 1:
        shipment.provider_id = providers.pop()
        shipment.save(update_fields=["provider_id"])


def _mark_delivered(upstream: UpstreamOrder, known: Mapping[tuple[str, str], Shipment]) -> list[Shipment]:
    arrived = []
    for row in (known[_key(parcel)] for parcel in upstream.parcels if parcel.delivered):
        if row.delivered_at is None:
            row.delivered_at = timezone.now()
            row.save(update_fields=["delivered_at"])
            arrived.append(row)
    return arrived
