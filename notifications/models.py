"""Mail: the outbox, the brand that dresses it, and who may (not) be written to."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from ilytat.integrations.jobs import Job


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

    kind = models.CharField(max_length=40, db_index=True)
    dedupe_key = models.CharField(max_length=120, unique=True)
    to = models.EmailField()
    language = models.CharField(max_length=8, default="en")
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
        indexes = [models.Index(fields=["state", "next_at"], name="email_due")]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}: {self.state}"


class Suppression(models.Model):
    """An address that bounced or complained: nothing is written to it again until staff say so."""

    email = models.EmailField(unique=True)
    reason = models.CharField(max_length=40)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.email}: {self.reason}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()  # as `outbox.suppressed` looks for it
        super().save(*args, **kwargs)


class Subscriber(models.Model):
    """Consent to marketing mail: when, where and to what words. `confirmed_at` is the double opt-in."""

    email = models.EmailField(unique=True)
    language = models.CharField(max_length=8, default="en")
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=60, blank=True)
    wording = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.email


class Campaign(models.Model):
    subject = models.CharField(max_length=150)
    body = models.TextField()
    state = models.CharField(max_length=10, default="draft")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.subject


class Brand(models.Model):
    """One row: what pages and mails say of the shop. Edited in the admin; the defaults are the owner's facts."""

    name = models.CharField(max_length=60, default="ILYTAT Designs")
    legal_name = models.CharField(max_length=80, default="ILYTAT LLC")
    tagline = models.CharField(max_length=120, default="Unique. Creative. Yours.")
    support_email = models.EmailField(default="support@ilytat.com")
    phone = models.CharField(max_length=30, default="(708) 627-1854")
    address = models.CharField(max_length=200, default="2045 W Grand Ave STE B, PMB 820188, Chicago, IL 60612, USA")
    hours = models.CharField(max_length=120, default="Monday to Friday, 9 to 17 Central Time")
    announcement = models.CharField(max_length=160, blank=True)
    logo = models.ImageField(upload_to="brand/", blank=True)
    social = models.JSONField(default=list, blank=True, help_text='[{"name": "TikTok", "url": "https://…"}]')

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Social links go into pages and mails as they are: names and https addresses only."""
        good = isinstance(self.social, list) and all(_is_link(one) for one in self.social)
        if not good:
            raise ValidationError({"social": 'A list of {"name": "…", "url": "https://…"}, please.'})


def _is_link(one: object) -> bool:
    if not isinstance(one, dict) or set(one) != {"name", "url"}:
        return False
    return isinstance(one["name"], str) and str(one["url"]).startswith("https://")
