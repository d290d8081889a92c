"""Admin pages for records of what happened: to be read, not edited."""

from typing import TypeVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

Row = TypeVar("Row", bound=Model)
Parent = TypeVar("Parent", bound=Model)


class ReadOnlyAdmin(admin.ModelAdmin[Row]):
    """Nobody adds, changes or deletes here; subclasses may still offer actions."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 (Django's signature)
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:  # noqa: ARG002 (as above)
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:  # noqa: ARG002 (as above)
        return False


class ReadOnlyInline(admin.TabularInline[Row, Parent]):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Parent | None = None) -> bool:  # noqa: ARG002 (as above)
        return False

    def has_change_permission(self, request: HttpRequest, obj: Parent | None = None) -> bool:  # noqa: ARG002 (as above)
        return False
