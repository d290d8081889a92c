"""Parcels: kept once, with what is in each as far as Printify lets us know, and told to the buyer once.

Printify's order names its parcels and which of its lines have left, not which line is in which parcel. A parcel that
is the only new one holds the lines that have newly left; the event of a shipment names its SKUs.
"""

from collections.abc import Iterable, Mapping

from django.utils import timezone

from catalog.printify import Parcel, UpstreamLine, UpstreamOrder
from orders import mails
from orders.models import Fulfilment, OrderLine, Shipment
from orders.parcel_contents import contents

Skus = Mapping[str, Iterable[str]]  # the number of a parcel → what its event says is in it
LEFT = "fulfilled"


def record_parcels(fulfilment: Fulfilment, upstream: UpstreamOrder, skus: Skus | None = None) -> bool:
    """Keep the parcels and deliveries that are new. Call inside a transaction. Whether there was any news."""
    known = {(row.carrier, row.number) for row in fulfilment.shipments.all()}
    fresh = [x for x in upstream.parcels if (x.carrier, x.number) not in known]
    news = [_keep(fulfilment, parcel, _packed(fulfilment, upstream, parcel, fresh, skus or {})) for parcel in fresh]
    return any([*news, *[_arrived(fulfilment, parcel) for parcel in upstream.parcels]])


def _keep(fulfilment: Fulfilment, parcel: Parcel, packed: list[UpstreamLine]) -> bool:
    ours = _ours(fulfilment, packed)
    providers = {line.provider_id for line in packed if line.provider_id}
    defaults = {
        "url": parcel.url,
        "contents": [[line.pk, line.quantity] for line in ours],
        "provider_id": providers.pop() if len(providers) == 1 else None,
    }
    key = {"fulfilment": fulfilment, "carrier": parcel.carrier, "number": parcel.number}
    shipment, created = Shipment.objects.get_or_create(**key, defaults=defaults)
    if created:
        mails.shipped(fulfilment.order, shipment, contents(fulfilment))
    return created


def _packed(
    fulfilment: Fulfilment, upstream: UpstreamOrder, parcel: Parcel, fresh: list[Parcel], skus: Skus
) -> list[UpstreamLine]:
    taken = {pk for row in Shipment.objects.filter(fulfilment=fulfilment) for pk, _quantity in row.contents}
    numbers = {line.pk for line in fulfilment.order.lines.all()} - taken
    prefix = f"{fulfilment.order.number}-"
    left = [
        line
        for line in upstream.lines
        if line.status == LEFT and line.external_id.startswith(prefix) and _pk(line) in numbers
    ]
    said = set(skus.get(parcel.number, ()))
    if said:
        return [line for line in left if line.sku in said]
    return left if len(fresh) == 1 else []


def _pk(line: UpstreamLine) -> int:
    tail = line.external_id.rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


def _ours(fulfilment: Fulfilment, packed: Iterable[UpstreamLine]) -> list[OrderLine]:
    wanted = {_pk(line) for line in packed}
    return [line for line in fulfilment.order.lines.all() if line.pk in wanted]


def _arrived(fulfilment: Fulfilment, parcel: Parcel) -> bool:
    if not parcel.delivered:
        return False
    rows = Shipment.objects.filter(fulfilment=fulfilment, carrier=parcel.carrier, number=parcel.number)
    if not rows.filter(delivered_at__isnull=True).update(delivered_at=timezone.now()):
        return False
    mails.delivered(fulfilment.order, rows.get(), contents(fulfilment))
    return True
