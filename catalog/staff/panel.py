"""The control panel: one page of the admin that says how the catalogue is, and the few things to do about it.

Each action is a page that says what it will do and a POST that does it once. Only the worker speaks to Printify.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from catalog import categories, freshness, shipping_surcharge
from catalog.models import SyncRun
from catalog.models.curation import FieldChange, Policy
from catalog.staff import diffs, problems
from catalog.staff.status import status
from catalog.sync import changes, decisions, removed, runs
from ilytat.pages.money import major, minor

RUNS_SHOWN, WAITING_SHOWN = 8, 6


def panel(request: HttpRequest) -> HttpResponse:
    """`s`: Status; `held`: in quarantine; `waiting`: Diffs; `runs`; `policies`; `unmapped`; `may`: whether to act."""
    if not request.user.has_perm("catalog.view_syncrun"):
        raise PermissionDenied
    waiting = FieldChange.objects.filter(state="waiting").select_related("product")
    chosen = changes.policies()
    surcharge = shipping_surcharge.current()
    extra = {
        "title": _("Catalogue"),
        "waiting": diffs.diffs(waiting[:WAITING_SHOWN]),
        "held": problems.held(),
        "failing_pictures": problems.failing_pictures(),
        "runs": SyncRun.objects.select_related("asked_by")[:RUNS_SHOWN],
        "policies": [(field, chosen[field.name]) for field in changes.HOLDABLE],
        "choices": Policy.choices,
        "unmapped": categories.unmapped().count(),
        "may_set": request.user.has_perm("catalog.change_fieldpolicy"),
        "may_limit": request.user.has_perm("catalog.change_stalelimit"),
        "hours_max": freshness.HOURS_MAX,
        "surcharge": surcharge,
        "surcharge_fixed": major(surcharge.fixed, settings.SHOP_CURRENCY),
        "currency": settings.SHOP_CURRENCY,
        "may_surcharge": request.user.has_perm("catalog.change_shippingsurcharge"),
        "percent_max": shipping_surcharge.PERCENT_MAX,
        "fixed_max": shipping_surcharge.FIXED_MAX,
    }
    return TemplateResponse(request, "admin/catalog/panel.html", _context(request) | extra)


def live(request: HttpRequest) -> HttpResponse:
    """The part of the panel that moves, for the script."""
    if not request.user.has_perm("catalog.view_syncrun"):
        raise PermissionDenied
    answer = TemplateResponse(request, "admin/catalog/_live.html", _context(request))
    answer["Cache-Control"] = "no-store"
    return answer


def _context(request: HttpRequest) -> dict[str, Any]:
    may = request.user.has_perm(PERMISSION)
    return {**admin.site.each_context(request), "s": status(), "may": may}


def act(request: HttpRequest, name: str, run_id: int = 0) -> HttpResponse:
    """GET: says what it will do. POST: does it."""
    if name not in ACTIONS:
        raise Http404
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    action = ACTIONS[name]
    if request.method == "POST":
        return action.act(request, run_id)
    run = SyncRun.objects.filter(pk=run_id).first()
    missing = (
        run.changes.filter(outcome=removed.MISSING).select_related("product") if run and name in OF_MISSING else ()
    )
    extra = {"title": action.label, "action": action, "run": run, "missing": missing, "other": _other(name, run_id)}
    return TemplateResponse(request, "admin/catalog/confirm.html", admin.site.each_context(request) | extra)


PERMISSION = "catalog.change_syncrun"

Text = str | Promise


@dataclass(frozen=True)
class Action:
    """`act` gets the request and the run that the page was about; its answer is where to go."""

    label: Text
    tells: Text
    act: Callable[[HttpRequest, int], HttpResponse]


def log(request: HttpRequest, run: SyncRun | None, words: str) -> None:
    """Who did what, in the admin's own log. Without a run it is filed under the runs in general."""
    LogEntry.objects.create(
        user_id=request.user.pk or 0,
        content_type=ContentType.objects.get_for_model(SyncRun),
        object_id=str(run.pk) if run else "",
        object_repr=str(run) if run else "catalogue",
        action_flag=CHANGE,
        change_message=words,
    )


