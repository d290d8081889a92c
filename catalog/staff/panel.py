"""The control panel: one page of the admin that says how the catalogue is, and the few things to do about it.

Each action is a page that says what it will do and a POST that does it once. Only the worker speaks to Printify.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog import categories, shipping_surcharge, stale_limit
from catalog.models import SyncRun
from catalog.models.curation import FieldChange, Policy
from catalog.staff import diffs, problems
from catalog.staff.panel_actions import ACTIONS, OF_MISSING, PERMISSION, Text, log
from catalog.staff.status import status
from catalog.sync import decisions, disappearance, policies
from ilytat.display.money import major, minor

RUNS_SHOWN, WAITING_SHOWN = 8, 6


def panel(request: HttpRequest) -> HttpResponse:
    """`s`: Status; `held`: in quarantine; `waiting`: Diffs; `runs`; `policies`; `unmapped`; `may`: whether to act."""
    if not request.user.has_perm("catalog.view_syncrun"):
        raise PermissionDenied
    waiting = FieldChange.objects.filter(state="waiting").select_related("product")
    chosen = policies.policies()
    surcharge = shipping_surcharge.current()
    extra = {
        "title": _("Catalogue"),
        "waiting": diffs.diffs(waiting[:WAITING_SHOWN]),
        "held": problems.held(),
        "failing_pictures": problems.failing_pictures(),
        "runs": SyncRun.objects.select_related("asked_by")[:RUNS_SHOWN],
        "policies": [(field, chosen[field.name]) for field in policies.HOLDABLE],
        "choices": Policy.choices,
        "unmapped": categories.unmapped().count(),
        "may_set": request.user.has_perm("catalog.change_fieldpolicy"),
        "may_limit": request.user.has_perm("catalog.change_stalelimit"),
        "hours_max": stale_limit.HOURS_MAX,
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
        run.changes.filter(outcome=disappearance.MISSING).select_related("product")
        if run and name in OF_MISSING
        else ()
    )
    extra = {"title": action.label, "action": action, "run": run, "missing": missing, "other": _other(name, run_id)}
    return TemplateResponse(request, "admin/catalog/confirm.html", admin.site.each_context(request) | extra)


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
    if hours and not (hours.isascii() and hours.isdecimal() and int(hours[:9]) <= stale_limit.HOURS_MAX):
        messages.error(request, _("Whole hours, from 0 to %(most)s.") % {"most": stale_limit.HOURS_MAX})
    elif stale_limit.choose(int(hours) if hours else None, request.user):
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
    chosen = policies.policies()
    changed = [
        f"{field.name}: {policy}"
        for field in policies.HOLDABLE
        if (policy := request.POST.get(field.name, "")) in Policy.values
        and chosen[field.name] != policy
        and policies.choose(field.name, policy)
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
