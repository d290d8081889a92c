"""Printify's orders as values: read tolerantly, because early orders lack keys and statuses grow new words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from catalog.printify import fields
from ilytat.integrations import failure_texts
from ilytat.integrations.errors import Unavailable
from ilytat.integrations.storable import storable_json

COST_MAX = 2**31 - 1
LINK_MAX = 600  # characters


@dataclass(frozen=True)
class Parcel:
    """`delivered_at` is None for one that is `delivered` at a moment nobody can read."""

    carrier: str
    number: str
    url: str
    delivered: bool
    delivered_at: datetime | None = None


@dataclass(frozen=True)
class UpstreamLine:
    """`external_id` is ours for the line, kept by Printify also when it replaces what is printed."""

    external_id: str
    product_id: str
    variant_id: int
    sku: str
    provider_id: int
    status: str


@dataclass(frozen=True)
class UpstreamOrder:
    """`external_id` is what we sent: Printify keeps it as metadata.shop_order_id. `cost` is its charge to us."""

    id: str
    external_id: str
    status: str
    cost: int
    parcels: tuple[Parcel, ...]
    sent_to_production: bool
    lines: tuple[UpstreamLine, ...] = ()
    tax: int = 0  # the part of `cost` that is Printify's tax
    shipping: int = 0  # the part of `cost` that is for shipping
    created_at: datetime | None = None


def is_order(data: Any) -> bool:
    return isinstance(data, dict) and bool(data.get("id"))


def read_order(data: Mapping[str, Any]) -> UpstreamOrder:
    """Raises Unavailable for an order that no database could hold."""
    try:
        data = storable_json(data)
    except ValueError as error:
        raise Unavailable(failure_texts.unreadable("Printify")) from error
    said = data.get("metadata")
    metadata: dict[str, Any] = said if isinstance(said, dict) else {}
    parcels = [_parcel(item) for item in fields.objects(data, "shipments")]
    charges = (fields.small(data, name) for name in ("total_price", "total_shipping", "total_tax"))
    return UpstreamOrder(
        id=str(data["id"]),
        external_id=str(metadata.get("shop_order_id") or data.get("external_id") or ""),
        status=str(data.get("status") or ""),
        cost=min(sum(charges), COST_MAX),
        parcels=tuple(parcel for parcel in parcels if parcel.number),
        sent_to_production=bool(data.get("sent_to_production_at")),
        lines=tuple(_line(item) for item in fields.objects(data, "line_items")),
        tax=fields.small(data, "total_tax"),
        shipping=fields.small(data, "total_shipping"),
        created_at=fields.moment(data, "created_at"),
    )


def _line(data: Mapping[str, Any]) -> UpstreamLine:
    said = data.get("metadata")
    metadata: dict[str, Any] = said if isinstance(said, dict) else {}
    return UpstreamLine(
        external_id=str(metadata.get("external_id") or ""),
        product_id=str(data.get("product_id") or ""),
        variant_id=max(fields.whole(data.get("variant_id")) or 0, 0),
        sku=str(metadata.get("sku") or ""),
        provider_id=fields.small(data, "print_provider_id"),
        status=str(data.get("status") or ""),
    )


def _parcel(data: Mapping[str, Any]) -> Parcel:
    carrier = data.get("carrier")
    name = carrier.get("code") if isinstance(carrier, dict) else carrier
    return Parcel(
        carrier=str(name or "carrier").lower()[:60],
        number=str(data.get("number") or "")[:120],
        url=_link(str(data.get("url") or "")),
        delivered=bool(data.get("delivered_at")),
        delivered_at=fields.moment(data, "delivered_at"),
    )


def _link(url: str) -> str:
    """A javascript: link from outside never reaches a page, nor one that no browser could follow."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and parts.hostname and len(url) <= LINK_MAX else ""


PREPARING = frozenset({"pending", "cost-calculation"})
WAITING = PREPARING | {"on-hold"}
PRODUCING = frozenset(
    {
        "sending-to-production",
        "sending_to_production_delegate",
        "sending_to_production_delegate_sync",
        "in-production",
        "partially-fulfilled",
    }
)
TROUBLED = frozenset({"has-issues", "had-issues", "unfulfillable", "payment-not-received", "source-check-failed"})
KNOWN = WAITING | PRODUCING | TROUBLED | {"fulfilled", "canceled"}
