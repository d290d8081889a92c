"""Synchronisation runs, and what each found different."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from catalog.models.product import Product
from catalog.printify.errors import FailureCode


class SyncRun(models.Model):
    """One walk over the catalogue. Disappearance is judged only by a run that is complete."""

    STATES: ClassVar = [(name, name) for name in ("queued", "running", "success", "partial", "failed", "canceled")]

    trigger = models.CharField(max_length=20, default="schedule")
    dry_run = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=STATES, default="running")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    seen = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    calls = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True)
    current = models.CharField(max_length=200, blank=True, help_text="What is being read at this moment.")
    only = models.JSONField(default=list, blank=True, help_text="Printify ids; empty: the whole catalogue.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-started_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="queued"), name="sync_one_queued"),
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="running"), name="sync_one_running"),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%F %H:%M} {self.state}"

    @property
    def took(self) -> int:
        """Seconds, so far while it runs."""
        return max(int(((self.ended_at or timezone.now()) - self.started_at).total_seconds()), 0)


class SyncChange(models.Model):
    """What one run found different in one product: {"field": [before, after]}."""

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="changes")
    product = models.ForeignKey(Product, null=True, on_delete=models.SET_NULL, related_name="changes")
    printify_id = models.CharField(max_length=40)
    outcome = models.CharField(max_length=12)
    fields = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    error_code = models.CharField(max_length=20, choices=FailureCode.choices, blank=True)

    def __str__(self) -> str:
        return f"{self.printify_id}: {self.outcome}"
