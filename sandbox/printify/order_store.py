"""Orders as stored: the object the API shows, wrapped in what Printify knows and does not tell.

Kind "printify.order": {"id", "external_id", "created" (seconds), "productions" (how often production really began),
"send_calls", "trouble" (why it cannot be made, or ""), "order"}.
"""

from typing import Any

from sandbox import clock, settings, store
from sandbox.printify import order_validation, rates, refusals

KIND = "printify.order"
# External id to order id. A cancelled order keeps its external id: not documented, and the stricter reading.
TAKEN = "printify.external"
NEVER = "1970-01-01 00:00:00+00:00"
Order = dict[str, Any]


def every() -> list[store.Document]:
    return store.listing(KIND)


def find(order_id: str) -> store.Document:
    record = store.read(KIND, order_id)
    if record is None:
        raise refusals.not_found()
    return record


def save(record: store.Document) -> None:
    store.write(KIND, record["id"], record)


def submit(sent: dict[str, Any]) -> store.Document:
    """Call inside `store.change()`: between the look for the external id and the writing nobody may come."""
    external_id = order_validation.external_id(sent)
    taken = store.read(TAKEN, external_id)
    if taken is not None:
        raise refusals.duplicate(taken["id"], external_id)
    address = order_validation.address(sent.get("address_to"))
    lines = order_validation.lines(sent.get("line_items"))
    code = order_validation.method(sent)
    order = _order(sent, address, _line_items(lines, code, address["country"]))
    record = {
        "id": order["id"],
        "external_id": external_id,
        "created": clock.now(),
        "productions": 0,
        "send_calls": 0,
        "trouble": _trouble(lines, address["country"]),
        "order": order,
    }
    store.write(TAKEN, external_id, {"id": order["id"]})
    save(record)
    return record


def _trouble(lines: list[rates.Wanted], country: str) -> str:
    """What Printify only says later, by putting the order among those with issues."""
    if any(not line.variant["is_available"] for line in lines):
        return "out of stock"
    return "" if rates.per_line(lines, "standard", country) else "not sent to this country"


def _line_items(lines: list[rates.Wanted], code: int, country: str) -> list[dict[str, Any]]:
    name = rates.METHODS[code]
    shipping = rates.per_line(lines, name, country)
    if shipping is None and name != "standard":
        raise refusals.field("shipping_method", f"{code} is not available for these items and this address")
    return [_line_item(line, cost) for line, cost in zip(lines, shipping or [0] * len(lines), strict=True)]


def _line_item(line: rates.Wanted, shipping_cost: int) -> dict[str, Any]:
    """`cost` is that of the whole line, the price in metadata that of one piece."""
    metadata = {
        "title": line.product["title"],
        "price": line.variant["price"],
        "variant_label": line.variant["title"],
        "sku": line.variant["sku"],
        "country": "United States",
    }
    return {
        "id": refusals.new_id(),
        "product_id": line.product["id"],
        "quantity": line.quantity,
        "variant_id": line.variant["id"],
        "print_provider_id": line.product["print_provider_id"],
        "cost": line.variant["cost"] * line.quantity,
        "shipping_cost": shipping_cost,
        "status": "on-hold",
        "metadata": metadata | ({"external_id": line.external_id} if line.external_id else {}),
    }


def _order(sent: dict[str, Any], address: dict[str, str], lines: list[dict[str, Any]]) -> Order:
    """As it is right after creation: without the keys of an order that has been made and sent."""
    external_id = str(sent["external_id"])
    return {
        "id": refusals.new_id(),
        "app_order_id": f"{settings.PRINTIFY_SHOP_ID}.{store.counter('printify.app_order')}",
        "address_to": {"company": None, **address, "country": order_validation.country_name(address["country"])},
        "line_items": lines,
        "metadata": {
            "order_type": "api",
            "shop_order_id": external_id,
            "shop_order_label": str(sent.get("label") or external_id),
            "shop_fulfilled_at": NEVER,
            "is_reprint": False,
            "reprinted_order_ids": [],
            "child_reprinted_order_ids": [],
        },
        **totals(lines),
        "status": "pending",
        "shipping_method": sent["shipping_method"],
        "is_printify_express": sent["shipping_method"] == 3,  # noqa: PLR2004 - Printify's code
        "is_economy_shipping": sent["shipping_method"] == 4,  # noqa: PLR2004 - Printify's code
        "fulfilment_type": "ordinary",
        "created_at": clock.stamp(),
    }


def totals(lines: list[dict[str, Any]]) -> dict[str, int]:
    """`total_price` is what Printify charges before shipping, not what the customer paid."""
    live = [line for line in lines if line["status"] != "canceled"]
    return {
        "total_price": sum(line["cost"] for line in live),
        "total_shipping": sum(line["shipping_cost"] for line in live),
        "total_tax": 0,
    }
