"""Synchronisation for staff: the control panel's addresses, every run, every change, and what Printify last said."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from catalog.images import change_previews
from catalog.models import PrintifyCache, Product, SyncChange, SyncRun
from catalog.models.curation import FieldChange
from catalog.staff import diffs, panel, status
from catalog.staff.problems import Cause, cause
from catalog.sync import decisions, runs
from catalog.sync.runs import OPEN
from ilytat.integrations.admin import ReadOnlyAdmin, collapsed


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin[SyncRun]):
    """The history. A run's own page tells it product by product."""

    change_list_template = "admin/catalog/history.html"

    list_display = ("started_at", "trigger", "requested_by", "state", "dry_run", "result", "took")
    list_filter = ("state", "trigger", "dry_run", "started_at")
    list_select_related = ("asked_by",)
    date_hierarchy = "started_at"

    @admin.display(description="asked by", ordering="asked_by__email")
    def requested_by(self, run: SyncRun) -> str:
        return run.asked_by.email if run.asked_by else ""

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:run_id>/live/", wrap(self.live), name="catalog_run_live"),
            path("one/<str:printify_id>/", wrap(require_POST(self.one)), name="catalog_sync_one"),
        ]
        return [*panel.urls(wrap), *own, *super().get_urls()]

    def change_view(self, request: HttpRequest, object_id: str, *_args: Any, **_named: Any) -> HttpResponse:
        run = self.get_object(request, object_id)
        if run is None:
            return redirect("admin:catalog_syncrun_changelist")
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        found = page(run, request.GET.get("outcome", ""), request.GET.get("p", "1"))
        extra = found | head(run) | {"may": self.has_sync_permission(request)}
        return TemplateResponse(request, "admin/catalog/run.html", self.admin_site.each_context(request) | extra)

    def live(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """The part of a run's page that moves, for the script."""
        run = get_object_or_404(SyncRun, pk=run_id)
        if not self.has_view_permission(request, run):
            raise PermissionDenied
        runs.open_run()  # one that died or was never heard of is closed by whoever looks
        extra = head(get_object_or_404(SyncRun, pk=run_id)) | {"may": self.has_sync_permission(request)}
        answer = TemplateResponse(request, "admin/catalog/_run_live.html", extra)
        answer["Cache-Control"] = "no-store"
        return answer

    def one(self, request: HttpRequest, printify_id: str) -> HttpResponse:
        """Sync now: this product alone."""
        if not self.has_sync_permission(request):
            raise PermissionDenied
        return panel.ask(request, f"Sync {printify_id}", lambda: runs.ask(request.user, only=[printify_id]))

    def has_sync_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(panel.PERMISSION)

    @admin.display(description=gettext_lazy("result"))
    def result(self, run: SyncRun) -> str:
        return runs.summary(run)

    @admin.display(description=gettext_lazy("seconds"))
    def took(self, run: SyncRun) -> int:
        return run.took


@admin.register(FieldChange)
class FieldChangeAdmin(ReadOnlyAdmin[FieldChange]):
    """Every change of every product, with what became of it."""

    list_display = ("at", "product", "field", "state", "policy", "deciding_user", "decided_at")
    list_filter = ("state", "field", "policy", "at")
    list_select_related = ("product", "decided_by")
    search_fields = ("product__upstream_title", "product__title_override", "product__printify_id")
    date_hierarchy = "at"
    actions = ("approve", "decline", "revert")
    DECISIONS = {"approve": decisions.approve, "decline": decisions.decline, "revert": decisions.revert}

    @admin.display(description="decided by", ordering="decided_by__email")
    def deciding_user(self, change: FieldChange) -> str:
        return change.decided_by.email if change.decided_by else ""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.decide))
        return [path("<int:change_id>/<slug:verb>/", view, name="catalog_decide"), *super().get_urls()]

    def decide(self, request: HttpRequest, change_id: int, verb: str) -> HttpResponse:
        """One button beside one change; back to where it was pressed."""
        if not self.has_decide_permission(request) or verb not in self.DECISIONS:
            raise PermissionDenied
        change = get_object_or_404(FieldChange, pk=change_id)
        done = self.DECISIONS[verb](change_id, request.user)
        if done:
            self.log_change(request, change, f"{verb}: {change.field}")
            values = {
                "approve": _("Taken over."),
                "decline": _("Ours stays."),
                "revert": _("Taken back: it is ours now."),
            }
            self.message_user(request, values[verb], messages.SUCCESS)
        else:
            self.message_user(request, _why_not(verb, change), messages.INFO)
        back = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
        return redirect(back if safe else "admin:catalog_panel")

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("catalog.change_fieldchange")

    @admin.action(description=gettext_lazy("Approve: take over"), permissions=["decide"])
    def approve(self, request: HttpRequest, rows: QuerySet[FieldChange]) -> None:
        self._decide_all(request, rows, "approve")

    @admin.action(description=gettext_lazy("Decline: keep ours"), permissions=["decide"])
    def decline(self, request: HttpRequest, rows: QuerySet[FieldChange]) -> None:
        self._decide_all(request, rows, "decline")

    @admin.action(description=gettext_lazy("Revert: back to what was shown before"), permissions=["decide"])
    def revert(self, request: HttpRequest, rows: QuerySet[FieldChange]) -> None:
        self._decide_all(request, rows, "revert")

    def _decide_all(self, request: HttpRequest, rows: QuerySet[FieldChange], verb: str) -> None:
        done = 0
        for row in rows.select_related("product"):
            if self.DECISIONS[verb](row.pk, request.user):
                done += 1
                self.log_change(request, row, f"{verb}: {row.field}")
        message = _("%(done)s decided, %(left)s were so already or cannot be.")
        self.message_user(request, message % {"done": done, "left": rows.count() - done})


