"""What Stripe did for an order. Ledger rows are added, never edited; money is minor units of the row's currency."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from ilytat.integrations.jobs import Job
from orders.models import Order


class CheckoutSession(models.Model):
    """One attempt at paying. At most one is open for an order."""

    STATES: ClassVar = [(name, name) for name in ("creating", "open", "complete", "expired")]

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="sessions")
    attempt = models.PositiveSmallIntegerField(default=1)
    idempotency_key = models.CharField(max_length=120, unique=True)
    stripe_session_id = models.CharField(max_length=120, null=True, blank=True, unique=True)
    url = models.URLField(max_length=1000, blank=True)
    state = models.CharField(max_length=10, choices=STATES, default="creating")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-attempt"]
        constraints = [
            models.UniqueConstraint(fields=["order", "attempt"], name="session_attempt_once"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=("creating", "open")), name="session_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} attempt {self.attempt}: {self.state}"


class Payment(models.Model):
    """Money captured. `applied` is the one that pays for the order; any other is surplus and goes back."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments")
    payment_intent_id = models.CharField(max_length=120, unique=True)
    captured = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    applied = models.BooleanField(default=True)
    live = models.BooleanField(default=False)
    refund_reserved = models.PositiveIntegerField(default=0)
    fee = models.PositiveIntegerField(null=True, blank=True, help_text="What Stripe kept, when known.")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order"], condition=Q(applied=True), name="payment_one_applied"),
            models.CheckConstraint(condition=Q(refund_reserved__lte=F("captured")), name="payment_refund_within"),
        ]

    def __str__(self) -> str:
        return f"{self.payment_intent_id}: {self.captured} {self.currency}"


class Refund(Job):
    """One wish to give money back. `new → sent → succeeded`, or `failed`, or `attention`."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    amount = models.PositiveIntegerField()
    reason = models.CharField(max_length=30, default="requested_by_customer")
    note = models.TextField(blank=True)
    asked_by = models.CharField(max_length=120)
    idempotency_key = models.CharField(max_length=120, unique=True)
    stripe_refund_id = models.CharField(max_length=120, null=True, blank=True, unique=True)
    first_try = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="refund_positive")]
        indexes = [models.Index(fields=["state", "next_at"], name="refund_due")]

    def __str__(self) -> str:
        return f"refund {self.amount} of {self.payment_id}: {self.state}"


class Dispute(models.Model):
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="disputes")
    stripe_dispute_id = models.CharField(max_length=120, unique=True)
    status = models.CharField(max_length=40)
    reason = models.CharField(max_length=60, blank=True)
    amount = models.PositiveIntegerField()
    due_by = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.stripe_dispute_id}: {self.status}"
