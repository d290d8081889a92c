"""Pages in the admin: a new version at a time, begun from what readers see today."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Max
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ilytat.pages import texts
from ilytat.pages.markup import prose
from ilytat.pages.models import PageText


@admin.register(PageText)
class PageTextAdmin(admin.ModelAdmin[PageText]):
    list_display = ("slug", "language", "version", "title", "what_changed", "published_at", "published_by")
    list_filter = ("slug", "language")
    fields = ("slug", "language", "title", "body", "what_changed")

    def has_change_permission(self, request: HttpRequest, obj: PageText | None = None) -> bool:  # noqa: ARG002 (Django's signature)
        """A version that orders were placed under stays as it was: write the next one."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PageText | None = None) -> bool:  # noqa: ARG002 (as above)
        return False

    def get_fields(self, request: HttpRequest, obj: PageText | None = None) -> Any:
        return (*super().get_fields(request, obj), *(("shown",) if obj else ()))

    @admin.display(description="as readers see it")
    def shown(self, text: PageText) -> SafeString:
        return prose(text.body)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """`?slug=terms&language=en` begins with the text in force."""
        slug, language = request.GET.get("slug", ""), request.GET.get("language", "en")
        if slug not in texts.WRITABLE:
            return {}
        title, body = texts.starting_point(slug, language, request)
        return {"slug": slug, "language": language, "title": title, "body": body}

    def save_model(self, request: HttpRequest, obj: PageText, form: ModelForm[PageText], change: bool) -> None:  # noqa: FBT001 (Django's signature)
        obj.published_by = request.user.get_username()
        with transaction.atomic():
            same = PageText.objects.filter(slug=obj.slug, language=obj.language)
            obj.version = (same.aggregate(last=Max("version"))["last"] or 0) + 1
            super().save_model(request, obj, form, change)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        add = reverse("admin:pages_pagetext_add")
        link = '<a href="{}?slug={}&language=en">{}</a>'
        begin = [format_html(link, add, slug, name) for slug, name in PageText.SLUGS]
        drafts = [f"{slug} ({language})" for slug, language in texts.drafts()]
        context = {"begin_with": begin, "drafts": drafts, **(extra_context or {})}
        return super().changelist_view(request, context)
