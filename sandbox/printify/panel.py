"""Orders on the control page: what the merchant, the print provider and the carrier do, one button each."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_POST

from sandbox import control, store
from sandbox.printify import catalog, limits, order_store, product_pages, product_store, progress, publishing, refusals

SHOWN = 25
LABELS = {
    "produce": "Send to production",
    "ship": "Ship a parcel",
    "deliver": "Deliver",
    "hold": "Put back on hold",
    "cancel": "Cancel",
    "issues": "Report an issue",
    "unpaid": "Refuse the merchant's card",
    "cancel-line": "Cancel one line",
    "number": "Add the missing parcel",
    "replace": "Replace the newest parcel",
}
NEXT = {
    "pending": "produce",
    "on-hold": "produce",
    "payment-not-received": "produce",
    "has-issues": "hold",
    "in-production": "ship",
    "partially-fulfilled": "ship",
}
OPEN = ("hold", "issues", "cancel")
BESIDES = {
    "pending": ("issues", "unpaid", "cancel"),
    "on-hold": ("issues", "unpaid", "cancel"),
    "payment-not-received": OPEN,
    "has-issues": ("cancel",),
    "in-production": ("cancel-line", *OPEN),
    "partially-fulfilled": ("cancel-line", "deliver", "number", "replace"),
    "fulfilled": ("number", "replace"),
}


def _next(record: store.Document) -> str:
    order = record["order"]
    if order["status"] == "partially-fulfilled" and not progress.waiting(order):
        return "number"
    return NEXT.get(order["status"]) or ("deliver" if _underway(order) else "")


def _is_possible(record: store.Document, step: str) -> bool:
    order = record["order"]
    needs: dict[str, Any] = {
        "deliver": _underway(order),
        "replace": _underway(order),
        "number": record.get("unnumbered"),
        "cancel-line": len(order["line_items"]) > 1 and progress.waiting(order),
    }
    return bool(needs.get(step, True))


def _underway(order: order_store.Order) -> list[dict[str, Any]]:
    return [parcel for parcel in order.get("shipments", []) if parcel["delivered_at"] is None]


def _row(record: store.Document) -> dict[str, Any]:
    order = record["order"]
    step = _next(record)
    delivered = bool(order.get("shipments")) and order["status"] == "fulfilled" and not _underway(order)
    return {
        **record,
        "step": step,
        "label": "Issue solved" if order["status"] == "has-issues" else LABELS.get(step, ""),
        "besides": [
            (name, LABELS[name])
            for name in BESIDES.get(order["status"], ())
            if name != step and _is_possible(record, name)
        ],
        "shown": "delivered" if delivered else order["status"],
        "divisible": step == "ship" and len(progress.waiting(order)) > 1,
    }


def _context() -> dict[str, Any]:
    records = order_store.every()
    return {"printify_orders": [_row(record) for record in records[:SHOWN]], "printify_count": len(records)}


def _state() -> dict[str, Any]:
    orders = [
        {
            **record["order"],
            "shop_order_id": record["external_id"],
            "productions": record["productions"],
            "send_calls": record["send_calls"],
        }
        for record in order_store.every()
    ]
    return {
        "orders": orders,
        "webhooks": store.listing("printify.webhook"),
        "publishing_errors": store.listing(publishing.ERROR),
    }


def _reset() -> None:
    limits.forget()
    product_store.seed()


SECTION = control.Section(template="sandbox/_printify_orders.html", context=_context, state=_state, reset=_reset)


def _found(order_id: str) -> store.Document:
    """By Printify's id or by the shop's own."""
    taken = store.read(order_store.TAKEN, order_id)
    return order_store.find(taken["id"] if taken else order_id)


def _take(record: store.Document, step: str, sent: dict[str, Any]) -> None:
    if step == "status":
        progress.move(record, str(sent["status"]))  # any word, also one that Printify never said
    elif step == "ship":
        progress.ship(record, most=int(sent.get("lines") or 0) or None, way=str(sent.get("way") or ""))
    else:
        progress.STEPS[step](record)


@require_POST
def order_step(request: HttpRequest, order_id: str, step: str) -> HttpResponse:
    """A step of `progress.STEPS`, or "status" with {"status"}; "ship" takes {"lines": at most} and {"way"}."""
    try:
        with store.change():
            record = _found(order_id)
            _take(record, step, control.sent(request))
    except refusals.Refused as refused:
        return refused.answer() if not control.wants_page(request) else control.answer(request, {})
    except (KeyError, ValueError) as error:
        return refusals.Refused(400, {"error": f"no such step: {error}"}).answer()
    return control.answer(request, {**record["order"], "productions": record["productions"]}, anchor="#orders")


@require_POST
def connection(request: HttpRequest, verb: str) -> HttpResponse:
    if verb == "disconnect":
        catalog.disconnect()
    else:
        catalog.reconnect()
    return control.answer(request, catalog.shop())


urlpatterns = [
    path("control/printify/orders/<str:order_id>/<slug:step>", order_step),
    path("control/printify/shop/<slug:verb>", connection),
    *product_pages.urlpatterns,
]
