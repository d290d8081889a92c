"""Discount codes and the orders that used them. Money is minor units of the order's currency."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from ilytat.integrations.email import EmailColumn
from orders.models import Order


class Coupon(models.Model):
    """A promotion code of ours. `used` is counted by a guarded UPDATE when an order is placed with it."""

    KINDS: ClassVar = [("percent", "percent"), ("amount", "amount")]

    code = models.CharField(max_length=40, unique=True, help_text="Typed by buyers; kept in capitals.")
    kind = models.CharField(max_length=8, choices=KINDS, default="percent")
    value = models.PositiveIntegerField(help_text="Percent off the goods, or an amount in minor units.")
    free_shipping = models.BooleanField(default=False)
    min_subtotal = models.PositiveIntegerField(default=0, help_text="Minor units of goods before the discount.")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True, blank=True)
    max_uses = models.PositiveIntegerField(null=True, blank=True)
    per_customer = models.PositiveSmallIntegerField(default=1, help_text="Orders by one e-mail address; 0: any number.")
    used = models.PositiveIntegerField(default=0, editable=False)
    active = models.BooleanField(default=True)
    may_lose_money = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Accept orders that earn less than MARGIN_FLOOR_PERCENT with this code, free orders included. "
        "Off: the code is refused for such an order at checkout.",
    )
    note = models.CharField(max_length=200, blank=True, help_text="For staff.")

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(condition=Q(kind="amount") | Q(value__lte=100), name="coupon_percent_sane"),
            models.CheckConstraint(
                condition=Q(max_uses__isnull=True) | Q(used__lte=F("max_uses")), name="coupon_within_uses"
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.code = self.code.strip().upper()
        super().save(*args, **kwargs)


class CouponUse(models.Model):
    """One order placed with the code. Released when the order is not paid, or changes to another code."""

    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="uses")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="coupon_uses")
    email = EmailColumn()
    customer_key = models.CharField(
        max_length=64, default="", db_default="", editable=False, help_text="For the limit per customer: a digest."
    )
    amount = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    released_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["coupon", "order"], name="coupon_once_an_order"),
            models.UniqueConstraint(fields=["order"], condition=Q(released_at__isnull=True), name="order_one_coupon"),
        ]
        indexes = [
            models.Index(fields=["coupon", "customer_key"], name="coupon_use_customer"),
            models.Index(fields=["email"], name="coupon_use_email"),
        ]

    def __str__(self) -> str:
        return f"{self.coupon} in {self.order}"
