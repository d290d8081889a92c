"""Mail: the outbox, and the addresses that are not written to."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.utils import timezone

from ilytat.integrations.email import EmailColumn
from ilytat.integrations.jobs import Job
from notifications.email_types import KINDS


class OutgoingEmail(Job):
    """One mail to one address. `dedupe_key` says what it is about, so that no mail is queued twice."""

    class Fate(models.TextChoices):
        """What the provider said afterwards; its events may come late, or never."""

        DELIVERED = "delivered", "Delivered"
        BLOCKED = "blocked", "Refused for now"
        BOUNCED = "bounced", "Bounced"
        DROPPED = "dropped", "Dropped"
        COMPLAINED = "complained", "Marked as spam"

    max_attempts: ClassVar[int] = 12
    works_on: ClassVar[str] = "shop"

    kind = models.CharField(max_length=40, db_index=True)
    dedupe_key = models.CharField(max_length=120, unique=True)
    to = EmailColumn()
    language = models.CharField(max_length=8, default="en")
    stream = models.CharField(max_length=10, default="shop", help_text="Marketing waits in a queue of its own.")
    campaign = models.ForeignKey(
        "notifications.Campaign", on_delete=models.PROTECT, null=True, blank=True, related_name="mails"
    )
    reference = models.CharField(
        max_length=40, blank=True, db_index=True, help_text="An order's number, for searching."
    )
    context = models.JSONField(default=dict, help_text="All that the templates need, frozen when it was queued.")
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    provider_id = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    fate = models.CharField(max_length=12, choices=Fate, blank=True)
    fate_reason = models.CharField(max_length=300, blank=True)
    fate_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name = "mail"
        indexes = [
            models.Index(fields=["stream", "state", "next_at"], name="email_due_by_stream"),
            models.Index(fields=["to"], name="email_to"),
        ]

    def __str__(self) -> str:
        return f"mail {self.pk} ({self.what}): {self.state}"  # no address: the admin's log keeps it

    @property
    def what(self) -> str:
        """The kind as staff call it."""
        return KINDS[self.kind].what if self.kind in KINDS else self.kind

    @classmethod
    def rows(cls) -> "models.QuerySet[Self]":
        """Those of this queue: order mail and marketing never stand in one line."""
        return super().rows().filter(stream=cls.works_on)


class BulkEmail(OutgoingEmail):
    """The same rows as a second queue, so that no order's mail waits behind a campaign."""

    works_on: ClassVar[str] = "marketing"

    class Meta:
        proxy = True

    @classmethod
    def due(cls, now: datetime | None = None) -> "models.QuerySet[Self]":
        """Not what belongs to a campaign that staff paused or stopped; a mail in a worker's hands is finished."""
        return super().due(now).exclude(campaign__state__in=("paused", "stopped"))


class Suppression(models.Model):
    """An address that bounced or complained: nothing is written to it again until staff say so."""

    email = EmailColumn(unique=True)
    reason = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"suppression {self.pk}: {self.reason}"  # no address: the admin's log keeps it
