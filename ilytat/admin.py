"""The staff's site: Django's admin under the shop's name, signed in to through allauth."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.account.decorators import secure_admin_login
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path

from ilytat import admin_sections, attention_page, setup_page

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
ROW_ID = re.compile(r"[0-9]{1,18}")  # of every table with a list in the admin


class ShopAdminSite(AdminSite):
    site_header = "ILYTAT Designs"
    site_title = "ILYTAT staff"
    index_title = "Control panel"

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not self._lacks_second_factor(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What waits comes first, then Django's list of tables."""
        return super().index(request, attention_page.context(request) | (extra_context or {}))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Sorted into rooms, but for the page of one app."""
        apps = super().get_app_list(request, app_label)
        return apps if app_label else admin_sections.by_section(apps)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        where = request.resolver_match.url_name if request.resolver_match else ""
        return super().each_context(request) | {"hint": admin_sections.hint(where or "")}

    def get_urls(self) -> list[Any]:
        act = self.admin_view(attention_page.act)
        return [
            path("attention/<slug:source>/<int:pk>/<slug:action>/", act, name="attention_act"),
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
