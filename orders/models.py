"""Carts, orders and their fulfilment. Money is minor units of the row's `currency`.

An order is a snapshot: titles, prices, address and totals never change after checkout, whatever the catalogue does.
"""

import secrets
import uuid
from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product, Variant
from ilytat.integrations.jobs import Job
from orders.states import BEFORE_PRODUCTION, FulfilmentState, OrderState


def public_token() -> str:
    """192 bits in a URL: what a guest needs to see an order."""
    return secrets.token_urlsafe(24)


class Cart(models.Model):
    """Server-side, found by a token in the session; created by the first line, never by a page view."""

    token = models.CharField(max_length=40, unique=True, default=public_token)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    country = models.CharField(max_length=2, blank=True)
    checkout_key = models.UUIDField(
        default=uuid.uuid4, help_text="One checkout a cart state: a double click finds the order."
    )
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"cart {self.pk}"


class CartLine(models.Model):
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, on_delete=models.CASCADE)
    quantity = models.PositiveSmallIntegerField(default=1)
    seen_price = models.PositiveIntegerField(help_text="What the buyer last saw; a change is said before paying.")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "variant"], name="cart_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1, quantity__lte=20), name="cart_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"


class OrderQuerySet(models.QuerySet["Order"]):
    def paid(self) -> Self:
        return self.filter(state=OrderState.PAID)

    def waiting(self) -> Self:
        return self.filter(state=OrderState.AWAITING_PAYMENT)


class Order(models.Model):
    number = models.CharField(max_length=20, unique=True)
    token = models.CharField(max_length=40, unique=True, default=public_token)
    checkout_key = models.UUIDField(unique=True)
    state = models.CharField(max_length=20, choices=OrderState, default=OrderState.AWAITING_PAYMENT)
    live = models.BooleanField(default=False, help_text="The payment mode, for life: a test payment never prints.")
    cart = models.ForeignKey(Cart, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="orders"
    )
    email = models.EmailField()
    language = models.CharField(max_length=8, default="en")
    name = models.CharField(max_length=120)
    address1 = models.CharField(max_length=120)
    address2 = models.CharField(max_length=120, blank=True)
    city = models.CharField(max_length=80)
    region = models.CharField(max_length=40, blank=True)
    zip = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=30, blank=True)
    currency = models.CharField(max_length=3)
    subtotal = models.PositiveIntegerField()
    discount = models.PositiveIntegerField(default=0)
    shipping = models.PositiveIntegerField()
    tax = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField()
    shipping_method = models.CharField(max_length=20, default="standard")
    arrives_from = models.DateField(null=True, blank=True)
    arrives_until = models.DateField(null=True, blank=True)
    placed_at = models.DateTimeField(default=timezone.now, db_index=True)
    paid_at = models.DateTimeField(null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(total=F("subtotal") - F("discount") + F("shipping") + F("tax")),
                name="order_total_adds_up",
            )
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("order", args=[self.token])


class OrderLine(models.Model):
    """What was bought, frozen. `product` and `variant` only lead back to the shop while they exist."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.SET_NULL)
    variant = models.ForeignKey(Variant, null=True, blank=True, on_delete=models.SET_NULL)
    printify_product_id = models.CharField(max_length=40)
    printify_variant_id = models.PositiveBigIntegerField()
    title = models.CharField(max_length=200)
    label = models.CharField(max_length=200)
    sku = models.CharField(max_length=80, blank=True)
    image = models.CharField(max_length=200, blank=True, help_text="Storage name of the mockup in the chosen colour.")
    unit_price = models.PositiveIntegerField()
    unit_cost = models.PositiveIntegerField(default=0)
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "printify_product_id", "printify_variant_id"], name="order_line_once"
            ),
            models.CheckConstraint(condition=Q(quantity__gte=1, quantity__lte=20), name="order_line_quantity"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title} ({self.label})"

    @property
    def amount(self) -> int:
        return self.unit_price * self.quantity


class OrderEvent(models.Model):
    """The order's history: who, from what to what, why. Added, never edited."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    who = models.CharField(max_length=120)
    what = models.CharField(max_length=60)
    old = models.CharField(max_length=24, blank=True)
    new = models.CharField(max_length=24, blank=True)
    why = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.what} {self.old} → {self.new}" if self.new else self.what


class Fulfilment(Job):
    """The printing of one order. `request` is the body sent to Printify, frozen when the order was paid."""

    due_states: ClassVar[tuple[str, ...]] = (
        FulfilmentState.NEW,
        FulfilmentState.CREATED,
        FulfilmentState.IN_PRODUCTION,
        FulfilmentState.SHIPPED,
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
    sent_at = models.DateTimeField(null=True, blank=True, help_text="When we asked for production.")
    upstream_status = models.CharField(max_length=60, blank=True)
    upstream_cost = models.PositiveIntegerField(default=0, help_text="What Printify charges us, minor units.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["state", "next_at"], name="fulfilment_due")]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=("new", "canceled", "attention")) | Q(printify_order_id__isnull=False),
                name="fulfilment_has_order",
            )
        ]

    def __str__(self) -> str:
        return f"{self.external_id}: {self.state}"

    @classmethod
    def due(cls, now: datetime | None = None) -> "models.QuerySet[Self]":
        """A held row is not due while holding can still stop it: a claim must not see it."""
        return super().due(now).exclude(hold=True, state__in=BEFORE_PRODUCTION)


class Shipment(models.Model):
    """One parcel."""

    fulfilment = models.ForeignKey(Fulfilment, on_delete=models.CASCADE, related_name="shipments")
    carrier = models.CharField(max_length=60)
    number = models.CharField(max_length=120)
    url = models.URLField(max_length=600, blank=True)
    shipped_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["shipped_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["fulfilment", "carrier", "number"], name="shipment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.carrier} {self.number}"
