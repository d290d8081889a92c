"""What every integration shares: verified webhooks, a log, counters, leases, health and alerts."""

from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.formats import date_format

from ilytat.integrations.errors import Outcome
from ilytat.integrations.event_references import REFERENCE_MAX, subject_of
from ilytat.integrations.jobs import Job


class InboundEvent(Job):
    """A webhook whose signature was verified, kept as it came. `new → done`, or `ignored`, or `attention`.

    `outcome` is empty until the event was worked on.
    """

    source = models.CharField(max_length=16)
    event_id = models.CharField(max_length=255)
    type = models.CharField(max_length=100, db_index=True)
    payload = models.JSONField()
    reference = models.CharField(
        max_length=REFERENCE_MAX,
        blank=True,
        default="",
        db_default="",
        help_text="Of which order, payment or mail it speaks.",
    )
    received_at = models.DateTimeField(default=timezone.now, db_index=True)
    handled_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    detail = models.CharField(max_length=200, blank=True, help_text="The outcome in words. No code reads it.")

    class Meta:
        ordering = ["-received_at"]
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="inbound_event_once")]
        indexes = [
            models.Index(fields=["state", "next_at"], name="inbound_event_due"),
            models.Index(fields=["reference"], name="inbound_event_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.type} {self.event_id}"

    @property
    def subject(self) -> dict[str, Any]:
        """The object the event is about, as Stripe and Printify nest it; {} when the shape is another."""
        return subject_of(self.source, self.payload)


class SyncLog(models.Model):
    """One line for each thing an integration did that staff may ask about. Added, never edited; kept 90 days."""

    integration = models.CharField(max_length=16)
    action = models.CharField(max_length=60)
    reference = models.CharField(max_length=120, blank=True, db_index=True)
    outcome = models.CharField(max_length=12)
    detail = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.integration} {self.action} {self.reference}: {self.outcome}"


class ApiUsage(models.Model):
    """Calls made to a provider in one hour, and how many of them were answered with an error."""

    integration = models.CharField(max_length=16)
    hour = models.DateTimeField()
    calls = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "hour"], name="api_usage_hour")]

    def __str__(self) -> str:
        return f"{self.integration} {self.hour:%F %H}h: {self.calls}"


class HealthResult(models.Model):
    """The last word of one health check, so that pages read it instead of asking a provider."""

    STATES: ClassVar = [("ok", "ok"), ("warn", "warn"), ("down", "down")]

    name = models.CharField(max_length=60, unique=True)
    state = models.CharField(max_length=8, choices=STATES)
    detail = models.CharField(max_length=300, blank=True)
    checked_at = models.DateTimeField(default=timezone.now)
    ok_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True, help_text="Of a warning that says the same since.")
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Something is to be done: it failed, or nobody has acknowledged its warning."""
        return self.state == "down" or (self.state == "warn" and self.acknowledged_at is None)

    @property
    def acknowledgment(self) -> str:
        """Say when and by whom the warning was acknowledged, or ""."""
        if self.acknowledged_at is None:
            return ""
        who = self.acknowledged_by.email if self.acknowledged_by else "a former member of staff"
        return f"Acknowledged on {date_format(timezone.localtime(self.acknowledged_at))} by {who}"


class Lease(models.Model):
    """A singleton's turn, for jobs that must not run twice at a time; `beat_at` tells that a long one still lives."""

    name = models.CharField(max_length=60, unique=True)
    token = models.CharField(max_length=32, blank=True)
    until = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Heartbeat(models.Model):
    """The last sign of life of a worker (by its Celery node name) or of beat, written by that process's own timer.

    `queues` are the Celery queues the worker consumes, [] for beat. `started_at` is the end of the last silence that
    was longer than allowed. Both times are the database's: the clocks of machines differ.
    """

    name = models.CharField(max_length=150, unique=True)
    queues = models.JSONField(default=list, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    beat_at = models.DateTimeField(default=timezone.now)
    now: datetime  # the database's, when `heartbeats.processes` read the row

    def __str__(self) -> str:
        return self.name


class TaskHeartbeat(models.Model):
    """When a periodic task last finished and last failed; `known_since` counts for one that has not finished yet."""

    name = models.CharField(max_length=150, unique=True)
    known_since = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return self.name


class RateBucket(models.Model):
    """Calls that may still be made to a provider, shared by all processes; see `ilytat.integrations.limits`."""

    name = models.CharField(max_length=40, unique=True)
    tokens = models.FloatField()
    filled_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveBigIntegerField(default=0)
    paused_until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One incident, open until it is over. `key` is unique while open; a repeat counts instead of adding."""

    key = models.CharField(max_length=120)
    message = models.CharField(max_length=300)
    next_step = models.CharField(max_length=300, blank=True)
    credentials_digest = models.CharField(max_length=16, blank=True, default="", db_default="", editable=False)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=models.Q(closed_at__isnull=True), name="alert_open_once")
        ]
        indexes = [models.Index(fields=["key"], name="alert_key")]

    def __str__(self) -> str:
        return self.message
