"""The printing of an order at Printify, and its parcels."""

from datetime import datetime
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from ilytat.integrations.jobs import Job
from orders.models.order import Order, OrderLine
from orders.states import BEFORE_PRODUCTION, FulfilmentState


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
    hold = models.BooleanField(default=False)
    hold_reason = models.CharField(max_length=200, blank=True)
    first_try = models.DateTimeField(null=True, blank=True)
    last_try = models.DateTimeField(null=True, blank=True)
    release_at = models.DateTimeField(help_text="Not sent to production before this.")
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When production was asked for, or begun.")
    left_at = models.DateTimeField(null=True, blank=True, help_text="When Printify first said that all of it has left.")
    asked_at = models.DateTimeField(null=True, blank=True, help_text="When the buyer was asked whether it has come.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it arrived, or was taken for arrived.")
    upstream_status = models.CharField(max_length=60, blank=True)
    upstream_cost = models.PositiveIntegerField(default=0, help_text="What Printify charges us, minor units.")
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
        return super().due(now).exclude(hold=True, sent_at__isnull=True, state__in=BEFORE_PRODUCTION)


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


class Shipment(models.Model):
    """One parcel. It has no `lines` as long as Printify does not say what is in it."""

    fulfilment = models.ForeignKey(Fulfilment, on_delete=models.CASCADE, related_name="shipments")
    carrier = models.CharField(max_length=60)
    number = models.CharField(max_length=120)
    url = models.URLField(max_length=600, blank=True)
    provider_id = models.PositiveIntegerField(null=True, blank=True, help_text="The printer that sent it.")
    shipped_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["shipped_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["fulfilment", "carrier", "number"], name="shipment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.carrier} {self.number}"


class ShipmentLine(models.Model):
    """How many of an order line are in a shipment."""

    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipment_lines")
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "line"], name="shipment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="shipment_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.line.title} ({self.line.label})"
