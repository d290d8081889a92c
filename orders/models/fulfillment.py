"""The fulfillment of an order at Printify, and what holds it back."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from ilytat.integrations.jobs import Job
from orders.models.order import Order
from orders.states import BEFORE_PRODUCTION, STOPPABLE, FulfilmentState


class Fulfilment(Job):
    """The printing of one order. `request` is the body sent to Printify, frozen when the order was paid."""

    due_states: ClassVar[tuple[str, ...]] = (
        FulfilmentState.NEW,
        FulfilmentState.CREATED,
        FulfilmentState.IN_PRODUCTION,
        FulfilmentState.SHIPPED,
        FulfilmentState.CANCELING,
    )

    state = models.CharField(max_length=24, choices=FulfilmentState, default=FulfilmentState.NEW)
    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="fulfilment")
    external_id = models.CharField(max_length=40, unique=True, help_text="Our id at Printify: number and revision.")
    revision = models.PositiveSmallIntegerField(default=1)
    printify_order_id = models.CharField(max_length=40, null=True, blank=True, unique=True)
    request = models.JSONField()
    first_try = models.DateTimeField(null=True, blank=True)
    last_try = models.DateTimeField(null=True, blank=True)
    release_at = models.DateTimeField(help_text="Not sent to production before this.")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When production was asked for, or begun.")
    left_at = models.DateTimeField(null=True, blank=True, help_text="When Printify first said that all of it has left.")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the buyer was asked whether it has come.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it arrived, or was taken for arrived.")
    upstream_status = models.CharField(max_length=60, blank=True)
    upstream_cost = models.PositiveIntegerField(default=0, help_text="What Printify charges us, minor units.")
    upstream_shipping = models.PositiveIntegerField(
        null=True, blank=True, help_text="The part of it that is for shipping; empty until Printify has said."
    )
    parcel_count = models.PositiveSmallIntegerField(default=0, help_text="0 while more parcels may follow.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["state", "next_at"], name="fulfilment_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("new", "canceling", "canceled", "attention"))
                | Q(printify_order_id__isnull=False),
                name="fulfilment_has_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.state}"

    @classmethod
    def due(cls, now: datetime | None = None) -> "models.QuerySet[Self]":
        """A held row is not due while holding can still stop it: a claim must not see it."""
        held = Exists(Hold.objects.open().filter(fulfillment=OuterRef("pk")))
        return super().due(now).exclude(held, sent_at__isnull=True, state__in=BEFORE_PRODUCTION)

    @property
    def open_holds(self) -> "list[Hold]":
        """Return the holds that can still stop it, from the prefetched `holds` where there are."""
        return [hold for hold in self.holds.all() if hold.released_at is None] if self.state in STOPPABLE else []

    @property
    def held_because(self) -> str:
        return "; ".join(str(hold) for hold in self.open_holds)


class HoldReason(models.TextChoices):
    STAFF = "staff", "Held by staff"
    DISPUTE = "dispute", "Payment disputed"
    FRAUD_WARNING = "fraud_warning", "Fraud warning"
    REVIEW = "review", "Under review at Stripe"
    REFUND = "refund", "Refunded at Stripe"
    COST = "cost", "Costs more than was paid"


class HoldQuerySet(models.QuerySet["Hold"]):
    def open(self) -> Self:
        return self.filter(released_at__isnull=True)


class Hold(models.Model):
    """One reason not to print an order yet. Production needs every hold of it released (`orders.lifecycle`)."""

    fulfillment = models.ForeignKey(Fulfilment, on_delete=models.CASCADE, related_name="holds")
    reason = models.CharField(max_length=16, choices=HoldReason)
    reference = models.CharField(max_length=120, blank=True, help_text="The dispute or warning it is about.")
    detail = models.CharField(max_length=200, blank=True)
    cost = models.PositiveIntegerField(null=True, blank=True, help_text="Of a cost hold: what Printify asks.")
    since = models.DateTimeField(default=timezone.now)
    placed_by = models.CharField(max_length=120)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=120, blank=True)

    objects = HoldQuerySet.as_manager()

    class Meta:
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["fulfillment", "reason", "reference"],
                condition=Q(released_at__isnull=True),
                name="hold_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.detail}" if self.detail else self.get_reason_display()


class EarlierDraft(models.Model):
    """A draft that was, or may have been, made at Printify and is not wanted any more.

    Nothing newer is submitted, and no cancelation is complete, before it is seen canceled there (`gone_at`).
    """

    fulfilment = models.ForeignKey(Fulfilment, on_delete=models.CASCADE, related_name="earlier")
    external_id = models.CharField(max_length=40, unique=True)
    printify_order_id = models.CharField(max_length=40, null=True, blank=True, unique=True)
    last_try = models.DateTimeField(null=True, blank=True, help_text="When it may last have been submitted.")
    made_at = models.DateTimeField(default=timezone.now)
    gone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.external_id
