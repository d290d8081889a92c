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
from ilytat.integrations import alerts
from orders import emails, lifecycle
from orders.models import Fulfilment, Order, OrderLine, Shipment, ShipmentLine, shipping

Skus = Mapping[str, Iterable[str]]  # the number of a parcel → what its event says is in it
LEFT = "fulfilled"
CANCELED = "canceled"


@dataclass(frozen=True)
class KnownLine:
    """An order line, and what Printify says of it."""

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
    known_lines = _known_lines(fulfilment, upstream, lines)
    if upstream.status != CANCELED:  # else all of it needs a person, who may have it printed again
        _store_statuses(fulfilment.order, known_lines)
    created = _create_missing(fulfilment, upstream, known)
    sent = [item for item in known_lines if item.upstream.status == LEFT]
    packed = _pack(fulfilment, known.values(), sent, skus or {})
    arrived = _mark_delivered(fulfilment.order, upstream, known)
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


def _known_lines(fulfilment: Fulfilment, upstream: UpstreamOrder, lines: Mapping[int, OrderLine]) -> list[KnownLine]:
    """Of a line that Printify shows twice, because it was replaced: what has left, or else what was not canceled."""
    prefix = f"{fulfilment.order.number}-"
    shown = sorted(upstream.lines, key=lambda line: (line.status == LEFT) - (line.status == CANCELED))
    by_pk = {_pk(line): line for line in shown if line.external_id.startswith(prefix)}
    return [KnownLine(line, by_pk[pk]) for pk, line in lines.items() if pk in by_pk]


def _store_statuses(order: Order, known_lines: list[KnownLine]) -> None:
    """A line that Printify cancels is told to staff, once: its money is due back, and nothing else says so."""
    changed = [item for item in known_lines if item.line.upstream_status != item.upstream.status[:60]]
    for item in changed:
        item.line.upstream_status = item.upstream.status[:60]
        if item.line.is_canceled:
            why = f"Order {order.number}: Printify canceled one line, which will not be sent: {item.line}."
            step = "Open the order: refund this line under Payments and refunds, or send a replacement; tell the buyer."
            alerts.open_alert(f"canceled:{item.upstream.external_id}", why, next_step=step)
            lifecycle.note(order, who="Printify", what="line canceled", why=str(item.line))
    OrderLine.objects.bulk_update([item.line for item in changed], ["upstream_status"])


def _pk(line: UpstreamLine) -> int:
    tail = line.external_id.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


def _pack(fulfilment: Fulfilment, shipments: Iterable[Shipment], sent: list[KnownLine], skus: Skus) -> bool:
    """Store in which shipment each sent line is, where that is known. A line is in one shipment only."""
    stored = ShipmentLine.objects.filter(shipment__fulfilment=fulfilment).values_list("shipment_id", "line_id")
    packed_shipments, packed_lines = {pk for pk, _line in stored}, {pk for _shipment, pk in stored}
    empty = [shipment for shipment in shipments if shipment.pk not in packed_shipments]
    loose = [item for item in sent if item.line.pk not in packed_lines]
    packed: list[tuple[Shipment, list[KnownLine]]] = []
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


def _store(shipment: Shipment, items: list[KnownLine]) -> None:
    rows = [ShipmentLine(shipment=shipment, line=item.line, quantity=item.line.quantity) for item in items]
    ShipmentLine.objects.bulk_create(rows)
    providers = {item.upstream.provider_id for item in items if item.upstream.provider_id}
    if len(providers) == 1:
        shipment.provider_id = providers.pop()
        shipment.save(update_fields=["provider_id"])


def _mark_delivered(order: Order, upstream: UpstreamOrder, known: Mapping[tuple[str, str], Shipment]) -> list[Shipment]:
    """Store when it arrived, as Printify says; now, if that is unreadable, in the future or before the order."""
    arrived, now = [], timezone.now()
    for parcel in upstream.parcels:
        row = known[_key(parcel)]
        if parcel.delivered and row.delivered_at is None:
            said = parcel.delivered_at
            row.delivered_at = said if said and order.placed_at <= said <= now else now
            row.save(update_fields=["delivered_at"])
            arrived.append(row)
    return arrived