def ask(request: HttpRequest, words: str, asking_for: Callable[[], tuple[SyncRun, bool]]) -> HttpResponse:
    """Ask for a run and go to its page; tell honestly whether it is the one that was meant."""
    try:
        run, mine = asking_for()
    except runs.Unheard:
        messages.error(request, _("Nothing was queued: the broker cannot be reached."))
        return redirect("admin:catalog_panel")
    if mine:
        log(request, run, words)
        messages.success(request, _("Asked for. This page follows the run."))
    else:
        messages.info(request, _("Another run is under way: you see that one. Nothing more was started."))
    return redirect("admin:catalog_syncrun_change", run.pk)


def _sync(request: HttpRequest, _run: int) -> HttpResponse:
    return ask(request, "Sync all", lambda: runs.ask(request.user))


def _dry(request: HttpRequest, _run: int) -> HttpResponse:
    return ask(request, "Dry run", lambda: runs.ask(request.user, dry_run=True))


def _apply(request: HttpRequest, run_id: int) -> HttpResponse:
    """What a dry run has shown, for good; of the same products."""
    run = get_object_or_404(SyncRun, pk=run_id)
    return ask(request, f"Apply dry run {run.pk}", lambda: runs.ask(request.user, only=run.only))


def _retry(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(SyncRun, pk=run_id)
    if not runs.failed(run):
        messages.info(request, _("Nothing failed in that run."))
        return redirect("admin:catalog_syncrun_change", run.pk)
    return ask(request, f"Retry failed of run {run.pk}", lambda: runs.retry(run, request.user))


def _pause(request: HttpRequest, _run: int) -> HttpResponse:
    return _done(request, runs.pause(request.user), "Pause", _("Paused."), _("It was paused already."))


def _resume(request: HttpRequest, _run: int) -> HttpResponse:
    return _done(request, runs.resume(), "Resume", _("The timetable reads again."), _("It was not paused."))


def _cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    late = _("That run has ended already.")
    return _done(request, runs.cancel(run_id), f"Cancel run {run_id}", _("Cancelled before its next step."), late)


def _confirm_missing(request: HttpRequest, run_id: int) -> HttpResponse:
    hidden = removed.confirm(get_object_or_404(SyncRun, pk=run_id))
    message = ngettext("%(count)s product hidden.", "%(count)s products hidden.", hidden) % {"count": hidden}
    return _done(
        request, bool(hidden), f"Confirm missing of run {run_id}", message, _("None of them is missing any more.")
    )


def _leave_missing(request: HttpRequest, run_id: int) -> HttpResponse:
    left = removed.decline(get_object_or_404(SyncRun, pk=run_id))
    message = ngettext(
        "%(count)s product stays. It is not asked about again.",
        "%(count)s products stay. The same ones are not asked about again.",
        left,
    ) % {"count": left}
    return _done(request, bool(left), f"Leave missing of run {run_id}", message, _("It was decided already."))


def _done(request: HttpRequest, done: bool, words: str, told: str, otherwise: str) -> HttpResponse:  # noqa: FBT001 (what happened, passed on)
    if done:
        log(request, None, words)
    messages.add_message(request, messages.SUCCESS if done else messages.INFO, told if done else otherwise)
    return redirect("admin:catalog_panel")


ACTIONS = {
    "sync": Action(
        gettext_lazy("Sync all"),
        gettext_lazy(
            "Reads every product from Printify and shows what changed, by your policies. Takes a few minutes."
        ),
        _sync,
    ),
    "dry": Action(
        gettext_lazy("Dry run"),
        gettext_lazy("Reads every product and tells what would change. Nothing in the shop changes."),
        _dry,
    ),
    "apply": Action(
        gettext_lazy("Apply this dry run"),
        gettext_lazy("Reads the same products again and takes over what your policies allow. What they ask for waits."),
        _apply,
    ),
    "retry": Action(
        gettext_lazy("Retry all failed"),
        gettext_lazy("Reads the products that failed in this run once more, one by one."),
        _retry,
    ),
    "pause": Action(
        gettext_lazy("Pause"),
        gettext_lazy(
            "The timetable stops reading the catalogue until you resume. Webhooks and checkout still read single "
            "products, and you can still sync by hand."
        ),
        _pause,
    ),
    "resume": Action(gettext_lazy("Resume"), gettext_lazy("The timetable reads the catalogue again."), _resume),
    "cancel": Action(
        gettext_lazy("Cancel the run"),
        gettext_lazy("Ends it before its next step. What it has written stays; nothing is hidden because of it."),
        _cancel,
    ),
    "missing": Action(
        gettext_lazy("Hide the missing products"),
        gettext_lazy(
            "These were not in Printify's list. Those still missing are hidden; each returns by itself when listed."
        ),
        _confirm_missing,
    ),
    "stay": Action(
        gettext_lazy("Keep the missing products"),
        gettext_lazy(
            "These were not in Printify's list, and the list was wrong: all stay in the shop. Runs that miss the same "
            "ones do not ask again. None can be ordered that Printify no longer makes: each is checked before payment."
        ),
        _leave_missing,
    ),
}
OF_MISSING = ("missing", "stay")


def _other(name: str, run_id: int) -> dict[str, Text] | None:
    """The opposite decision, offered beside this one."""
    if name not in OF_MISSING:
        return None
    opposite = next(each for each in OF_MISSING if each != name)
    return {"label": ACTIONS[opposite].label, "url": reverse("admin:catalog_act_on", args=[opposite, run_id])}


@require_POST
def set_limit(request: HttpRequest) -> HttpResponse:
    """How long the shop sells without Printify; an empty field is the environment's limit."""
    if not request.user.has_perm("catalog.change_stalelimit"):
        raise PermissionDenied
    hours = request.POST.get("hours", "").strip()
    if hours and not (hours.isascii() and hours.isdecimal() and int(hours[:9]) <= freshness.HOURS_MAX):
        messages.error(request, _("Whole hours, from 0 to %(most)s.") % {"most": freshness.HOURS_MAX})
    elif freshness.choose(int(hours) if hours else None, request.user):
        log(request, None, f"Sells without Printify: {hours or 'default'} h")
        messages.success(request, _("The limit has changed. It holds from now on."))
    else:
        messages.info(request, _("It was so already."))
    return redirect("admin:catalog_panel")


class SurchargeForm(forms.Form):
    """`fixed` as staff write it (1.50), per package."""

    is_on = forms.BooleanField(required=False)
    percent = forms.IntegerField(min_value=0, max_value=shipping_surcharge.PERCENT_MAX)
    fixed = forms.DecimalField(min_value=0, max_value=shipping_surcharge.FIXED_MAX, decimal_places=2)

    def clean_fixed(self) -> int:
        return minor(self.cleaned_data["fixed"], settings.SHOP_CURRENCY)


@require_POST
def set_surcharge(request: HttpRequest) -> HttpResponse:
    """What is added to shipping from the rate card, or that nothing is sold from it."""
    if not request.user.has_perm("catalog.change_shippingsurcharge"):
        raise PermissionDenied
    form = SurchargeForm(request.POST)
    if not form.is_valid():
        most = {"percent": shipping_surcharge.PERCENT_MAX, "fixed": shipping_surcharge.FIXED_MAX}
        messages.error(request, _("Enter a percentage from 0 to %(percent)s and an amount from 0 to %(fixed)s.") % most)
    elif shipping_surcharge.choose(**form.cleaned_data, by=request.user):
        log(request, None, f"Estimated shipping: {shipping_surcharge.current()}")
        messages.success(request, _("Surcharge saved. It applies to new quotes."))
    else:
        messages.info(request, _("No change."))
    return redirect("admin:catalog_panel")


@require_POST
def set_policies(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm("catalog.change_fieldpolicy"):
        raise PermissionDenied
    chosen = changes.policies()
    changed = [
        f"{field.name}: {policy}"
        for field in changes.HOLDABLE
        if (policy := request.POST.get(field.name, "")) in Policy.values
        and chosen[field.name] != policy
        and changes.choose(field.name, policy)
    ]
    for line in changed:
        log(request, None, f"Policy {line}")
        decisions.follow(line.partition(":")[0])
    messages.success(request, _("%(count)s policies changed.") % {"count": len(changed)})
    return redirect("admin:catalog_panel")


def urls(wrap: Callable[..., Any]) -> list[URLPattern]:
    """Under /admin/catalog/syncrun/; `wrap` is the admin site's guard."""
    return [
        path("panel/", wrap(panel), name="catalog_panel"),
        path("panel/live/", wrap(live), name="catalog_panel_live"),
        path("panel/limit/", wrap(set_limit), name="catalog_limit"),
        path("panel/surcharge/", wrap(set_surcharge), name="catalog_surcharge"),
        path("panel/policies/", wrap(set_policies), name="catalog_policies"),
        path("panel/<slug:name>/", wrap(act), name="catalog_act"),
        path("panel/<slug:name>/<int:run_id>/", wrap(act), name="catalog_act_on"),
    ]
