"""The staff's site: Django's admin under the shop's name, signed in to through allauth, and its dashboard."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.http import require_POST

from catalog import attention as catalog_attention
from ilytat import admin_sections, setup_page
from ilytat.accounts import attention as accounts_attention
from ilytat.health import SETUP_CHECKS
from ilytat.integrations import alerts, attention, dashboard, readiness, system_status
from ilytat.integrations.attention import Item
from ilytat.integrations.dashboard import TileSource
from ilytat.integrations.heartbeats import Problem
from ilytat.integrations.jobs import Lag
from ilytat.integrations.system_status import SystemStatus
from notifications import attention as notifications_attention
from orders import attention as orders_attention
from payments import attention as payments_attention
from payments import customers

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
ROW_ID = re.compile(r"[0-9]{1,18}")  # of every table with a list in the admin

# In the order in which they stand on the dashboard.
TILES = (
    TileSource("payments.view_payment", payments_attention.money_today),
    TileSource("orders.view_order", orders_attention.under_way),
    TileSource("notifications.view_outgoingemail", notifications_attention.email_tile),
    TileSource("catalog.view_syncrun", catalog_attention.catalogue),
    TileSource("integrations.view_healthresult", dashboard.processes),
    TileSource("integrations.view_healthresult", dashboard.providers),
)
ATTENTION_SOURCES = {
    source.name: source
    for source in (
        orders_attention.FULFILLMENTS,
        orders_attention.HOLDS,
        orders_attention.ORDERS,
        orders_attention.CLAIMS,
        payments_attention.REFUNDS,
        payments_attention.DISPUTES,
        payments_attention.DIFFERENCES,
        customers.STRIPE_CUSTOMERS,
        notifications_attention.EMAILS,
        catalog_attention.CHANGES,
        accounts_attention.ERASURES,
        alerts.EVENTS,
        alerts.INCIDENTS,
    )
}


@dataclass(frozen=True)
class Verdict:
    """`tone` is good, busy or bad; `step` says what to do about it, where neither button nor command can."""

    tone: str
    word: str
    sentence: str
    step: str = ""
    problems: list[Problem] = field(default_factory=list)


def dashboard_context(request: HttpRequest) -> dict[str, Any]:
    """`verdict`, `tiles`, `attention` (Items), `setup_is_complete`: as many queries for a hundred rows as for one."""
    items = attention.items(request, ATTENTION_SOURCES.values())
    return {
        "verdict": verdict(items, system_status.current()),
        "tiles": dashboard.tiles(request, TILES),
        "attention": items,
        "setup_is_complete": readiness.is_complete(SETUP_CHECKS),
    }


def verdict(items: list[Item], status: SystemStatus) -> Verdict:
    """Only a shop without any problem is said to run."""
    if status.problems:
        return _trouble(items, status.problems)
    if status.is_starting:
        sentence = "No worker and no beat has been seen yet." + (f" {_things(items)}." if items else "")
        step = "After a first start that takes a minute. Then check that both are running."
        return Verdict("busy", "Starting", sentence, step)
    if items:
        return _needs_person(items, status.lags)
    return Verdict("good", "All is well", f"Nothing needs a person, and {_longest_wait(status.lags)}.")


def _trouble(items: list[Item], problems: list[Problem]) -> Verdict:
    count = f"{len(problems)} parts of the shop are not working." if len(problems) > 1 else ""
    waiting = f"{_things(items)}, listed below." if items else ""
    step = "Nothing is lost meanwhile: paid orders wait in the database and continue by themselves."
    return Verdict("bad", "Trouble", f"{count} {waiting}".strip(), step, problems)


def _needs_person(items: list[Item], lags: list[Lag]) -> Verdict:
    oldest = timesince(items[0].row.since, timezone.now(), depth=1)
    since = f"for {oldest} now" if len(items) == 1 else f"the oldest for {oldest}"
    return Verdict("busy", "Needs you", f"{_things(items)}, {since}. Everything else runs, and {_longest_wait(lags)}.")


def _things(items: list[Item]) -> str:
    return "One thing needs a person" if len(items) == 1 else f"{len(items)} things need a person"


def _longest_wait(lags: list[Lag]) -> str:
    seconds = max((lag.seconds for lag in lags), default=0)
    return f"no work has waited longer than {seconds} s" if seconds > 1 else "no work is waiting"


@require_POST
def run_action(request: HttpRequest, source: str, pk: int, action: str) -> HttpResponse:
    """Run one of the actions; its result is shown on the dashboard."""
    try:
        action_source = ATTENTION_SOURCES[source]
        chosen = action_source.actions[action]
    except KeyError:
        raise Http404 from None
    if not attention.may(request, action_source, chosen):
        raise PermissionDenied
    try:
        messages.info(request, chosen.run(pk, request.user.get_username()))
    except ObjectDoesNotExist as gone:
        raise Http404 from gone
    return redirect("admin:index")


class ShopAdminSite(AdminSite):
    site_header = "ILYTAT Designs"
    site_title = "ILYTAT staff"
    index_title = "Control panel"

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not self._lacks_second_factor(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What waits comes first, then Django's list of tables."""
        return super().index(request, dashboard_context(request) | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Sorted into rooms, but for the page of one app."""
        apps = super().get_app_list(request, app_label)
        return apps if app_label else admin_sections.by_section(apps)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        where = request.resolver_match.url_name if request.resolver_match else ""
        return super().each_context(request) | {"hint": admin_sections.hint(where or "")}

    def get_urls(self) -> list[Any]:
        run = self.admin_view(run_action)
        return [
            path("attention/<slug:source>/<int:pk>/<slug:action>/", run, name="attention_act"),
            path("setup/", self.admin_view(setup_page.setup_check), name="setup_check"),
            *super().get_urls(),
        ]

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # noqa: FBT001, FBT002 (Django's signature)
        """Send garbage among the selected rows of a list back to that list. Django would answer 500."""

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if all(ROW_ID.fullmatch(row_id) for row_id in request.POST.getlist(ACTION_CHECKBOX_NAME)):
                return view(request, *args, **kwargs)
            messages.error(request, "The selection could not be read. Nothing was changed. Select the rows again.")
            return redirect(request.get_full_path())

        return super().admin_view(cast("View", checked), cacheable)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Wrapped here and not on the class: the decorator expects the request first."""
        if super().has_permission(request) and self._lacks_second_factor(request):
            messages.warning(request, "Staff sign in in two steps. Please switch it on first, then come back.")
            return redirect("mfa_index")
        page: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return page

    def _lacks_second_factor(self, request: HttpRequest) -> bool:
        return settings.STAFF_TWO_STEP and not is_mfa_enabled(request.user)
