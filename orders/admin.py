"""Orders for staff: what happened is read-only; each action calls the function that the tasks call."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from ilytat.display.money import format_money
from ilytat.integrations.collapsed_json import collapsed
from ilytat.integrations.readonly import ReadOnlyAdmin, ReadOnlyInline
from orders import attention, lifecycle, next_step
from orders.claim_admin import ClaimAdmin
from orders.models import Fulfilment, Hold, HoldReason, Shipment, StockWatch
from orders.order_admin import OrderAdmin
from orders.permissions import RELEASE_HOLD
from orders.states import STOPPABLE

LISTED_MAX = 200  # characters of an error in a list; its page shows all

__all__ = ["ClaimAdmin", "FulfilmentAdmin", "OrderAdmin", "StockWatchAdmin"]


class ShipmentInline(ReadOnlyInline[Shipment, Fulfilment]):
    model = Shipment
    fields = readonly_fields = ("carrier_name", "number", "contents", "url", "shipped_at", "delivered_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shipment]:
        return super().get_queryset(request).prefetch_related("lines__line")

    @admin.display(description="contents")
    def contents(self, shipment: Shipment) -> str:
        return ", ".join(str(packed) for packed in shipment.lines.all()) or "-"


class HoldInline(ReadOnlyInline[Hold, Fulfilment]):
    model = Hold
    fields = readonly_fields = ("reason", "detail", "since", "placed_by", "released_at", "released_by")


class OnHoldFilter(admin.SimpleListFilter):
    title, parameter_name = "on hold", "held"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:  # noqa: ARG002 (Django's signature)
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Fulfilment]) -> QuerySet[Fulfilment]:  # noqa: ARG002 (as above)
        held = Hold.objects.open().filter(fulfillment__state__in=STOPPABLE).values("fulfillment")
        match self.value():
            case "yes":
                return queryset.filter(pk__in=held)
            case "no":
                return queryset.exclude(pk__in=held)
        return queryset


@admin.register(Fulfilment)
class FulfilmentAdmin(ReadOnlyAdmin[Fulfilment]):
    list_display = ("external_id", "state", "held", "upstream_status", "error", "next_at", "attempts")
    list_filter = ("state", OnHoldFilter, "upstream_status")
    search_fields = ("external_id", "printify_order_id", "order__email")
    list_select_related = ("order",)
    inlines = (HoldInline, ShipmentInline)
    actions = ("retry", "hold", "release")
    change_form_template = "admin/orders/fulfilment/change_form.html"
    fields = (
        ("external_id", "printify_order_id", "revision"),
        ("state", "upstream_status", "charged"),
        "release_at",
        ("created_at", "sent_at", "left_at", "ended_at"),
        ("next_at", "attempts", "first_try", "last_try"),
        "last_error",
        "sent",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fulfilment]:
        return super().get_queryset(request).prefetch_related("holds")

    @admin.display(description="on hold")
    def held(self, job: Fulfilment) -> str:
        return ", ".join(hold.get_reason_display() for hold in job.open_holds)

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Actions are offered to those who may change; the form itself stays read-only."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)  # type: ignore[arg-type]  # the inherited hook knows no row type

    def get_readonly_fields(self, request: HttpRequest, obj: object = None) -> list[str]:  # noqa: ARG002 (Django's signature)
        return [*(field.name for field in Fulfilment._meta.fields), "charged", "sent"]  # noqa: SLF001 (Django's public way to a model's fields)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        job = self.get_object(request, object_id)
        more = {"next_step": next_step.sentence(job.order, job)} if job else {}
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    @admin.display(description="last error", ordering="last_error")
    def error(self, job: Fulfilment) -> str:
        return Truncator(job.last_error).chars(LISTED_MAX)

    @admin.display(description="Printify charges us")
    def charged(self, job: Fulfilment) -> str:
        return format_money(job.upstream_cost, job.order.currency) if job.upstream_cost else "-"

    @admin.display(description="what was sent to Printify")
    def sent(self, job: Fulfilment) -> SafeString:
        return collapsed(job.request)

    @admin.action(description="Retry now", permissions=["change"])
    def retry(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        _report(request, "queued", [lifecycle.retry(row, who=_who(request)) for row in rows])

    @admin.action(description="Hold before production", permissions=["change"])
    def hold(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        _report(request, "held", [lifecycle.hold(row, HoldReason.STAFF, who=_who(request)) for row in rows])

    def has_release_permission(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) and request.user.has_perm(RELEASE_HOLD)

    @admin.action(description="Release what staff held", permissions=["release"])
    def release(self, request: HttpRequest, rows: QuerySet[Fulfilment]) -> None:
        """Not the other reasons: each of those is a decision about one order."""
        holds = Hold.objects.open().filter(fulfillment__in=rows, reason=HoldReason.STAFF)
        released = [
            f"{hold.fulfillment.external_id}: {attention.release(hold, who=_who(request))}"
            for hold in holds.select_related("fulfillment__order")
        ]
        messages.info(request, f"{len(rows)} selected. {' '.join(released) or 'None is held by staff.'}")


@admin.register(StockWatch)
class StockWatchAdmin(ReadOnlyAdmin[StockWatch]):
    """What is wanted and sold out; who asked has said yes by mail, or has not yet."""

    list_display = ("variant", "email", "state", "language", "asked_at", "told_at")
    list_filter = ("state", "variant__product")
    list_select_related = ("variant__product",)
    search_fields = ("email", "variant__product__upstream_title", "variant__title")
    date_hierarchy = "asked_at"


def _who(request: HttpRequest) -> str:
    return request.user.get_username()


def _report(request: HttpRequest, done: str, results: list[bool]) -> None:
    good = sum(results)
    messages.info(request, f"{good} {done}, {len(results) - good} left as they were (see each timeline).")
