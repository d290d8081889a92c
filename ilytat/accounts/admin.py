"""Users for staff: the e-mail is the login, so Django's own forms and columns are ours to name."""

from typing import Any

from allauth.account.admin import EmailAddressAdmin
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.admin import UserSessionAdmin
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

from ilytat.accounts import privacy, second_factor
from ilytat.accounts.attention import QUEUED, RETRY, UNCHANGED
from ilytat.accounts.models import Erasure, User
from ilytat.accounts.roles import is_owner
from ilytat.integrations.admin import ReadOnlyAdmin
from ilytat.integrations.email import EmailFormField

# allauth's page shows the secret from which every code of a phone can be made: nobody needs to read that.
admin.site.unregister(Authenticator)
# As allauth ships it, whoever may look at addresses may call one confirmed, and with it the orders made under it.
EmailAddressAdmin.make_verified.allowed_permissions = ("change",)


class EmailAddressForm(forms.ModelForm[EmailAddress]):
    email = EmailFormField()


EmailAddressAdmin.form = EmailAddressForm
# As allauth ships it, the search names a column that our users lack: each search would be a 500.
UserSessionAdmin.search_fields = ["user__email", "ip"]


def _name(row: EmailAddress) -> str:
    return f"email address {row.pk}"


EmailAddress.add_to_class("__str__", _name)  # as allauth ships it, the admin's log keeps the address


class CreationForm(AdminUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("email",)
        field_classes = {"email": EmailFormField}


class ChangeForm(UserChangeForm[User]):
    class Meta:
        model = User
        fields = "__all__"
        field_classes = {"email": EmailFormField}


@admin.register(User)
class ShopUserAdmin(UserAdmin[User]):
    form = ChangeForm
    add_form = CreationForm
    ordering = ("-date_joined",)
    actions = ("reset_second_factor",)
    list_display = ("email", "name", "order_count", "is_staff", "is_active", "date_joined", "last_login")
    list_filter = ("is_staff", "is_superuser", "is_active", "groups", "date_joined")
    search_fields = ("email", "first_name", "last_name")
    date_hierarchy = "date_joined"
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "language")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only owners give groups, and only a superuser rights beyond them."""
        fixed = super().get_readonly_fields(request, obj)
        if request.user.is_superuser:
            return fixed
        beyond = (*fixed, "is_superuser", "user_permissions")
        return beyond if is_owner(request.user) else (*beyond, "groups")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A superuser's account is changed by superusers only, an owner's by owners. Its password page asks too."""
        return self._within_reach(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return self._within_reach(request, obj) and super().has_delete_permission(request, obj)

    def _within_reach(self, request: HttpRequest, obj: User | None) -> bool:
        if obj is None or request.user.is_superuser:
            return True
        return not obj.is_superuser and (not is_owner(obj) or is_owner(request.user))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).annotate(orders_made=Count("orders"))

    @admin.display(description="name")
    def name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description="orders", ordering="orders_made")
    def order_count(self, user: Any) -> int:
        """Annotated above: one query for the whole list."""
        count: int = user.orders_made
        return count

    def has_reset_second_factor_permission(self, request: HttpRequest) -> bool:
        """Only owners and superusers: it takes away half of the protection of an account."""
        return is_owner(request.user) and self.has_change_permission(request)

    @admin.action(description="Turn off two-step sign-in (lost phone)", permissions=["reset_second_factor"])
    def reset_second_factor(self, request: HttpRequest, users: QuerySet[User]) -> HttpResponse | None:
        """Somebody who lost phone and recovery codes cannot do it alone. Asks for confirmation first.

        Nobody does it for themselves: a stolen session must not be enough. The account page asks for the password.
        """
        if request.user in users or not all(self.has_change_permission(request, user) for user in users):
            message = "Nothing was changed. Your own two-step sign-in is on your account page; a superuser's can only "
            self.message_user(request, f"{message}be turned off by another superuser.", messages.ERROR)
            return None
        if "confirmed" not in request.POST:
            context = {"title": "Turn off two-step sign-in?", "hint": "", "users": users}
            context = self.admin_site.each_context(request) | context
            return TemplateResponse(request, "admin/accounts/user/reset_second_factor.html", context)
        changed = [user for user in users if second_factor.reset(user)]
        for user in changed:
            self.log_change(request, user, "Turned off two-step sign-in")
        skipped = f" Already off: {len(users) - len(changed)}." if len(users) > len(changed) else ""
        self.message_user(request, f"Two-step sign-in turned off: {len(changed)}.{skipped}")
        return None


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
