"""A mail to everybody who wants news: written in the shop's languages, sent in batches."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from ilytat.integrations.jobs import Job


class Campaign(Job):
    """`cursor` is the last subscriber a mail was queued for, so that a batch begins where the one before ended."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENDING = "sending", "Being sent"
        PAUSED = "paused", "Paused"
        SENT = "sent", "Sent"
        STOPPED = "stopped", "Stopped"

    due_states: ClassVar[tuple[str, ...]] = ("sending",)

    state = models.CharField(max_length=24, choices=State, default=State.DRAFT)
    name = models.CharField(max_length=100, help_text="For staff only.")
    url = models.URLField(blank=True, help_text="Where the button leads.")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    cursor = models.BigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["-created_at"]
        permissions = [("send_campaign", "Can start, pause and stop campaigns")]

    def __str__(self) -> str:
        return self.name

    def text_for(self, language: str) -> "CampaignText | None":
        """The reader's language, else the shop's own, else whatever was written."""
        texts = {text.language: text for text in self.texts.all()}
        return texts.get(language) or texts.get(settings.LANGUAGE_CODE) or next(iter(texts.values()), None)


class CampaignText(models.Model):
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="texts")
    language = models.CharField(max_length=8, choices=settings.LANGUAGES, default="en")
    subject = models.CharField(max_length=150)
    preheader = models.CharField(max_length=150, blank=True, help_text="What mail programs show beside the subject.")
    heading = models.CharField(max_length=150)
    body = models.TextField(help_text="Plain text; an empty line begins a paragraph; addresses become links.")
    button = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["campaign", "language"], name="campaign_text_once")]

    def __str__(self) -> str:
        return f"{self.language}: {self.subject}"
