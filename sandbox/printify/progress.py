"""The life of an order behind the API: what time, the shop, the merchant and the print provider do to it.

Every verb takes the stored record, saves it and emits what Printify would. Call inside `store.change()`.
"""

import secrets
from collections.abc import Callable
from typing import Any

from sandbox import clock, settings, store
from sandbox.printify import events, order_store, refusals

Record = store.Document
BEFORE_PRODUCTION = {"pending", "on-hold", "payment-not-received"}
BEGUN = {"sending-to-production", "in-production", "partially-fulfilled", "fulfilled"}
CANCELABLE = {"on-hold", "payment-not-received"}


def move(record: Record, status: str) -> None:
    record["order"]["status"] = status
    order_store.save(record)
    _tell("order:updated", record, status=status)


def _tell(topic: str, record: Record, **more: Any) -> None:
    events.emit(topic, "order", record["id"], events.shop(**more))


def settle(record: Record) -> None:
    """What happens by itself: a new order comes to rest on hold, and automatic approval sends it off."""
    age = clock.now() - record["created"]
    if record["order"]["status"] == "pending" and age >= settings.PENDING_SECONDS:
        move(record, "has-issues" if record["trouble"] else "on-hold")
    approved = settings.APPROVAL == "auto" and age >= settings.APPROVAL_SECONDS / settings.SPEED
    if approved and record["order"]["status"] == "on-hold":
        produce(record)


def send(record: Record) -> None:
    """The shop's send_to_production. Repeating it is harmless, and only the first begins production."""
    record["send_calls"] += 1
    order_store.save(record)
    status = record["order"]["status"]
    if status in BEGUN:
        return
    if status not in BEFORE_PRODUCTION or record["trouble"]:
        raise refusals.wrong_status(status, "sent to production")
    if clock.now() - record["created"] < settings.PROCESSING_SECONDS:
        raise refusals.too_early()
    produce(record)


def produce(record: Record) -> None:
    order, at = record["order"], clock.stamp()
    record["productions"] += 1
    move(record, "sending-to-production")
    order |= {"sent_to_production_at": at, "fulfilled_at": None, "shipments": []}
    for line in waiting(order):
        line |= {"status": "in-production", "sent_to_production_at": at, "fulfilled_at": None}
    _tell("order:sent-to-production", record)
    move(record, "in-production")


def cancel(record: Record) -> None:
    """The shop's cancel: only before production, and not yet while pending."""
    if record["order"]["status"] not in CANCELABLE:
        raise refusals.wrong_status(record["order"]["status"], "canceled")
    call_off(record)


def call_off(record: Record) -> None:
    order = record["order"]
    for line in order["line_items"]:
        line |= {"status": "canceled", "cost": 0}
    order |= order_store.totals(order["line_items"])
    move(record, "canceled")


def waiting(order: order_store.Order) -> list[dict[str, Any]]:
    """Lines that are still to be shipped."""
    return [line for line in order["line_items"] if line["status"] not in {"canceled", "fulfilled"}]


def cancel_line(record: Record) -> None:
    """Support cancels the last line that is still to be shipped; the other lines go on."""
    order = record["order"]
    left = waiting(order)
    if order["status"] not in BEGUN or len(order["line_items"]) == 1 or not left:
        raise refusals.wrong_status(order["status"], "canceled in part")
    left[-1].update(status="canceled", cost=0)
    order |= order_store.totals(order["line_items"])
    _rest(record) if order["shipments"] else move(record, order["status"])


def ship(record: Record, *, most: int | None = None, way: str = "") -> None:
    """One parcel: the lines of the first provider that still has some, or the first `most` of them.

    `way` "unnumbered": they leave, and their tracking number comes later (`number`). "divided": a second parcel with
    more of the same lines comes later, by `number` as well.
    """
    order = record["order"]
    left = waiting(order)
    if order["status"] not in BEGUN or not left:
        raise refusals.wrong_status(order["status"], "shipped")
    provider = left[0]["print_provider_id"]
    packed = [line for line in left if line["print_provider_id"] == provider][:most]
    for line in packed:
        line |= {"status": "fulfilled", "fulfilled_at": clock.stamp()}
    if way != "unnumbered":
        _post(record, _parcel(packed))
    if way:
        record |= {"unnumbered": packed, "divided": way == "divided"}
    _rest(record)


