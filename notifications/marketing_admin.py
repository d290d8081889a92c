"""Marketing for staff: campaigns, and who subscribed to them and how."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from ilytat.integrations.admin import ReadOnlyAdmin, ReadOnlyInline
from notifications import campaigns, samples
from notifications.admin_pages import OwnPageAdmin
from notifications.models import Campaign, CampaignText, Consent, Subscriber

COUNTED = {
    "queued": "written",
    "waiting": "waiting to leave",
    "sent": "sent",
    "delivered": "delivered",
    "bounced": "came back",
    "complained": "marked as spam",
    "left": "unsubscribed",
    "skipped": "no longer wanted",
    "failed": "could not be sent",
}


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
class CampaignAdmin(OwnPageAdmin[Campaign]):
    list_display = ("name", "state", "progress", "delivered", "created_at")
    list_filter = ("state",)
    fields = ("name", "url", "preview", ("started_at", "finished_at"))
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    inlines = (Texts,)
    actions = ("start", "pause", "stop", "send_test")
    change_form_template = "admin/notifications/campaign/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        found: QuerySet[Campaign] = super().get_queryset(request).annotate(**campaigns.tally("mails__"))
        return found

    def get_readonly_fields(self, _request: HttpRequest, obj: Campaign | None = None) -> tuple[str, ...]:
        fixed = ("preview", "started_at", "finished_at")
        return fixed if _is_draft(obj) else ("name", "url", *fixed)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """`done` of `readers` have been dealt with; `told` (words and numbers); `audience` (who would get it)."""
        campaign = self.get_object(request, object_id)
        return super().change_view(request, object_id, form_url, _standing(campaign) | (extra_context or {}))

    @admin.display(description="progress")
    def progress(self, campaign: Campaign) -> str:
        # What `get_queryset` counted is on the row, beside its columns.
        done, readers = _progress(campaign, vars(campaign))
        return f"{readers} readers" if _is_draft(campaign) else f"{done} of {readers}"

    @admin.display(ordering="delivered")
    def delivered(self, campaign: Campaign) -> int:
        return int(vars(campaign)["delivered"])

    @admin.display(description="as the reader sees it (save first)")
    def preview(self, campaign: Campaign) -> SafeString:
        texts = campaign.texts.all() if campaign.pk else ()
        links = ((reverse("admin:campaign_preview", args=[campaign.pk, text.language]), text) for text in texts)
        return format_html_join(" · ", '<a href="{}" target="_blank" rel="noopener">{}</a>', links)

    @admin.action(description="Send, or go on sending", permissions=["send"])
    def start(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> HttpResponse | None:
        drafts = [one for one in chosen if _is_draft(one) and one.text_for("")]
        if drafts and "sure" not in request.POST:
            return self._ask(request, drafts)
        self._each(request, chosen, campaigns.start, "is being sent")
        return None

    def _ask(self, request: HttpRequest, drafts: Sequence[Campaign]) -> HttpResponse:
        """A mail cannot be called back: who gets what is shown before anything leaves."""
        context = {
            **self.admin_site.each_context(request),
            "title": "Send it to everybody who agreed?",
            "drafts": [{"campaign": one, "audience": campaigns.audience(one)} for one in drafts],
            "page": request.POST.get("page", ""),
        }
        return TemplateResponse(request, "admin/notifications/campaign/sure.html", context)

    @admin.action(description="Pause", permissions=["send"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, campaigns.pause, "is paused")

    @admin.action(description="Stop for good", permissions=["send"])
    def stop(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        self._each(request, chosen, campaigns.stop, "is stopped")

    @admin.action(description="Send a test to myself", permissions=["send"])
    def send_test(self, request: HttpRequest, chosen: QuerySet[Campaign]) -> None:
        to = _confirmed_address(request)
        if not to:
            self.message_user(request, "Confirm your own e-mail address first, under Account.", messages.WARNING)
            return
        act = partial(campaigns.send_test, to=to, asked_by=str(request.user.pk))
        self._each(request, chosen, act, f"is on its way to {to}, as a test")

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
        return samples.of_context("campaign", text.language, dict(campaigns.context(campaign, text)))


def _standing(campaign: Campaign | None) -> dict[str, Any]:
    if campaign is None:
        return {}
    counts = campaigns.counts(campaign)
    done, readers = _progress(campaign, counts)
    lines = [(words, counts[name]) for name, words in COUNTED.items()]
    return {"done": done, "readers": readers, "told": lines, "audience": campaigns.audience(campaign)}


def _progress(campaign: Campaign, counts: Mapping[str, int]) -> tuple[int, int]:
    """How many readers are dealt with, and how many there are."""
    return counts["queued"] - counts["waiting"], counts["queued"] + campaigns.to_come(campaign).count()


def _confirmed_address(request: HttpRequest) -> str:
    """That of the staff member who asks, or "": nobody's else can be named."""
    own = EmailAddress.objects.filter(user_id=request.user.pk, verified=True)
    return own.filter(email=request.user.get_username()).values_list("email", flat=True).first() or ""


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
