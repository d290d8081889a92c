"""A carrier's page for one parcel, or for all parcels of an order."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from sandbox.printify import order_store


def _found(number: str) -> tuple[order_store.Order, list[dict[str, Any]]]:
    for record in order_store.every():
        order = record["order"]
        if order.get("printify_connect", {}).get("id") == number:
            return order, order["shipments"]
        parcels = [parcel for parcel in order.get("shipments", []) if parcel["number"] == number]
        if parcels:
            return order, parcels
    raise Http404


@require_safe
def page(request: HttpRequest, number: str) -> HttpResponse:
    order, parcels = _found(number)
    return render(request, "sandbox/track.html", {"order": order, "parcels": parcels})
