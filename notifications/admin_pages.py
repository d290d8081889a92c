"""Admin pages whose buttons act on the row that is shown."""

from typing import Any, TypeVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect

Row = TypeVar("Row", bound=Model)


class OwnPageAdmin(admin.ModelAdmin[Row]):
    """Its `change_form_template` extends admin/notifications/own_page.html."""

    def response_action(self, request: HttpRequest, queryset: QuerySet[Row], *more: Any) -> HttpResponse | None:
        answer = super().response_action(request, queryset, *more)
        row = self.get_object(request, request.POST.get("page", ""))
        if row is None or not isinstance(answer, HttpResponseRedirect):
            return answer
        return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", row.pk)
