"""What the integrations did and heard, for staff: records to read, with a way to try again and a way to close."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString

from ilytat.integrations import bell, inbox
from ilytat.integrations.folded import folded
from ilytat.integrations.models import Alert, ApiUsage, HealthResult, InboundEvent, SyncLog
from ilytat.integrations.readonly import ReadOnlyAdmin


class VerdictFilter(admin.SimpleListFilter):
    """By the first word of the verdict: what became of the event."""

    title = "verdict"
    parameter_name = "became"
    WORDS = ("handled", "duplicate", "late", "ignored", "attention", "failed")

    def lookups(self, _request: HttpRequest, _admin: object) -> list[tuple[str, str]]:
        return [(word, word) for word in self.WORDS]

    def queryset(self, _request: HttpRequest, rows: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
        word = self.value() or ""
        return rows.filter(verdict__startswith=word) if word in self.WORDS else rows


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin[InboundEvent]):
    """Each verified webhook as it came, and what was made of it."""

    list_display = ("received_at", "source", "type", "state", "verdict", "attempts", "handled_at")
    list_filter = ("source", "state", VerdictFilter, "type", "received_at")
    search_fields = ("event_id", "type", "verdict")
    date_hierarchy = "received_at"
    actions = ("replay",)
    fields = (
        ("source", "type", "event_id"),
        ("received_at", "handled_at"),
        ("state", "verdict"),
        ("attempts", "next_at"),
        "last_error",
        "body",
    )
    readonly_fields = ("body",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundEvent]:
        return super().get_queryset(request).defer("payload")

    @admin.display(description="payload")
    def body(self, event: InboundEvent) -> SafeString:
        return folded(event.payload)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_inboundevent")

    @admin.action(description="Work on it again", permissions=["replay"])
    def replay(self, request: HttpRequest, events: QuerySet[InboundEvent]) -> None:
        """Harmless by design: handlers read how things stand now. What nobody listens to stays where it is."""
        heard = events.filter(type__in=[*inbox.types("stripe"), *inbox.types("printify"), *inbox.types("sendgrid")])
        free = heard.filter(lease_until__isnull=True) | heard.filter(lease_until__lt=timezone.now())
        count = free.update(state="new", next_at=timezone.now(), attempts=0, lease_until=None, verdict="")
        bell.ring(inbox.QUEUE, inbox.LANE)
        skipped = events.count() - count
        tail = f" {skipped} left: being worked on, or of a kind nobody listens to." if skipped > 0 else ""
        self.message_user(request, f"{count} queued.{tail}", messages.SUCCESS if count else messages.WARNING)


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
