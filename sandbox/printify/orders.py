"""The order desk's API."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

from sandbox import store
from sandbox.printify import auth, events, order_store, order_validation, paginator, progress, rates, refusals

PAGE_MOST = 10


@auth.route("orders.create")
def create(request: HttpRequest) -> Any:
    with store.change():
        record = order_store.submit(auth.body(request))
        events.emit("order:created", "order", record["id"], events.shop())
    return {"id": record["id"]}


def _settled(order_id: str) -> store.Document:
    with store.change():
        record = order_store.find(order_id)
        progress.settle(record)
    return record


def settle_all() -> list[store.Document]:
    """Newest first: the order of the list is not documented."""
    restless = {"pending", "on-hold"}
    records = order_store.every()
    return [_settled(each["id"]) if each["order"]["status"] in restless else each for each in records]


@auth.route("orders.list")
def listing(request: HttpRequest) -> Any:
    """Ten at most, filtered by status and sku only; nothing finds an order by its external id."""
    status, sku = request.GET.get("status"), request.GET.get("sku")
    orders = [record["order"] for record in settle_all()]
    kept = [order for order in orders if _matches(order, status, sku)]
    page = paginator.page(request, kept, default=PAGE_MOST, most=PAGE_MOST)
    return {**page, "data": [{**order, "external_id": None} for order in page["data"]]}


def _matches(order: order_store.Order, status: str | None, sku: str | None) -> bool:
    skus = {line["metadata"]["sku"] for line in order["line_items"]}
    return (not status or order["status"] == status) and (not sku or sku in skus)


@auth.route("orders.get")
def detail(_request: HttpRequest, order_id: str) -> Any:
    return _settled(order_id)["order"]


def _attempt(order_id: str, verb: Callable[[store.Document], None]) -> store.Document:
    """A refusal is raised outside the transaction: the call counts, and time goes on for the order."""
    refused = None
    with store.change():
        record = order_store.find(order_id)
        try:
            verb(record)
        except refusals.Refused as error:
            refused = error
            progress.settle(record)
    if refused is not None:
        raise refused
    return record


@auth.route("orders.send_to_production")
def send_to_production(_request: HttpRequest, order_id: str) -> Any:
    return {"id": _attempt(order_id, progress.send)["id"]}


@auth.route("orders.cancel")
def cancel(_request: HttpRequest, order_id: str) -> Any:
    """The whole order comes back, with nothing left to pay."""
    return _attempt(order_id, progress.cancel)["order"]


@auth.route("orders.shipping")
def shipping(request: HttpRequest) -> Any:
    """A flat object of costs; of the address only the country is read."""
    sent = auth.body(request)
    address = sent.get("address_to")
    country = address.get("country") if isinstance(address, dict) else None
    if not order_validation.is_country(country):
        raise refusals.field("address_to.country", "must be a two-letter country code")
    costs = rates.quote(order_validation.lines(sent.get("line_items")), country)
    if not costs:
        # Not documented; what other clients of the API expect.
        raise refusals.failure(refusals.BODY, f"Shipping to {country} is not available for these items.")
    return costs
