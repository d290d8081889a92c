"""Orders, their lines and their history. Money is minor units of the row's `currency`.

An order is a snapshot: titles, prices, address and totals never change after checkout, whatever the catalogue does;
only its buyer may correct the address or swap a size, and only until printing begins.
"""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from catalog.models import Product, Variant
from ilytat.integrations.email import EmailColumn
from orders.models.cart import Cart, public_token
from orders.states import OrderState


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
    reprint_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reprints",
        help_text="Printed again for a claim: total 0, its cost is the shop's.",
    )
    email = EmailColumn()
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
    terms = models.CharField(max_length=40, blank=True, help_text="Which version of the terms was agreed to.")
    quote = models.JSONField(default=dict, blank=True, help_text="What delivery cost when it was agreed, by printer.")
    quote_expires_at = models.DateTimeField(null=True, blank=True)
    arrives_from = models.DateField(null=True, blank=True)
    arrives_until = models.DateField(null=True, blank=True)
    placed_at = models.DateTimeField(default=timezone.now, db_index=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The buyer's name and address are gone: it is never printed."
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-placed_at"]
        permissions = [  # of acts that can cost the shop money: see orders/permissions.py
            ("accept_payment", "Can accept a payment that differs from the order"),
            ("reprint_order", "Can print an order again at the shop's expense"),
            ("release_hold", "Can release a hold before production"),
        ]
        indexes = [
            models.Index(fields=["paid_at"], name="order_paid"),  # what sells best is counted from it
            models.Index(fields=["email"], name="order_email"),
        ]
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
    tax = models.PositiveIntegerField(default=0, help_text="Of the order's tax, what was charged for all of this line.")
    quantity = models.PositiveSmallIntegerField()
    upstream_status = models.CharField(max_length=60, blank=True, editable=False, help_text="Printify's word for it.")
    personalised = models.BooleanField(default=False, help_text="Made to the buyer's own words: no withdrawal by law.")
    repeats = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="repeated_by",
        help_text="Of a reprint: the line of the paid order that this one prints again, also after a swap.",
    )

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
    def is_canceled(self) -> bool:
        """Return whether Printify canceled this line alone: it is never sent."""
        return self.upstream_status == "canceled"

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
