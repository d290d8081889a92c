"""Erasures for staff: which ones wait or failed, why, and a button that tries again."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from ilytat.accounts import privacy
from ilytat.accounts.models import Erasure
from ilytat.integrations import attention
from ilytat.integrations.attention import SHOWN, Action, Row, Source
from ilytat.integrations.jobs import ATTENTION
from ilytat.integrations.readonly import ReadOnlyAdmin

RETRY = "accounts.change_erasure"
QUEUED, UNCHANGED = "Retry queued.", "No change: it is done, or being worked on."


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin[Erasure]):
    """The email address stands here until the erasure is done: staff may have to write to the person."""

    list_display = ("asked_at", "state", "email", "reason", "attempts", "last_error")
    list_filter = ("state", "asked_at")
    date_hierarchy = "asked_at"
    fields = ("asked_at", "state", "email", "reason", ("attempts", "next_at"), "last_error")
    change_form_template = "admin/accounts/erasure/change_form.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.retry))
        return [path("<int:pk>/retry/", view, name="accounts_erasure_retry"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Erasure]:
        return super().get_queryset(request).order_by("-asked_at")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Beside Django's: `may_retry`."""
        erasure = self.get_object(request, object_id)
        may_retry = erasure is not None and erasure.state != "done" and request.user.has_perm(RETRY)
        context = {"may_retry": may_retry} | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    def retry(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(RETRY):
            raise PermissionDenied
        erasure = get_object_or_404(Erasure, pk=pk)
        done = privacy.retry(pk)
        if done:
            self.log_change(request, erasure, "Retry queued by hand")
        self.message_user(request, QUEUED if done else UNCHANGED, messages.SUCCESS if done else messages.WARNING)
        return redirect("admin:accounts_erasure_change", pk)


def _stuck() -> Iterator[Row]:
    for erasure in privacy.stuck()[:SHOWN]:
        failed = erasure.state == ATTENTION
        what = "A customer's data could not be deleted" if failed else "A deletion has waited for three weeks"
        why = erasure.last_error or erasure.reason
        url = reverse("admin:accounts_erasure_change", args=[erasure.pk])
        costs = "The law gives us one month from the request."
        yield Row(erasure.pk, what, why, erasure.asked_at, url, costs, ("again",))


def _again(pk: int, _who: str) -> str:
    return QUEUED if privacy.retry(pk) else UNCHANGED


attention.register(Source("erasures", "Erasures", RETRY, _stuck, {"again": Action("Try again", _again)}))
