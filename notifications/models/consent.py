"""Who agreed to marketing mail, and the proof of it."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from ilytat.integrations.email import EmailColumn


class SubscriberQuerySet(models.QuerySet["Subscriber"]):
    def agreeing(self, topic: str) -> "SubscriberQuerySet":
        """Those who may be written to about it today."""
        return self.filter(**{topic: True}, confirmed_at__isnull=False, left_at__isnull=True)


class Subscriber(models.Model):
    """An address and what it wants to hear about. `confirmed_at` is the double opt-in: nothing is sent before it."""

    email = EmailColumn(unique=True)
    language = models.CharField(max_length=8, default="en")
    news = models.BooleanField(default=False, help_text="Campaigns.")
    carts = models.BooleanField(default=False, help_text="One reminder of a cart left behind.")
    stock = models.BooleanField(default=False, help_text="Word when what they asked for is back in stock.")
    asked_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)

    objects = SubscriberQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="reader_of_news", condition=Q(news=True, left_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"subscriber {self.pk}"  # no address: the admin's log keeps it


class Consent(models.Model):
    """One line for each thing a reader said: added, never edited. After erasure only the address's hash remains."""

    class Act(models.TextChoices):
        ASKED = "asked", "Asked for it"
        CONFIRMED = "confirmed", "Confirmed"
        CHOSE = "chose", "Changed the choice"
        LEFT = "left", "Left"

    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.SET_NULL, null=True, blank=True, related_name="consents"
    )
    address_hash = models.CharField(max_length=64, db_index=True)
    act = models.CharField(max_length=10, choices=Act)
    topics = models.CharField(max_length=40, blank=True)
    where = models.CharField(max_length=60)
    wording = models.TextField(blank=True, help_text="The words that were agreed to.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_act_display()}, {self.at:%F}"
