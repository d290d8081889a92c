"""Orders for staff: what happened is read-only; each action calls the function that the tasks call."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from ilytat.integrations.readonly import ReadOnlyAdmin, ReadOnlyInline
from orders import lifecycle
from orders.claim_admin import ClaimAdmin
from orders.models import Fulfilment, Shipment, StockWatch
from orders.order_admin import OrderAdmin

__all__ = ["ClaimAdmin", "FulfilmentAdmin", "OrderAdmin", "StockWatchAdmin"]


class ShipmentInline(ReadOnlyInline[Shipment, Fulfilment]):
    model = Shipment
    fields = ("carrier", "number", "url", "shipped_at", "delivered_at")


@admin.register(Fulfilment)
class FulfilmentAdmin(ReadOnlyAdmin[Fulfilment]):
    list_display = (
        "external_id",
        "state",
        "hold",
        "upstream_status",
        "printify_order_id",
        "next_at",
        "attempts",
        "last_error",
    )
    list_filter = ("state", "hold", "upstream_status")
    search_fields = ("external_id", "printify_order_id", "order__email")
    list_select_related = ("order",)
    inlines = (ShipmentInline,)
    actions = ("retry", "hold", "release")

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Actions are offered to those who may change; the form itself stays read-only."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)  # type: ignore[arg-type]  # the inherited hook knows no row type

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:  # noqa: ARG002 (Django's signature)
        return [field.name for field in Fulfilment._meta.fields]  # noqa: SLF001 (Django's public way to a model's fields)

    @admin.action(description="Retry now", permissions=["change"])
    def retry(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        _report(request, "queued", [lifecycle.retry(row, who=_who(request)) for row in rows])

    @admin.action(description="Hold before production", permissions=["change"])
    def hold(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        _report(request, "held", [lifecycle.hold(row, who=_who(request), why="held by staff") for row in rows])

    @admin.action(description="Release the hold", permissions=["change"])
    def release(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        _report(request, "released", [lifecycle.release(row, who=_who(request)) for row in rows])


@admin.register(StockWatch)
class StockWatchAdmin(ReadOnlyAdmin[StockWatch]):
    """What is wanted and sold out; who asked has said yes by mail, or has not yet."""

    list_display = ("variant", "email", "state", "language", "asked_at", "told_at")
    list_filter = ("state", "variant__product")
    list_select_related = ("variant__product",)
    search_fields = ("email", "variant__product__upstream_title", "variant__title")
    date_hierarchy = "asked_at"


def _who(request: HttpRequest) -> str:
    return str(request.user)


def _report(request: HttpRequest, done: str, results: list[bool]) -> None:
    good = sum(results)
    messages.info(request, f"{good} {done}, {len(results) - good} left as they were (see each timeline).")