def _why_not(verb: str, change: FieldChange) -> str:
    return (decisions.why_final(change) if verb == "revert" else "") or _("It was decided already.")


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
    fields = (("type", "external_id"), ("fetched_at", "expires_at"), ("error_code", "error"), "hash", "said")
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
        return collapsed(get_object_or_404(PrintifyCache, pk=row.pk).data)


PAGE = 25
PATIENCE = timedelta(minutes=2)  # in which pictures come, or do not
TONES = {"success": "good", "running": "busy", "queued": "busy", "partial": "warn", "failed": "bad"}


@dataclass(frozen=True)
class Outcome:
    """What became of one product; `title` is for those the shop does not have (yet)."""

    row: SyncChange
    title: str
    cause: Cause | None
    diffs: list[diffs.Diff]


def head(run: SyncRun) -> dict[str, Any]:
    """What moves while the run does."""
    return {
        "run": run,
        "tone": TONES.get(run.state, "quiet"),
        "progress": status.progress(run) if run.state in OPEN else None,
        "pictures_due": bool(run.ended_at and timezone.now() - run.ended_at < PATIENCE and _due(run)),
    }


def _due(run: SyncRun) -> bool:
    """Pictures that a worker is about to fetch for this page."""
    return change_previews.due(run.field_changes.filter(field="images", state__in=FieldChange.UNDECIDED))


def page(run: SyncRun, chosen: str, number: str) -> dict[str, Any]:
    """`outcomes` of the page, `counts` [(outcome, how many)], `chosen`, `pages`."""
    counts = list(run.changes.order_by("outcome").values_list("outcome").annotate(n=Count("pk")))
    chosen = chosen if chosen in {name for name, _n in counts} else ""
    rows = run.changes.select_related("product").order_by("pk")
    pages = Paginator(rows.filter(outcome=chosen) if chosen else rows, PAGE).get_page(number)
    return {
        "title": _("Run of %(when)s") % {"when": f"{timezone.localtime(run.started_at):%Y-%m-%d %H:%M}"},
        "counts": counts,
        "chosen": chosen,
        "pages": pages,
        "outcomes": _outcomes(run, list(pages.object_list)),
        "asks_missing": not run.dry_run and any(name == "missing" for name, _n in counts),
    }


def _outcomes(run: SyncRun, rows: Iterable[SyncChange]) -> list[Outcome]:
    rows = list(rows)
    products = [row.product_id for row in rows if row.product_id]
    found = run.field_changes.filter(product__in=products).select_related("product").order_by("pk")
    of: dict[int, list[diffs.Diff]] = defaultdict(list)
    for diff in diffs.diffs(found):
        of[diff.change.product_id].append(diff)
    return [Outcome(row, _title(row), cause(row.error_code), of[row.product_id or 0]) for row in rows]


def _title(row: SyncChange) -> str:
    new = row.fields.get("upstream_title") or [None, ""]
    return str(new[1] or row.printify_id or _("without a number"))
