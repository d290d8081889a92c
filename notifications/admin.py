"""Staff's view of the mail: what left, what waits, what failed and why; the brand; who is not written to."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from ilytat.integrations.admin import listed
from ilytat.integrations.jobs import ATTENTION
from notifications import marketing_admin, outbox, samples  # noqa: F401 (registers marketing's pages)
from notifications.admin_pages import OwnPageAdmin
from notifications.email_types import KINDS
from notifications.models import Brand, OutgoingEmail, Suppression
from notifications.models.email_colors import NAMES

COLORS_HELP = "Each text needs a contrast of 4.5:1 to what it stands on. Preview an email below before you save."


class OfKind(admin.SimpleListFilter):
    """By the name that staff know, and only of mails there are."""

    title = "mail"
    parameter_name = "kind"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, str]]:
        there = set(OutgoingEmail.objects.order_by().values_list("kind", flat=True).distinct())
        return [(kind.name, kind.what) for kind in KINDS.values() if kind.name in there]

    def queryset(self, _request: HttpRequest, mails: QuerySet[OutgoingEmail]) -> QuerySet[OutgoingEmail]:
        return mails.filter(kind=self.value()) if self.value() else mails


@admin.register(OutgoingEmail)
class OutgoingEmailAdmin(OwnPageAdmin[OutgoingEmail]):
    """History: nothing is edited or deleted here. The two actions call what the queue itself calls."""

    list_display = ("created_at", "what", "to", "reference", "status", "error")
    list_display_links = ("created_at", "what")
    list_filter = ("state", "fate", OfKind, "stream", "created_at")
    search_fields = ("to", "reference", "subject", "kind", "dedupe_key")
    search_help_text = "Order number, address, or words of the subject."
    date_hierarchy = "created_at"
    actions = ("try_now", "send_again")
    change_form_template = "admin/notifications/outgoingemail/change_form.html"
    fields = (
        ("what", "reference"),
        ("to", "language"),
        "subject",
        "preview",
        ("state", "attempts", "next_at"),
        "last_error",
        ("created_at", "sent_at"),
        ("fate", "fate_at", "fate_reason"),
        ("dedupe_key", "provider_id"),
    )
    readonly_fields = ("what", "preview")

    @admin.display(description="mail", ordering="kind")
    def what(self, mail: OutgoingEmail) -> str:
        return mail.what

    @admin.display(description="state", ordering="state")
    def status(self, mail: OutgoingEmail) -> str:
        """What the shop did with it, then what became of it at the reader's."""
        return f"{mail.state}, {mail.get_fate_display().lower()}" if mail.fate else mail.state

    @admin.display(description="last error", ordering="last_error")
    def error(self, mail: OutgoingEmail) -> str:
        return listed(mail.last_error)

    @admin.display(description="as the reader sees it")
    def preview(self, mail: OutgoingEmail) -> SafeString:
        shapes = (
            ("HTML", reverse("admin:mail_preview", args=[mail.pk, "html"])),
            ("Plain text", reverse("admin:mail_preview", args=[mail.pk, "text"])),
        )
        links = ((url, name) for name, url in shapes)
        return format_html_join(" · ", '<a href="{}" target="_blank" rel="noopener">{}</a>', links)

    @admin.action(description="Try now (waiting or needing attention)", permissions=["change"])
    def try_now(self, request: HttpRequest, mails: QuerySet[OutgoingEmail]) -> None:
        """Only what is not in a worker's hands: the lease refuses a rival anyway."""
        waiting = mails.filter(state__in=("new", ATTENTION))
        for mail in waiting:
            self.log_change(request, mail, "Put back into the queue by hand")
        count = OutgoingEmail.requeue(waiting)
        for stream in ("shop", "marketing"):
            outbox.ring(stream)
        self._report(request, count, mails.count() - count, "Put back into the queue")

    @admin.action(description="Send again as a new mail", permissions=["change"])
    def send_again(self, request: HttpRequest, mails: QuerySet[OutgoingEmail]) -> None:
        count = 0
        for mail in mails:
            try:
                copy = outbox.resend(mail)
            except outbox.CannotResend as error:
                self.message_user(request, f"{mail}: {error}", messages.WARNING)
                continue
            self.log_change(request, copy, f"Sent again by hand, after mail {mail.pk}")
            count += 1
        self._report(request, count, 0, "Queued once more")

    def _report(self, request: HttpRequest, done: int, skipped: int, what: str) -> None:
        level = messages.SUCCESS if done else messages.WARNING
        tail = f" Skipped (already sent, suppressed or being worked on): {skipped}." if skipped else ""
        self.message_user(request, f"{what}: {done}.{tail}", level)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_page)
        return [
            path("<int:pk>/preview/<str:shape>", view, name="mail_preview"),
            *super().get_urls(),
        ]

    def preview_page(self, request: HttpRequest, pk: int, shape: str) -> HttpResponse:
        mail = get_object_or_404(OutgoingEmail, pk=pk)
        if not self.has_view_permission(request, mail):
            raise PermissionDenied
        return samples.of_mail(mail, shape)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: OutgoingEmail | None = None) -> bool:
        """The actions need it; a single row is never edited."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, _request: HttpRequest, _obj: OutgoingEmail | None = None) -> bool:
        return False


@admin.register(Suppression)
class SuppressionAdmin(admin.ModelAdmin[Suppression]):
    """Deleting a row lets mail out again; the provider's own list may still hold the address."""

    list_display = ("email", "reason", "at")
    list_filter = ("reason",)
    search_fields = ("email",)
    date_hierarchy = "at"


