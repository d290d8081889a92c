"""What the integrations did and heard, for staff: records to read, with a way to try again and a way to close."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from ilytat.integrations.inbox_admin import InboundEventAdmin
from ilytat.integrations.models import Alert, ApiUsage, HealthResult, SyncLog
from ilytat.integrations.readonly import ReadOnlyAdmin

__all__ = ["AlertAdmin", "ApiUsageAdmin", "HealthResultAdmin", "InboundEventAdmin", "SyncLogAdmin"]


@admin.register(SyncLog)
class SyncLogAdmin(ReadOnlyAdmin[SyncLog]):
    list_display = ("at", "integration", "action", "reference", "outcome", "detail")
    list_filter = ("integration", "outcome", "action", "at")
    search_fields = ("reference", "detail")
    date_hierarchy = "at"


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin[Alert]):
    """Open ones first. Most close by themselves when their cause is gone."""

    list_display = ("message", "next_step", "count", "first_at", "last_at", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "first_at")
    search_fields = ("message", "key")
    actions = ("close",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return super().get_queryset(request).order_by("-closed_at", "-last_at")

    def has_close_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_alert")

    @admin.action(description="Close: it is dealt with", permissions=["close"])
    def close(self, request: HttpRequest, alerts: QuerySet[Alert]) -> None:
        count = alerts.filter(closed_at__isnull=True).update(closed_at=timezone.now())
        for alert in alerts:
            self.log_change(request, alert, "Closed by hand.")
        self.message_user(request, f"{count} closed.", messages.SUCCESS if count else messages.WARNING)


@admin.register(HealthResult)
class HealthResultAdmin(ReadOnlyAdmin[HealthResult]):
    list_display = ("name", "state", "detail", "checked_at", "ok_at")
    list_filter = ("state",)
    ordering = ("name",)


@admin.register(ApiUsage)
class ApiUsageAdmin(ReadOnlyAdmin[ApiUsage]):
    list_display = ("hour", "integration", "calls", "errors", "share")
    list_filter = ("integration", "hour")
    ordering = ("-hour", "integration")

    @admin.display(description="errors, %")
    def share(self, row: ApiUsage) -> float:
        return round(100 * row.errors / row.calls, 1) if row.calls else 0.0
