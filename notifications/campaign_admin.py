"""Marketing for staff: campaigns written, previewed, started, paused and counted; who reads, and the proof of it."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ilytat.integrations.readonly import ReadOnlyAdmin, ReadOnlyInline
from notifications import campaigns, previews
from notifications.models import Campaign, CampaignText, Consent, Subscriber

COUNT = "<div><dt>{}</dt><dd>{}</dd></div>"
COUNTED = ("queued", "waiting", "sent", "delivered", "bounced", "complained", "left", "skipped", "failed")


class Texts(admin.StackedInline[CampaignText, Campaign]):
    """One a language; who reads another gets the English one."""

    model = CampaignText
    extra = 1
    max_num = len(settings.LANGUAGES)

    def has_change_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        """What has been sent is not written anew."""
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_add_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return super().has_add_permission(request, obj) and _is_draft(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_draft(obj)


def _is_draft(campaign: Campaign | None) -> bool:
    return campaign is None or campaign.state == Campaign.State.DRAFT


@admin.register(Campaign)
class CampaignAdmin(admin.ModelAdmin[Campaign]):
    list_display = ("name", "state", "progress", "delivered", "left", "created_at")
    list_filter = ("state",)
    fields = ("name", "url", "preview", "state", "progress", "numbers", "last_error", ("started_at", "finished_at"))
    inlines = (Texts,)
    actions = ("start", "pause", "stop")
    change_form_template = "admin/notifications/campaign/change_form.html"

    def get_readonly_fields(self, _request: HttpRequest, obj: Campaign | None = None) -> tuple[str, ...]:
        fixed = ("preview", "state", "progress", "numbers", "last_error", "started_at", "finished_at")
        return fixed if _is_draft(obj) else ("name", "url", *fixed)

    @admin.display(description="progress")
    def progress(self, campaign: Campaign) -> str:
        counts = campaigns.counts(campaign)
        readers = counts["queued"] + counts["to_come"]
        return f"{readers} readers" if _is_draft(campaign) else f"{counts['queued'] - counts['waiting']} of {readers}"

    @admin.display(description="what became of it")
    def numbers(self, campaign: Campaign) -> SafeString:
        counts = campaigns.counts(campaign)
        rows = ((name, counts[name]) for name in COUNTED)
        return format_html('<dl class="mail-counts">{}</dl>', format_html_join("", COUNT, rows))

    @admin.display
    def delivered(self, campaign: Campaign) -> int:
        return campaigns.counts(campaign)["delivered"]

    @admin.display
    def left(self, campaign: Campaign) -> int:
        return campaigns.counts(campaign)["left"]

    @admin.display(description="as the reader sees it (save first)")
    def preview(self, campaign: Campaign) -> SafeString:
        texts = campaign.texts.all() if campaign.pk else ()
        links = ((reverse("admin:campaign_preview", args=[campaign.pk, text.language]), text) for text in texts)
        return format_html_join(" · ", '<a href="{}" target="_blank" rel="noopener">{}</a>', links)

    @admin.action(description="Send, or go on sending", permissions=["send"])
    def start(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, campaigns.start, "is being sent")

    @admin.action(description="Pause", permissions=["send"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, campaigns.pause, "is paused")

    @admin.action(description="Stop for good", permissions=["send"])
    def stop(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, campaigns.stop, "is stopped")

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Campaign], act: Callable[[Campaign], None], done: str
    ) -> None:
        for campaign in chosen:
            try:
                act(campaign)
            except campaigns.NotReady as reason:
                self.message_user(request, f"{campaign}: {reason}", messages.WARNING)
            else:
                self.log_change(request, campaign, f"{done[0].upper()}{done[1:]}")
                self.message_user(request, f"{campaign} {done}.", messages.SUCCESS)

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("notifications.send_campaign")

    def has_delete_permission(self, request: HttpRequest, obj: Campaign | None = None) -> bool:
        return super().has_delete_permission(request, obj) and obj is not None and _is_draft(obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.preview_page)
        return [path("<int:pk>/preview/<str:language>", view, name="campaign_preview"), *super().get_urls()]

    def preview_page(self, request: HttpRequest, pk: int, language: str) -> HttpResponse:
        campaign = get_object_or_404(Campaign, pk=pk)
        if not self.has_view_permission(request, campaign):
            raise PermissionDenied
        text = campaign.text_for(language)
        if text is None:
            raise Http404
        return previews.of_context("campaign", text.language, dict(campaigns.context(campaign, text)))


class Consents(ReadOnlyInline[Consent, Subscriber]):
    model = Consent
    fields = ("at", "act", "topics", "where", "wording")


@admin.register(Subscriber)
class SubscriberAdmin(ReadOnlyAdmin[Subscriber]):
    """Readers are added by readers only: staff cannot agree for anybody."""

    list_display = ("email", "language", "news", "carts", "stock", "confirmed_at", "left_at")
    list_filter = ("news", "carts", "stock", "language", "confirmed_at")
    search_fields = ("email",)
    inlines = (Consents,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscriber]:
        found: QuerySet[Any] = super().get_queryset(request)
        return found.order_by("-pk")