COLOR_FIELDS = (*NAMES, *(f"dark_{name}" for name in NAMES))
EMPTY = 2  # rows to fill in, after those there are


class LinkRows(forms.Widget):
    """A row whose fields are both emptied is taken away."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:  # noqa: ARG002 (Django's signature)
        rows = [*(value or ()), *({"name": "", "url": ""} for _ in range(EMPTY))]
        return render_to_string("admin/notifications/link_rows.html", {"field": name, "rows": rows})

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, str]]:  # noqa: ARG002 (Django's signature)
        names, urls = (data.getlist(f"{name}_{part}") for part in ("name", "url"))
        rows = ({"name": one.strip(), "url": url.strip()} for one, url in zip(names, urls, strict=False))
        return [row for row in rows if row["name"] or row["url"]]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:  # noqa: ARG002 (Django's signature)
        return f"{name}_name" not in data


class BrandForm(forms.ModelForm[Brand]):
    social = forms.Field(
        label="Links",
        required=False,
        widget=LinkRows,
        help_text="At the foot of every page and mail, in this order. Empty a row to take its link away.",
    )

    TEXT_FIELDS = (
        "name", "legal_name", "tagline", "support_email", "phone", "address", "hours", "legal_lines", "announcement",
    )  # fmt: skip

    class Meta:
        model = Brand
        widgets: ClassVar = dict.fromkeys(COLOR_FIELDS, forms.TextInput(attrs={"type": "color"}))
        fields = "__all__"  # noqa: DJ007 (one row of settings: staff who may change it may change all of it)


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin[Brand]):
    """One row, opened at once; beside it every mail as the brand dresses it."""

    form = BrandForm
    fieldsets = (
        (None, {"fields": (*BrandForm.TEXT_FIELDS, "logo", "social", "mails")}),
        ("Email colors", {"fields": NAMES, "description": COLORS_HELP}),
        ("Email colors in dark mode", {"fields": tuple(f"dark_{name}" for name in NAMES)}),
    )
    change_form_template = "admin/notifications/brand.html"
    readonly_fields = ("mails",)

    @admin.display(description="Mails with this brand (save first)")
    def mails(self, _brand: Brand) -> SafeString:
        page = reverse("admin:brand_mails")
        link = '<a href="{}" target="_blank" rel="noopener">See every mail, in each language, also of a real order</a>'
        return format_html(link, page)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # noqa: ARG002 (Django's signature)
        brand = Brand.objects.order_by("pk").first() or Brand.objects.create()
        return HttpResponseRedirect(reverse("admin:notifications_brand_change", args=[brand.pk]))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_page)
        mails = self.admin_site.admin_view(self.mails_page)
        return [
            path("mails/", mails, name="brand_mails"),
            path("preview/<str:kind>", view, name="brand_preview"),
            *super().get_urls(),
        ]

    def mails_page(self, request: HttpRequest) -> HttpResponse:
        """Every kind, in a language, of the sample or of a real order."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        chosen = {"language": request.GET.get("language", "en"), "order": request.GET.get("order", "").strip()}
        known = not chosen["order"] or OutgoingEmail.objects.filter(reference=chosen["order"]).exists()
        context = {
            **self.admin_site.each_context(request),
            "title": "Every mail with this brand",
            "kinds": KINDS.values(),
            "languages": settings.LANGUAGES,
            "query": urlencode(chosen),
            "known": known,
            **chosen,
        }
        return TemplateResponse(request, "admin/notifications/mails.html", context)

    def preview_page(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The saved brand; by POST the one in the form of the brand's page, of which nothing is saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        brand = None
        if request.method == "POST":
            form = BrandForm(request.POST, instance=Brand.objects.order_by("pk").first())
            if not form.is_valid():
                return samples.of_errors(form.errors)
            brand = form.instance
        return samples.of_kind(kind, request.GET.get("language", "en"), request.GET.get("order", ""), brand=brand)

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Brand | None = None) -> bool:
        return False
