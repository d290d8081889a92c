"""What staff can do about the catalogue from its control panel. Only the worker speaks to Printify.

Each action is told on a page of its own (`panel.act`), done once by a POST, and logged in the admin's own log.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog.models import SyncRun
from catalog.sync import disappearance, run_requests

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
    except run_requests.Unheard:
        messages.error(request, _("Nothing was queued: the broker cannot be reached."))
        return redirect("admin:catalog_panel")
    if mine:
        log(request, run, words)
        messages.success(request, _("Asked for. This page follows the run."))
    else:
        messages.info(request, _("Another run is under way: you see that one. Nothing more was started."))
    return redirect("admin:catalog_syncrun_change", run.pk)


def _sync(request: HttpRequest, _run: int) -> HttpResponse:
    return ask(request, "Sync all", lambda: run_requests.ask(request.user))


def _dry(request: HttpRequest, _run: int) -> HttpResponse:
    return ask(request, "Dry run", lambda: run_requests.ask(request.user, dry_run=True))


def _apply(request: HttpRequest, run_id: int) -> HttpResponse:
    """What a dry run has shown, for good; of the same products."""
    run = get_object_or_404(SyncRun, pk=run_id)
    return ask(request, f"Apply dry run {run.pk}", lambda: run_requests.ask(request.user, only=run.only))


def _retry(request: HttpRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(SyncRun, pk=run_id)
    if not run_requests.failed(run):
        messages.info(request, _("Nothing failed in that run."))
        return redirect("admin:catalog_syncrun_change", run.pk)
    return ask(request, f"Retry failed of run {run.pk}", lambda: run_requests.retry(run, request.user))


def _pause(request: HttpRequest, _run: int) -> HttpResponse:
    return _done(request, run_requests.pause(request.user), "Pause", _("Paused."), _("It was paused already."))


def _resume(request: HttpRequest, _run: int) -> HttpResponse:
    return _done(request, run_requests.resume(), "Resume", _("The timetable reads again."), _("It was not paused."))


def _cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    late = _("That run has ended already.")
    return _done(
        request, run_requests.cancel(run_id), f"Cancel run {run_id}", _("Cancelled before its next step."), late
    )


def _confirm_missing(request: HttpRequest, run_id: int) -> HttpResponse:
    hidden = disappearance.confirm(get_object_or_404(SyncRun, pk=run_id))
    message = ngettext("%(count)s product hidden.", "%(count)s products hidden.", hidden) % {"count": hidden}
    return _done(
        request, bool(hidden), f"Confirm missing of run {run_id}", message, _("None of them is missing any more.")
    )


def _leave_missing(request: HttpRequest, run_id: int) -> HttpResponse:
    left = disappearance.decline(get_object_or_404(SyncRun, pk=run_id))
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
