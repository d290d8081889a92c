"""The staff's site: Django's admin under the shop's name, signed in to through allauth."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse


class ShopAdminSite(AdminSite):
    site_header = "ILYTAT Designs"
    site_title = "ILYTAT staff"
    index_title = "Control panel"

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Wrapped here and not on the class: the decorator expects the request first."""
        page: HttpResponse = secure_admin_login(super().login)(request, extra_context)
        return page