def _rest(record: Record) -> None:
    """Where the order comes to rest: fulfilled once nothing waits."""
    done = not record.get("divided") and not waiting(record["order"])
    record["order"]["fulfilled_at"] = clock.stamp() if done else None
    move(record, "fulfilled" if done else "partially-fulfilled")


def number(record: Record) -> None:
    """The number comes of what left without one, or the second parcel of what was divided."""
    packed, record["divided"] = record.pop("unnumbered", None), False
    if not packed:
        raise refusals.wrong_status(record["order"]["status"], "given a number")
    _post(record, _parcel(packed))
    _rest(record)


def replace(record: Record) -> None:
    """The newest parcel on its way is sent again: another number takes the place of its own."""
    shipments, parcels = record["order"].get("shipments", []), record.get("parcels", [])
    on_the_way = [place for place, shipment in enumerate(shipments) if shipment["delivered_at"] is None]
    if not on_the_way:
        raise refusals.wrong_status(record["order"]["status"], "replaced")
    shipments.pop(on_the_way[-1])
    lost = parcels.pop(on_the_way[-1])
    _post(record, _parcel([]) | {"skus": lost["skus"]})
    order_store.save(record)


def _parcel(packed: list[dict[str, Any]]) -> dict[str, Any]:
    number = "9400" + "".join(secrets.choice("0123456789") for _ in range(18))
    return {
        "shipped_at": clock.stamp(),
        "skus": [line["metadata"]["sku"] for line in packed],
        "shipment": {
            "carrier": "usps",
            "number": number,
            "url": f"{settings.SANDBOX_URL}/track/{number}/",
            "delivered_at": None,
        },
    }


def _post(record: Record, parcel: dict[str, Any]) -> None:
    order = record["order"]
    order["shipments"].append(parcel["shipment"])
    connect = secrets.token_urlsafe(12)
    order.setdefault("printify_connect", {"url": f"{settings.SANDBOX_URL}/track/{connect}/", "id": connect})
    record.setdefault("parcels", []).append(parcel)
    carrier = _carrier(parcel["shipment"])
    _tell("order:shipment:created", record, shipped_at=parcel["shipped_at"], carrier=carrier, skus=parcel["skus"])


def _carrier(shipment: dict[str, Any]) -> dict[str, str]:
    """The same parcel is written differently in an event: an object, where the order has a string."""
    code, number, url = shipment["carrier"].upper(), shipment["number"], shipment["url"]
    return {"code": code, "tracking_number": number, "tracking_url": url}


def deliver(record: Record) -> None:
    """The oldest parcel that is still on its way. The order's status stays: there is none called delivered."""
    for shipment, parcel in zip(record["order"].get("shipments", []), record.get("parcels", []), strict=True):
        if shipment["delivered_at"] is None:
            shipment["delivered_at"] = clock.stamp()
            order_store.save(record)
            data = {"delivered_at": shipment["delivered_at"], "carrier": _carrier(shipment), "skus": parcel["skus"]}
            _tell("order:shipment:delivered", record, **data)
            return
    raise refusals.wrong_status(record["order"]["status"], "delivered")


def hold(record: Record) -> None:
    """Whatever was wrong with it, a person has seen to it."""
    record["trouble"] = ""
    move(record, "on-hold")


def _to(status: str) -> Callable[[Record], None]:
    def go(record: Record) -> None:
        move(record, status)

    return go


# What the control page can do, without asking whether the shop might.
STEPS: dict[str, Callable[[Record], None]] = {
    "settle": settle,
    "produce": produce,
    "ship": ship,
    "deliver": deliver,
    "cancel": call_off,
    "cancel-line": cancel_line,
    "number": number,
    "replace": replace,
    "hold": hold,
    "issues": _to("has-issues"),
    "unpaid": _to("payment-not-received"),
    "unfulfillable": _to("unfulfillable"),
}
