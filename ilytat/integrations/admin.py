"""What the integrations did and heard, for staff: records to read, with a way to try again and a way to close."""

import json
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from ilytat.integrations import inbox, jobs
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.models import Alert, ApiUsage, HealthResult, InboundEvent, SyncLog

__all__ = ["AlertAdmin", "ApiUsageAdmin", "HealthResultAdmin", "InboundEventAdmin", "SyncLogAdmin"]


LISTED_MAX = 100  # characters
Row = TypeVar("Row", bound=Model)
Parent = TypeVar("Parent", bound=Model)


def listed(text: str) -> str:
    """Shorten a text for a list: the page of its row shows all of it."""
    return Truncator(text).chars(LISTED_MAX)


class ReadOnlyAdmin(admin.ModelAdmin[Row]):
    """Nobody adds, changes or deletes here; subclasses may still offer actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 (Django's signature)
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:  # noqa: ARG002 (as above)
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:  # noqa: ARG002 (as above)
        return False


class ReadOnlyInline(admin.TabularInline[Row, Parent]):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Parent | None = None) -> bool:  # noqa: ARG002 (as above)
        return False

    def has_change_permission(self, request: HttpRequest, obj: Parent | None = None) -> bool:  # noqa: ARG002 (as above)
        return False


@admin.register(SyncLog)
class SyncLogAdmin(ReadOnlyAdmin[SyncLog]):
    list_display = ("at", "integration", "action", "reference", "outcome", "short_detail")
    list_filter = ("integration", "outcome", "action", "at")
    search_fields = ("reference", "detail")
    date_hierarchy = "at"

    @admin.display(description="detail", ordering="detail")
    def short_detail(self, row: SyncLog) -> str:
        return listed(row.detail)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin[Alert]):
    """Open ones first. Most close by themselves when their cause is gone."""

    list_display = ("short_message", "short_next_step", "count", "last_at", "closed_at")
    list_filter = (("closed_at", admin.EmptyFieldListFilter), "first_at")
    search_fields = ("message", "key")
    actions = ("close",)

    @admin.display(description="message", ordering="message")
    def short_message(self, alert: Alert) -> str:
        return listed(alert.message)

    @admin.display(description="next step", ordering="next_step")
    def short_next_step(self, alert: Alert) -> str:
        return listed(alert.next_step)

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


SHOWN_MAX = 400_000


def collapsed(data: Any) -> SafeString:
    written = json.dumps(data, indent=1, ensure_ascii=False, sort_keys=True)
    size = f"{max(len(written) // 1000, 1)} kB"
    return format_html("<details><summary>Show ({})</summary><pre>{}</pre></details>", size, written[:SHOWN_MAX])


STATES = {
    "new": (
        gettext_lazy("It waits for its turn."),
        gettext_lazy("The worker takes it up by itself; what is not known yet is looked for again, each time later."),
    ),
    "done": (
        gettext_lazy("It was worked on."),
        gettext_lazy("Nothing is left to do. Working on it again is harmless: how things stand is read anew."),
    ),
    "ignored": (
        gettext_lazy("It was kept and left alone."),
        gettext_lazy("Nothing is left to do: the shop does not act on it, or somebody decided so."),
    ),
    ATTENTION: (
        gettext_lazy("It needs you."),
        gettext_lazy("Read the reason below, mend it (an order entered, a key renewed), then work on it again."),
    ),
}


def _beside(event: InboundEvent) -> dict[str, Any]:
    now, step = STATES.get(event.state, (event.state, ""))
    return {"now": now, "step": step, "about": _about(event)}


def _about(event: InboundEvent) -> tuple[str, str] | None:
    """Where staff find what it speaks of: an address in the admin and its words. The lists find by number and id."""
    subject = event.subject
    if event.source == "stripe":
        found, where = subject.get("client_reference_id"), "admin:orders_order_changelist"
    else:
        found = subject.get("id") if subject.get("type") == "order" else None
        where = "admin:orders_fulfilment_changelist"
    return (f"{reverse(where)}?{urlencode({'q': found})}", _("What it is about")) if found else None


@admin.register(InboundEvent)
class InboundEventAdmin(ReadOnlyAdmin[InboundEvent]):
    """Each verified webhook as it came, and what was made of it."""

    list_display = ("received_at", "source", "type", "state", "outcome", "short_detail")
    list_filter = ("source", "state", "outcome", "type", "received_at")
    search_fields = ("event_id", "type", "detail")
    date_hierarchy = "received_at"
    actions = ("replay",)
    fields = (
        ("source", "type", "event_id"),
        ("received_at", "handled_at"),
        ("state", "outcome"),
        "detail",
        ("attempts", "next_at"),
        "last_error",
        "body",
    )
    readonly_fields = ("body",)

    change_form_template = "admin/integrations/inboundevent/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.replay_one))
        return [path("<int:pk>/replay/", view, name="integrations_inboundevent_replay"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Beside Django's: `now`, `step`, `about` (what it is about: address, words) and `may_replay`."""
        event = self.get_object(request, object_id)
        more = _beside(event) | {"may_replay": self._may_replay(request, event)} if event else {}
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def replay_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_replay_permission(request):
            raise PermissionDenied
        event = get_object_or_404(InboundEvent, pk=pk)
        self.replay(request, InboundEvent.objects.filter(pk=event.pk))
        return redirect("admin:integrations_inboundevent_change", pk)

    def _may_replay(self, request: HttpRequest, event: InboundEvent) -> bool:
        """Not what was emptied (an erasure, its age): nothing says any more what it was about."""
        return self.has_replay_permission(request) and bool(event.payload) and event.type in inbox.types(event.source)

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundEvent]:
        return super().get_queryset(request).defer("payload")

    @admin.display(description="detail", ordering="detail")
    def short_detail(self, event: InboundEvent) -> str:
        return listed(event.detail)

    @admin.display(description="payload")
    def body(self, event: InboundEvent) -> SafeString:
        return collapsed(event.payload)

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("integrations.change_inboundevent")

    @admin.action(description="Work on it again", permissions=["replay"])
    def replay(self, request: HttpRequest, events: QuerySet[InboundEvent]) -> None:
        """Harmless by design: handlers read how things stand now. What nobody listens to stays where it is."""
        heard = events.exclude(payload={}).filter(
            type__in=[*inbox.types("stripe"), *inbox.types("printify"), *inbox.types("sendgrid")]
        )
        count = InboundEvent.requeue(heard, outcome="", detail="")
        jobs.wake(inbox.QUEUE, inbox.LANE)
        skipped = events.count() - count
        tail = f" {skipped} left: being worked on, emptied, or of a kind nobody listens to." if skipped > 0 else ""
        self.message_user(request, f"{count} queued.{tail}", messages.SUCCESS if count else messages.WARNING)
