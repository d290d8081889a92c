"""Synchronisation for staff: a status card, one button, every run with its changes, and what Printify last said."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalog import absence, queueing, runs
from catalog.models import PrintifyCache, Product, SyncChange, SyncRun
from catalog.status import status
from ilytat.integrations.folded import folded
from ilytat.integrations.readonly import ReadOnlyAdmin

CHANGES_SHOWN = 200
LIST = "admin:catalog_syncrun_changelist"


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin[SyncRun]):
    list_display = ("started_at", "trigger", "state", "result", "took")
    list_filter = ("state", "trigger", "dry_run", "started_at")
    date_hierarchy = "started_at"
    fields = (
        ("started_at", "ended_at", "trigger", "dry_run"),
        ("state", "note"),
        ("total", "seen", "calls"),
        ("created", "changed", "unchanged", "gone", "failed"),
        "found",
    )
    readonly_fields = ("found",)
    actions = ("confirm_missing", "cancel")
    change_list_template = "admin/catalog/syncrun/change_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        more = {"sync": status(), "may_sync": self.has_sync_permission(request)}
        return super().changelist_view(request, extra_context=more | (extra_context or {}))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.start)
        return [path("start/", view, name="catalog_sync_start"), *super().get_urls()]

    def start(self, request: HttpRequest) -> HttpResponse:
        """Only queues: the page answers at once, whatever Printify does."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_sync_permission(request):
            raise PermissionDenied
        runs.close_dead()
        running = runs.running()
        if running:
            messages.info(request, f"Already running since {running.started_at:%H:%M}: this page shows it.")
        elif queueing.ask(queueing.REFRESH, "staff"):
            messages.success(request, "Queued: a worker begins within seconds. Load this page again to see it.")
        else:
            messages.error(request, "Nothing was queued: the broker cannot be reached.")
        return redirect(LIST)

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.change_syncrun")

    @admin.display(description="result")
    def result(self, run: SyncRun) -> str:
        return runs.summary(run)

    @admin.display(description="seconds")
    def took(self, run: SyncRun) -> int:
        return int(((run.ended_at or timezone.now()) - run.started_at).total_seconds())

    @admin.display(description="changes")
    def found(self, run: SyncRun) -> SafeString:
        rows = run.changes.select_related("product")[:CHANGES_SHOWN]
        lines = ((each.outcome, each.product or each.printify_id, each.error or _fields(each)) for each in rows)
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}: {} {}</li>", lines))

    @admin.action(description="Confirm: the missing products are really gone", permissions=["sync"])
    def confirm_missing(self, request: HttpRequest, rows: QuerySet[SyncRun]) -> None:
        hidden = sum(absence.confirm(run) for run in rows)
        self.message_user(request, f"{hidden} products hidden.", messages.SUCCESS if hidden else messages.WARNING)

    @admin.action(description="Cancel (before its next page)", permissions=["sync"])
    def cancel(self, request: HttpRequest, rows: QuerySet[SyncRun]) -> None:
        count = sum(runs.cancel(run.pk) for run in rows)
        self.message_user(request, f"{count} cancelled.", messages.SUCCESS if count else messages.WARNING)


def _fields(change: SyncChange) -> SafeString:
    """What was, and what is: folded, because a description can be long."""
    lines = ((name, pair[0], pair[1]) for name, pair in change.fields.items())
    items = format_html_join("", "<li>{}: {} → {}</li>", lines)
    summary = f"{len(change.fields)} fields"
    return format_html("<details><summary>{}</summary><ul>{}</ul></details>", summary, items)


class StaleFilter(admin.SimpleListFilter):
    title = "age"
    parameter_name = "age"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        return [("fresh", "fresh"), ("stale", "stale"), ("quarantined", "quarantined")]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[PrintifyCache]) -> QuerySet[PrintifyCache]:
        now = timezone.now()
        chosen = {
            "fresh": queryset.filter(expires_at__gt=now),
            "stale": queryset.filter(expires_at__lte=now),
            "quarantined": queryset.exclude(error=""),
        }
        return chosen.get(self.value() or "", queryset)


@admin.register(PrintifyCache)
class PrintifyCacheAdmin(ReadOnlyAdmin[PrintifyCache]):
    """Costs and print files are in here: for staff, never for a page of the shop."""

    list_display = ("external_id", "type", "title", "fetched_at", "expires_at", "fresh", "error")
    list_filter = ("type", StaleFilter)
    search_fields = ("external_id", "error")
    fields = (("type", "external_id"), ("fetched_at", "expires_at"), "error", "hash", "said")
    readonly_fields = ("said",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PrintifyCache]:
        titles = Product.objects.filter(printify_id=OuterRef("external_id")).values("upstream_title")
        # A payload can be 200 kB: a list of a hundred does without.
        return super().get_queryset(request).defer("data").annotate(of=Subquery(titles[:1]))

    @admin.display(description="product")
    def title(self, row: PrintifyCache) -> str:
        return getattr(row, "of", None) or "-"

    @admin.display(boolean=True, description="fresh")
    def fresh(self, row: PrintifyCache) -> bool:
        return row.expires_at > timezone.now()

    @admin.display(description="what Printify said")
    def said(self, row: PrintifyCache) -> SafeString:
        return folded(get_object_or_404(PrintifyCache, pk=row.pk).data)
