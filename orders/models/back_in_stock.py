"""Who waits for what is sold out."""

from django.db import models
from django.utils import timezone

from catalog.models import Variant
from ilytat.integrations.email import EmailColumn


class WatchState(models.TextChoices):
    ASKED = "asked", "Not confirmed yet"
    WAITING = "waiting", "Waits for it"
    TOLD = "told", "Was told"


class StockWatch(models.Model):
    """One address waiting for one variant. Nothing is written about it before the address itself has said yes."""

    variant = models.ForeignKey(Variant, on_delete=models.CASCADE, related_name="watches")
    email = EmailColumn()
    language = models.CharField(max_length=8, default="en")
    state = models.CharField(max_length=8, choices=WatchState, default=WatchState.ASKED)
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["variant", "email"], name="stock_watch_once")]
        indexes = [
            models.Index(fields=["state", "variant"], name="stock_watch_waiting"),
            models.Index(fields=["email"], name="stock_watch_email"),
        ]

    def __str__(self) -> str:
        return f"stock watch {self.pk} for {self.variant}"
